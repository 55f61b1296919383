import * as fc from 'fast-check';
import { encodeProgress, type ValueMap, type WindowResultMessage } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import type { Clock, LogRecord } from '@tillstream/engine';
import { EVERYTHING, keyOfRow, shownIn } from '../testing/shown';
import { listRows } from '../view/row-query';
import type { Positions } from '../view/positions';
import { watchRows } from '../view/watch-rows';
import { ServedStream } from './served-stream';

const MINUTE_MS = 60_000;
const PARTITIONS = 2;
const WINDOWS = 6;
const GROUPS = ['books', 'toys', null] as const;
const LAGS = { previous: MINUTE_MS, '3m': 3 * MINUTE_MS };

const definition = (more = '') =>
  definitionFrom(`stream: small
partitions: ${PARTITIONS}
key: [user]
eventTime: {field: at, outOfOrderness: 2s}
money: {currency: USD}
fields:
  at: {type: timestamp}
  user: {type: string, optional: true}
  category: {type: string, optional: true}
  amount: {type: money, optional: true}
metrics:
  sales:
    groupBy: [category]
    window: {size: 1m}
    measures: {orders: count(), total: sum(amount), average: avg(amount), categories: collect(category)}
    ${more}
    compare: [previous, 3m]
`);
const ALL = definition();
const FILTERED = definition('having: orders > 0');
const metricOf = (all: typeof ALL) => all.metrics[0]!;

/** What a final says, in whole numbers: amounts in cents. */
interface Final {
  readonly window: number;
  readonly group: (typeof GROUPS)[number];
  readonly partition: number;
  readonly orders: number;
  readonly cents: number | null;
}

const finals = fc.uniqueArray(
  fc.record<Final>({
    window: fc.nat(WINDOWS - 1),
    group: fc.constantFrom(...GROUPS),
    partition: fc.nat(PARTITIONS - 1),
    orders: fc.integer({ min: 1, max: 9 }),
    cents: fc.option(fc.integer({ min: -500, max: 500 })),
  }),
  { selector: ({ window, group }) => `${window} ${group}` },
);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const iso = (ms: number): string => new Date(ms).toISOString();
const money = (cents: number): string => (cents / 100).toFixed(2);

/** The records of one partition: window by window its finals, then how far it is. */
function logOf(all: typeof ALL, told: readonly Final[], partition: number): LogRecord[] {
  const metric = metricOf(all);
  const records: { key: Uint8Array | null; value: Uint8Array | null }[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const startMs = window * MINUTE_MS;
    for (const final of told.filter((one) => one.window === window && one.partition === partition)) {
      const { orders, cents } = final;
      const group = { category: final.group };
      const average = cents === null ? null : (cents / 100).toFixed(6);
      const total = cents === null ? null : money(cents);
      records.push({
        key: bytes(`f|${metric.identity}|${iso(startMs)}|${JSON.stringify(group)}`),
        value: bytes(
          JSON.stringify({
            metric: 'sales',
            window_start: iso(startMs),
            window_end: iso(startMs + MINUTE_MS),
            group,
            measures: { orders, total, average, categories: ['x'] },
            final: true,
            revision: 1,
          }),
        ),
      });
    }
    records.push(encodeProgress(metric, startMs + MINUTE_MS, partition));
  }
  return records.map((record, offset) => ({ ...record, offset, timestampMs: 0, headers: {} }));
}

const plain = (values: ValueMap): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.decimal ?? value.integer ?? value.number ?? null]),
  );

const textOf = ({ start, group, comparisons }: WindowResultMessage): string =>
  JSON.stringify([start?.seconds, group, comparisons.map(({ with: w, change, percent }) => [w, change, percent])]);

const changed = (now: number | null, before: number | null): number | null =>
  now === null || before === null ? null : now - before;
const inPercent = (now: number | null, before: number | null): number | null =>
  now === null || before === null || before === 0 ? null : (100 * (now - before)) / Math.abs(before);

