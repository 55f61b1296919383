import * as fc from 'fast-check';
import type { MetricDefinition } from './definition';
import { PartitionAggregator } from './partition-aggregator';
import { unsureMs } from '../windowing/window-spec';
import { logEntries, metricLists, testSchema, uncutSessionLists } from './testing/metric-arbitraries';
import { PartitionLog } from './testing/partition-log';
import type { Told } from './testing/run-aggregator';
import { applyInBatches, newAggregator, newestCounts } from './testing/run-aggregator';

const schema = testSchema;
const END = { appendMs: 1e9, rows: [], advanceToMs: 1e8 };
const logs = logEntries(['ann', 'bob', 'cat', null]).map((entries) => {
  const offset = (entries.at(-1)?.offset ?? -1) + 1;
  return new PartitionLog(schema, 0, [...entries, { offset, ...END }]);
});

/** Of sessions that are cut, the first ones of a new metric may be cut elsewhere. */
const lists = fc.oneof(metricLists, uncutSessionLists);

const named = (metrics: readonly MetricDefinition[], file: string): MetricDefinition[] =>
  metrics.map((metric, i) => ({ ...metric, name: `${file}${i}`, identity: `${file}${i}@0` }));

describe('a stream file that is put live while events come', () => {
  it('begins new metrics behind all rows before it, and lets removed ones run out', () => {
    fc.assert(
      fc.property(lists, lists, logs, fc.nat(), (first, second, log, at) => {
        const kept = named(first.slice(0, 1), 'kept');
        const removed = named(first.slice(1), 'removed');
        const added = named(second, 'added');
        const cut = 1 + (at % log.entries.length);
        const before = newAggregator(schema, [...kept, ...removed], log);
        const told = applyInBatches(before, new PartitionLog(schema, 0, log.entries.slice(0, cut)), []);
        const { state, deltas, rewrites } = before.takeDeltas();
        const after = PartitionAggregator.restore(
          { schema, metrics: [...kept, ...added], retired: removed, partition: 0 },
          { next: before.next, state, deltas: [...deltas, ...rewrites] },
        );
        const rest = applyInBatches(after, log, []);
        const all: Told = {
          closed: [...told.closed, ...rest.closed],
          late: [...told.late, ...rest.late],
          counts: newestCounts([...told.counts, ...rest.counts]),
        };

        const fromMs = log.before(cut).maxEventTimeMs + 1;
        const beginOf = ({ window }: MetricDefinition): number => fromMs + unsureMs(window);
        const wanted = alone([...kept, ...removed], log);
        const news = alone(added, log);
        expect(closedOf(all)).toEqual(
          closedOf({
            ...wanted,
            closed: [...wanted.closed, ...news.closed.filter(({ startMs, metric }) => startMs >= beginOf(metric))],
          }),
        );
        const lateNews = news.late.flatMap((row) => {
          const missedStartsMs = row.missedStartsMs.filter((startMs) => startMs >= beginOf(row.metric));
          return missedStartsMs.length > 0 ? [{ ...row, missedStartsMs }] : [];
        });
        expect(lateOf(all)).toEqual(lateOf({ ...wanted, late: [...wanted.late, ...lateNews] }));
        for (const metric of added) {
          expect(after.spans().get(metric.identity)?.fromMs ?? -Infinity).toBe(beginOf(metric));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('forgets a removed metric once the windows that it still has are closed', () => {
    const metric = {
      ...(fc.sample(metricLists, 1)[0] as MetricDefinition[])[0],
      name: 'm',
      identity: 'm@0',
    } as MetricDefinition;
    const log = new PartitionLog(schema, 0, [
      { offset: 0, ...END },
      { offset: 1, ...END, advanceToMs: 9e9, appendMs: 9e9 },
    ]);
    const before = newAggregator(schema, [metric], log);
    before.apply(log.batch(0, 1));
    const restored = (from: PartitionAggregator): PartitionAggregator => {
      const { state, deltas } = from.takeDeltas();
      const options = { schema, metrics: [], retired: [metric], partition: 0 };
      return PartitionAggregator.restore(options, { next: from.next, state, deltas });
    };
    const running = restored(before);
    expect(running.definitions()).toEqual([metric]);
    expect(running.hasRunOut).toBe(false);
    running.apply(log.batch(1, 2));
    expect(running.hasRunOut).toBe(true);
    expect(restored(running).definitions()).toEqual([]);
  });
});

function alone(metrics: readonly MetricDefinition[], log: PartitionLog): Told {
  return applyInBatches(newAggregator(schema, metrics, log), log, []);
}

const byName = (a: readonly unknown[], b: readonly unknown[]): number => String(a[0]).localeCompare(String(b[0]));

function closedOf({ closed }: Told): unknown[] {
  return closed
    .map(({ metric, startMs, results, part }) => [
      `${metric.name}|${startMs}`,
      results?.groups,
      results?.measures,
      part,
    ])
    .sort(byName);
}

function lateOf({ late }: Told): unknown[] {
  return late
    .map(({ metric, rawOffset, index, missedStartsMs }) => [`${metric.name}|${rawOffset}|${index}`, missedStartsMs])
    .sort(byName);
}
