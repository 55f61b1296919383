import { eventPosition } from '@tillstream/core';
import { decodeAttribution } from '../attributions/attribution-records';
import type { ToldAttribution } from '../attributions/attribution-records';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { FeedValue } from './feed';
import type { FeedDecoder } from './feed-decoder';
import { feedValue } from './field-values';

/** Pairs of a view and the purchase it led to, and direct purchases. */
export function attributionDecoder({ schema: { money } }: StreamDefinition): FeedDecoder {
  return (record, partition) => {
    const told = decodeAttribution(record, money.exponent);
    if (told === null) return [];
    return [
      {
        table: 'attributions',
        id: idOf(told),
        version: told.decidedBy,
        timeMs: told.timeMs,
        ...{ partition, offset: record.offset, index: 0 },
        record: record.value,
        values: valuesOf(told, money.exponent),
      },
    ];
  };
}

/** The key of its record. */
function idOf({ partition, purchase, view }: ToldAttribution): string {
  const from = view === null ? 'direct' : `${view.offset}|${view.index}`;
  return `${partition}|${from}|${purchase.offset}|${purchase.index}`;
}

/** What the fields of metrics over attributions say, and what is known beside that. */
function valuesOf(told: ToldAttribution, moneyExponent: number): Readonly<Record<string, FeedValue>> {
  const { partition, purchase, view, touch, timeMs } = told;
  return {
    ...told.on,
    purchase_id: eventPosition(partition, purchase),
    view_id: view === null ? null : eventPosition(partition, view),
    user: told.user,
    category: told.category,
    device: told.device,
    purchased: timeMs,
    viewed: view === null ? null : view.timeMs,
    time_to_purchase_ms: view === null ? null : timeMs - view.timeMs,
    revenue: feedValue(told.revenue, 'money', moneyExponent),
    assisted_revenue: feedValue(view?.revenue, 'money', moneyExponent),
    share: view === null ? null : view.share,
    touch: view === null ? null : touch,
    last_touch: view !== null && touch === 1,
    direct: view === null,
    first_of_purchase: touch === 1,
    views: told.views,
    truncated: told.truncated,
    definition: told.identity.slice(told.identity.lastIndexOf('@') + 1),
    decided_by: told.decidedBy,
  };
}
