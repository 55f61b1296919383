import * as fc from 'fast-check';
import { MAX_COLLECTED_BYTES } from './collected';
import type { Measure, MetricDefinition } from '../definition';
import { PartitionAggregator } from '../partition-aggregator';
import { testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';
import { judgePartition, resultsOf } from '../testing/window-oracle';
import { WindowMerge } from '../merge/window-merge';

/** Of every kind of length: three of the large ones do not fit together, small ones behind them would. */
const names = fc.constantFrom('a', 'bb', 'é'.repeat(20_000), 'w'.repeat(60_000), 'x'.repeat(MAX_COLLECTED_BYTES));

const edges: readonly Measure[] = [
  { kind: 'first', name: 'opening', field: 'place', fieldType: 'string', where: null },
  { kind: 'last', name: 'closing', field: 'kind', fieldType: 'string', where: null },
];

/** Windows of four slices, so that rows of several slices meet in one list. */
const metricOf = (measures: readonly Measure[]): MetricDefinition => ({
  name: 'names',
  identity: 'names@12345678',
  where: null,
  groupBy: [],
  window: { sizeMs: 40, hopMs: 10 },
  outOfOrdernessMs: 60,
  measures: [...measures, { kind: 'count', name: 'n', where: null }],
  having: null,
  emit: { everyMs: 100, maxPerSecond: 1000 },
  local: false,
});
const listsAndTexts = metricOf([
  { kind: 'collect', name: 'places', field: 'place', fieldType: 'string', limit: 4, where: null },
  { kind: 'collect', name: 'kinds', field: 'kind', fieldType: 'string', limit: 4, where: null },
  ...edges,
]);

describe('the lists and texts of a result', () => {
  it.each([
    ['lists and texts', listsAndTexts],
    ['texts alone', metricOf(edges)],
  ])(
    '%s are the same from slices, after a restore, and from several partitions: those of looking at every row',
    (_, metric) => {
      const entries = fc.array(fc.record({ at: fc.nat(39), place: names, kind: names }), {
        minLength: 1,
        maxLength: 8,
      });
      fc.assert(
        fc.property(entries, entries, fc.nat(8), (first, second, cut) => {
          const logs = [first, second].map((given, partition) => {
            const written = given.map((row, i) => ({
              offset: 3 * i,
              appendMs: 1_000,
              rows: [{ ...row, user: 'ann' }],
            }));
            return new PartitionLog(testSchema, partition, [
              ...written,
              { offset: 1_000, appendMs: 1_000, rows: [], advanceToMs: 500 },
            ]);
          });
          const merge = new WindowMerge({ schema: testSchema, metrics: [metric], partitions: 2 });
          for (const [partition, log] of logs.entries()) {
            const parts = restoredHalfWay(metric, log, Math.min(cut, log.entries.length - 1)).takeClosed();
            parts.forEach(({ part }, i) => {
              if (part) merge.applyPart(partition, part, i);
            });
            merge.applyFrontier(partition, 500);
          }
          const told = merge.takeClosed().flatMap(({ startMs, results }) => {
            if (results === null) return [];
            return plainResults(results, testSchema).map(({ measures, truncated }) => ({
              startMs,
              measures,
              truncated,
            }));
          });
          const verdicts = logs.map((log) => judgePartition(log, metric, testSchema).closed);
          const starts = [...new Set(verdicts.flatMap((closed) => [...closed.keys()]))].sort((a, b) => a - b);
          const wanted = starts.flatMap((startMs) => {
            const of = verdicts.flatMap((closed) => closed.get(startMs)?.rows ?? []);
            return resultsOf(metric, testSchema, of).map(({ measures, truncated }) => ({
              startMs,
              measures,
              truncated,
            }));
          });
          expect(told).toEqual(wanted);
        }),
        { numRuns: 20 },
      );
    },
  );
});

/** An aggregator that has applied a log, through a checkpoint behind some of its entries. */
function restoredHalfWay(metric: MetricDefinition, log: PartitionLog, cut: number): PartitionAggregator {
  const before = newAggregator(testSchema, [metric], log);
  before.apply(log.batch(0, cut));
  const { state, deltas, rewrites } = before.takeDeltas();
  const saved = { next: before.next, state, deltas: [...deltas, ...rewrites] };
  const options = { schema: testSchema, metrics: [metric], partition: log.partition };
  const after = PartitionAggregator.restore(options, saved);
  after.apply(log.batch(cut, log.entries.length));
  return after;
}
