import fc from 'fast-check';

import type { MetricDefinition } from '../definition';
import { PartitionAggregator } from '../partition-aggregator';
import { logEntries, testSchema as schema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator, takeAll, type Told } from '../testing/run-aggregator';
import { judgePartition, resultsOf, type PlainResult } from '../testing/window-oracle';
import { WindowMerge } from '../merge/window-merge';

const users = ['ann', 'bob', null];
const cuts = fc.array(fc.nat(25), { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b));
const logs = (partition: number) => logEntries(users).map((entries) => new PartitionLog(schema, partition, entries));

const metricOf = (groupBy: readonly string[]): MetricDefinition => ({
  name: 'spread',
  identity: 'spread@0',
  where: null,
  groupBy,
  window: { sizeMs: 40, hopMs: 10 },
  outOfOrdernessMs: 20,
  measures: [
    { name: 'amount', kind: 'stddev', field: 'amount', fieldType: 'money', where: null },
    { name: 'score', kind: 'stddev', field: 'score', fieldType: 'double', where: null },
  ],
  having: null,
  emit: { everyMs: 250, maxPerSecond: 1000 },
  local: groupBy.includes('user'),
});

/** Applies a log in batches; after each the state may be saved and restored. */
function told(metric: MetricDefinition, log: PartitionLog, ends: readonly number[], isRestored: boolean): Told {
  const all: Told = { closed: [], late: [], counts: [] };
  let aggregator = newAggregator(schema, [metric], log);
  const deltas = [];
  let from = 0;
  for (const end of [...ends, log.entries.length]) {
    const to = Math.min(end, log.entries.length);
    if (to < from) continue;
    aggregator.apply(log.batch(from, to));
    takeAll(aggregator, all);
    from = to;
    if (!isRestored) continue;
    const saved = aggregator.takeDeltas();
    deltas.push(...saved.deltas);
    const kept = deltas.filter(({ slice }) => !saved.drops.includes(slice));
    const options = { schema, metrics: [metric], partition: log.partition };
    aggregator = PartitionAggregator.restore(options, { next: aggregator.next, state: saved.state, deltas: kept });
  }
  return all;
}

function merged(metric: MetricDefinition, sources: readonly Told[]): [number, readonly PlainResult[]][] {
  const merge = new WindowMerge({ schema, metrics: [metric], partitions: sources.length });
  sources.forEach(({ closed }, source) => closed.forEach(({ part }, at) => part && merge.applyPart(source, part, at)));
  sources.forEach((_, source) => merge.applyFrontier(source, Infinity));
  return merge.takeClosed().map(({ startMs, results }) => [startMs, results ? plainResults(results, schema) : []]);
}

function expectNear(actual: readonly PlainResult[], expected: readonly PlainResult[]): void {
  const byGroup = new Map(expected.map((result) => [JSON.stringify(result.group), result.measures]));
  expect(actual).toHaveLength(byGroup.size);
  for (const { group, measures } of actual) {
    for (const [name, wanted] of Object.entries(byGroup.get(JSON.stringify(group)) ?? {})) {
      const value = measures[name];
      if (wanted === null) expect(value).toBeNull();
      else expect(Math.abs(Number(value) - Number(wanted))).toBeLessThanOrEqual(1e-9 * Number(wanted));
    }
  }
}

describe('stddev', () => {
  it('is what two passes over the rows of a window give, but for the last digits', () => {
    const metric = metricOf(['user', 'kind']);
    fc.assert(
      fc.property(logs(0), cuts, (log, ends) => {
        const { closed } = judgePartition(log, metric, schema);
        for (const { startMs, results } of told(metric, log, ends, false).closed) {
          const expected = resultsOf(metric, schema, closed.get(startMs)?.rows ?? []);
          expectNear(results ? plainResults(results, schema) : [], expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is that over several partitions too', () => {
    const metric = metricOf([]);
    fc.assert(
      fc.property(fc.tuple(logs(0), logs(1)), cuts, (both, ends) => {
        const rows = new Map<
          number,
          ReturnType<typeof judgePartition>['closed'] extends ReadonlyMap<number, infer W> ? W[] : never
        >();
        for (const log of both) {
          for (const [startMs, window] of judgePartition(log, metric, schema).closed) {
            rows.set(startMs, [...(rows.get(startMs) ?? []), window]);
          }
        }
        for (const [startMs, results] of merged(
          metric,
          both.map((log) => told(metric, log, ends, false)),
        )) {
          expectNear(
            results,
            resultsOf(
              metric,
              schema,
              (rows.get(startMs) ?? []).flatMap((window) => window.rows),
            ),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([[['user']], [[]]])(
    'grouped by %j is the same to the last digit, however batches are cut and saved',
    (groupBy) => {
      const metric = metricOf(groupBy);
      fc.assert(
        fc.property(logs(0), cuts, (log, ends) => {
          const whole = told(metric, log, [], false);
          const pieces = told(metric, log, ends, true);
          if (!metric.local) return expect(merged(metric, [pieces])).toEqual(merged(metric, [whole]));
          const shown = ({ closed }: Told) =>
            closed.map(({ results }) => (results ? plainResults(results, schema) : []));
          expect(shown(pieces)).toEqual(shown(whole));
        }),
        { numRuns: 200 },
      );
    },
  );
});
