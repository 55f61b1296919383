import { attributionRows, eventPosition, formatMoney } from '@tillstream/core';
import type { AttributedPurchase, AttributedView, AttributionDefinition, RowPosition } from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import type { JsonMembers } from '../bytes/json-members';
import { parseInteger } from '../headers';
import type { NewRecord } from '../record';
import { isoInstant } from '../results/instant';

/** A view and a purchase it led to, or a direct purchase, as its record tells it. */
export interface ToldAttribution {
  /** Of the declaration it was told under: `attribution@` and 8 hex digits. */
  readonly identity: string;
  readonly partition: number;
  readonly purchase: RowPosition;
  readonly user: string;
  /** Of the purchase. */
  readonly timeMs: number;
  /** Values of the fields of `on`, by name. */
  readonly on: Readonly<Record<string, string>>;
  readonly category: string | null;
  readonly device: string | null;
  /** Of the whole purchase, in minor units; NaN is null. */
  readonly revenue: number;
  /** Null: a direct purchase. */
  readonly view: AttributedView | null;
  /** From the newest view on: 1, 2, … */
  readonly touch: number;
  /** How many views are told of the purchase. */
  readonly views: number;
  /** There are more. */
  readonly truncated: boolean;
  readonly decidedBy: number;
}

/**
 * The records of a purchase in the attributions topic: one for each view that led to it, newest first, or one that says that it was
 * direct. Keys:
 *
 *   partition|view offset|view index|purchase offset|purchase index
 *   partition|direct|purchase offset|purchase index
 *
 * A pair is one however often it is written, and whoever writes it writes the same bytes. The value is JSON: instants and amounts
 * as text, null for what is not known.
 */
export function encodeAttributions(
  purchase: AttributedPurchase,
  { identity, on }: Pick<AttributionDefinition, 'identity' | 'on'>,
  partition: number,
  moneyExponent: number,
): NewRecord[] {
  const amount = (minor: number) => (Number.isNaN(minor) ? null : formatMoney(minor, moneyExponent));
  const { user, category, device, revenue, timeMs, views, truncated, decidedBy, offset, index } = purchase;
  const definition = identity.slice(identity.lastIndexOf('@') + 1);
  const values = Object.fromEntries(on.map((name, i) => [name, purchase.on[i]]));
  return attributionRows(purchase, partition).map(({ view, touch }) => {
    const about = {
      user,
      on: values,
      category,
      device,
      direct: view === null,
      purchase_id: eventPosition(partition, purchase),
      purchased: isoInstant(timeMs),
      revenue: amount(revenue),
    };
    const ofView = view && {
      view_id: eventPosition(partition, view),
      viewed: isoInstant(view.timeMs),
      time_to_purchase_ms: timeMs - view.timeMs,
      touch,
      last_touch: touch === 1,
      share: view.share,
      assisted_revenue: amount(view.revenue),
    };
    const json = JSON.stringify({
      ...about,
      ...ofView,
      views: views.length,
      truncated,
      definition,
      decided_by: decidedBy,
    });
    const from = view === null ? 'direct' : `${view.offset}|${view.index}`;
    return { key: Buffer.from(`${partition}|${from}|${offset}|${index}`, 'latin1'), value: Buffer.from(json, 'utf8') };
  });
}

/** Reads a record of an attributions topic; null for tombstones and what is not understood. */
export function decodeAttribution({ value }: Pick<NewRecord, 'value'>, moneyExponent: number): ToldAttribution | null {
  return readJsonValue(value, moneyExponent, (json) => {
    const [partition, purchase] = positionFrom(json.text('purchase_id'));
    return {
      identity: `attribution@${json.text('definition')}`,
      partition,
      purchase,
      user: json.text('user'),
      timeMs: json.instant('purchased'),
      on: json.textsByName('on'),
      category: json.textOrNull('category'),
      device: json.textOrNull('device'),
      revenue: json.moneyOrNull('revenue') ?? NaN,
      view: json.flag('direct') ? null : viewFrom(json),
      touch: json.flag('direct') ? 1 : json.count('touch'),
      views: json.count('views'),
      truncated: json.flag('truncated'),
      decidedBy: json.count('decided_by'),
    };
  });
}

function viewFrom(json: JsonMembers): AttributedView {
  return {
    ...positionFrom(json.text('view_id'))[1],
    timeMs: json.instant('viewed'),
    share: json.number('share'),
    revenue: json.moneyOrNull('assisted_revenue') ?? NaN,
  };
}

/** What `eventPosition` has made. @throws RangeError for anything else */
function positionFrom(text: string): readonly [partition: number, position: RowPosition] {
  const [partition, offset, index, ...more] = text.split('|').map(parseInteger);
  if (partition == null || offset == null || index == null || more.length > 0) throw new RangeError('no position');
  return [partition, { offset, index }];
}