/** What must be told of one number of a final, as the finals that stand in both partitions say. */
function expected(
  told: readonly Final[],
  reached: readonly number[],
  final: Final,
  lagMs: number,
  isFiltered: boolean,
) {
  const window = final.window - lagMs / MINUTE_MS;
  const isComplete = reached.every((windows) => windows > window);
  const among = told.filter((one) => one.window === window);
  const isKnown = isComplete && among.length > 0;
  const before = among.find(({ group }) => group === final.group);
  const absent = isFiltered ? null : 0;
  const orders = isKnown ? (before ? before.orders : absent) : null;
  const cents = isKnown ? (before ? before.cents : absent) : null;
  const average = isKnown && before ? before.cents : null;
  const total = changed(final.cents, cents);
  const averages = changed(final.cents, average);
  return {
    change: {
      orders: changed(final.orders, orders)?.toString() ?? null,
      total: total === null ? null : money(total),
      average: averages === null ? null : (averages / 100).toFixed(6),
    },
    percent: {
      orders: inPercent(final.orders, orders),
      total: inPercent(final.cents, cents),
      average: inPercent(final.cents, average),
    },
  };
}

describe('a result beside those of earlier windows', () => {
  it.each([
    ['any results', ALL, false],
    ['results that having may have kept back', FILTERED, true],
  ])(
    'says of %s what the finals say, once no more can come, whatever has been read of each partition',
    (_, all, kept) =>
      fc.assert(
        fc.property(finals, fc.tuple(fc.nat(60), fc.nat(60)), (told, shares) => {
          const stream = new ServedStream(all, 1_000);
          const read = shares.map((share, partition) => {
            const log = logOf(all, told, partition);
            const records = log.slice(0, Math.ceil((log.length * share) / 60));
            stream.apply(partition, records);
            return records;
          });
          const reached = read.map(
            (log) => log.filter(({ key }) => new TextDecoder().decode(key).startsWith('w')).length,
          );
          const rows = stream.view.metric(metricOf(all).identity);
          const codec = stream.metrics[0]!;
          for (const row of listRows(rows, EVERYTHING, null)) {
            const { start, group, comparisons } = codec.toResult(row!, rows);
            const category = group['category']?.text ?? null;
            const final = told.find((one) => one.window * 60 === Number(start?.seconds) && one.group === category)!;
            for (const { with: name, change, percent } of comparisons) {
              const wanted = expected(told, reached, final, LAGS[name as keyof typeof LAGS], kept);
              expect({ change: plain(change), percent: plain(percent) }).toEqual(wanted);
            }
          }
        }),
        { numRuns: 500 },
      ),
  );

  it('is told again to who watches when the earlier window is complete, wherever the watch goes on', () =>
    fc.assert(
      fc.asyncProperty(finals, fc.tuple(fc.nat(60), fc.nat(60)), async (told, shares) => {
        const logs = Array.from({ length: PARTITIONS }, (_, partition) => logOf(ALL, told, partition));
        const one = new ServedStream(ALL, 1_000);
        logs.forEach((log, p) => one.apply(p, log.slice(0, Math.ceil((log.length * shares[p]!) / 60))));
        const held = new Map<string, string>();
        const positions = await watched(one, null, held);

        const other = new ServedStream(ALL, 1_000);
        for (const partition of [1, 0]) other.apply(partition, logs[partition]!);
        await watched(other, positions, held);
        const { identity } = metricOf(ALL);
        const rows = other.view.metric(identity);
        const shown = [...listRows(rows, EVERYTHING, null)].map((row) => [
          keyOfRow(row!),
          textOf(other.metrics[0]!.toResult(row!, rows)),
        ]);
        expect(Object.fromEntries(held)).toEqual(Object.fromEntries(shown));
        expect(held.size).toBe(shownIn(other.view, identity).size);
      }),
      { numRuns: 300 },
    ));
});

const instantly: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };

/** Takes what a watch tells into `held` until it is up to date; returns the positions that it goes on from. */
async function watched(
  stream: ServedStream,
  resumeAt: Positions | null,
  held: Map<string, string>,
): Promise<Positions> {
  const { identity } = metricOf(ALL);
  const stop = new AbortController();
  const watch = { metric: identity, filter: EVERYTHING, resumeAt, signal: stop.signal };
  const pace = { clock: instantly, everyMs: 1, positionsEveryMs: 0 };
  for await (const step of watchRows(stream.view, watch, pace)) {
    for (const row of step.rows) {
      held.set(keyOfRow(row), textOf(stream.metrics[0]!.toResult(row, stream.view.metric(identity))));
    }
    if (!step.positions) continue;
    stop.abort();
    return step.positions;
  }
  throw new Error('the watch has ended');
}
