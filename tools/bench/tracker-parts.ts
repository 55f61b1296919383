import { encodeAbandonedCarts, encodePurchases, encodeSessions } from '@tillstream/contracts';
import type { EventBatch, StreamSchema } from '@tillstream/core';
import { VisitTracker, emptyPosition, encodeEventBatch, isAbandoned } from '@tillstream/core';
import { table } from '../rig/table';
import { SHOP_ATTRIBUTION } from './attribution-parts';
import { BATCH_ROWS, columnBatches, inRecords } from './column-batches';
import { best, cpuPerMillion } from './measure';
import { SHOP_SESSIONS, ShopVisits, clientSessionOf } from './shop-visits';

const ROUNDS = 3;
const MOST_VISITORS = 7_500;
const VISITORS_PER_EVENT = 0.075;
/** Events in a raw record: of a gateway's bodies, and of a foreign producer. */
const ROWS_PER_RECORD = [256, 1];

type Kind = 'found' | 'written' | 'saved';

/** What an event costs of which both sessions and the join are asked, up to the records that are sent and the state that is saved. */
export function measureTracker(schema: StreamSchema, events: number, say: (text: string) => void): string[] {
  say('measuring sessions and attribution together');
  const visits = new ShopVisits(Math.min(MOST_VISITORS, Math.ceil(events * VISITORS_PER_EVENT)));
  const { eventsPerSecond, steadyFrom } = visits;
  const userOf = (event: number): number => visits.userOf(event);
  const shape = { schema, eventsPerSecond, userOf, sessionOf: (event: number) => clientSessionOf(userOf(event)) };
  const whole = [...columnBatches(shape, steadyFrom + ROUNDS * events)];
  const costs = ROWS_PER_RECORD.map((rows) => {
    const batches = whole.map((batch) => inRecords(schema, batch, rows));
    return (['found', 'written', 'saved'] as const).map((kind) => costOf(schema, batches, events, kind));
  });
  const names = ['sessions and the join, found', '… and written as records and rows', '… and saved every 8,192 events'];
  return table(
    ['both over the same events, CPU-s per million', ...ROWS_PER_RECORD.map((rows) => `${rows} events a record`)],
    names.map((name, i) => [name, ...costs.map((cost) => (cost[i] ?? NaN).toFixed(3))]),
  );
}

function costOf(schema: StreamSchema, batches: readonly EventBatch[], events: number, kind: Kind): number {
  const tracker = VisitTracker.create(
    {
      ...{ schema, partition: 0, sessions: SHOP_SESSIONS, attribution: SHOP_ATTRIBUTION },
      tails: { sessions: null, attribution: null },
    },
    { next: batches[0]?.rawFrom ?? 0, before: emptyPosition(), sinceMs: -Infinity },
  );
  let written = 0;
  const apply = (batch: EventBatch): void => {
    tracker.apply(batch);
    const news = tracker.takeNews();
    if (kind === 'found') return;
    const { exponent } = schema.money;
    const abandoned = news.sessions.filter(({ told }) => isAbandoned(told));
    written += encodeSessions(news.sessions, exponent).length + encodeAbandonedCarts(abandoned, exponent).length;
    written += encodePurchases(news.attributions, 0, exponent).length;
    for (const rows of [...news.sessionRows, ...news.attributionRows]) written += encodeEventBatch(rows).length;
    if (kind === 'saved') written += tracker.takeDeltas().state.length;
  };
  const perRound = Math.floor(events / BATCH_ROWS);
  let from = 0;
  for (; from < batches.length - ROUNDS * perRound; from += 1) apply(batches[from] as EventBatch);
  const cost = best(ROUNDS, () => {
    const round = batches.slice(from, (from += perRound));
    return cpuPerMillion(round.length * BATCH_ROWS, () => round.forEach(apply));
  });
  if (kind !== 'found' && written === 0) throw new Error('nothing was found');
  return cost;
}
