import * as fc from 'fast-check';
import type { MetricDefinition } from '../definition';
import type { PartBlock } from '../output';
import { logEntries, metricLists, testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';
import { WindowMerge } from './window-merge';

const schema = testSchema;
const users = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];
const logs = logEntries(users).map((entries) => new PartitionLog(schema, 0, entries));
/** All of them merged; exact counts of values are for others. */
const merged = metricLists.map((metrics) =>
  metrics.map((metric): MetricDefinition => {
    const measures = metric.measures.filter(({ kind }) => kind !== 'distinct' && kind !== 'derived');
    const count = { kind: 'count', name: 'rows', where: null } as const;
    return { ...metric, local: false, having: null, measures: [...measures, count] };
  }),
);

describe('shares of open windows that are told anew', () => {
  it('are all that a merge needs, so that it never reads what was told before', () => {
    fc.assert(
      fc.property(merged, logs, fc.integer({ min: 1, max: 5 }), (metrics, log, turns) => {
        const aggregator = newAggregator(schema, metrics, log);
        const merge = new WindowMerge({ schema, metrics, partitions: 1 });
        let offset = 0;
        const tell = (): readonly PartBlock[] => {
          const parts = metrics.flatMap((metric) => aggregator.takeProvisional(metric).parts);
          for (const part of parts) merge.applyPart(0, part, offset++);
          return parts;
        };
        for (let entry = 0; entry < log.entries.length; entry += 1) {
          aggregator.apply(log.batch(entry, entry + 1));
          aggregator.takeClosed();
          tell();
        }
        merge.applyFrontier(0, aggregator.watermarkInputMs);
        merge.takeClosed();

        const from = offset;
        const anew: PartBlock[] = [];
        for (let turn = 0; turn < turns; turn += 1) {
          for (const metric of metrics) aggregator.retell(metric, turn, turns);
          anew.push(...tell());
        }
        expect(merge.lowWater() ?? from).toBeGreaterThanOrEqual(from);
        expect(openWindows(metrics, anew)).toEqual(openWindows(metrics, everythingTold(metrics, log)));
      }),
      { numRuns: 150 },
    );
  });
});

/** What an aggregator tells that has never been asked before. */
function everythingTold(metrics: readonly MetricDefinition[], log: PartitionLog): readonly PartBlock[] {
  const aggregator = newAggregator(schema, metrics, log);
  aggregator.apply(log.batch(0, log.entries.length));
  aggregator.takeClosed();
  return metrics.flatMap((metric) => aggregator.takeProvisional(metric).parts);
}

/** What is shown to whoever reads these shares and no others. */
function openWindows(metrics: readonly MetricDefinition[], parts: readonly PartBlock[]): ReadonlyMap<string, unknown> {
  const merge = new WindowMerge({ schema, metrics, partitions: 1 });
  parts.forEach((part, offset) => merge.applyPart(0, part, offset));
  const rows = metrics.flatMap((metric) =>
    merge.takeProvisional(metric).flatMap((block) =>
      plainResults(block, schema).map(({ group, measures }): [string, unknown] => {
        return [`${metric.identity} ${block.startMs} ${JSON.stringify(group)}`, measures];
      }),
    ),
  );
  return new Map(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}
