import * as fc from 'fast-check';
import { ALL_TIME } from '../windowing/window-spec';
import type { MetricDefinition } from './definition';
import type { ResultBlock } from './output';
import { PartitionAggregator } from './partition-aggregator';
import { evaluateRow } from './testing/evaluate-row';
import { logEntries, testSchema, totalLists } from './testing/metric-arbitraries';
import type { LogEntry } from './testing/partition-log';
import { PartitionLog } from './testing/partition-log';
import { plainResults, sortedResults } from './testing/plain-results';
import { newAggregator } from './testing/run-aggregator';
import { SavedCheckpoint } from './testing/saved-checkpoint';
import { resultsOf } from './testing/window-oracle';
import { WindowMerge } from './merge/window-merge';

const schema = testSchema;
/** Times of the arbitrary logs are around the epoch, which totals begin at. */
const LATER_MS = 100_000;

function later({ rows, ...entry }: LogEntry): LogEntry {
  return {
    ...entry,
    appendMs: entry.appendMs + LATER_MS,
    ...(entry.advanceToMs === undefined ? {} : { advanceToMs: entry.advanceToMs + LATER_MS }),
    rows: rows.map((row) => ({ ...row, at: (row['at'] as number) + LATER_MS })),
  };
}

/** A user keeps to one partition. */
const USERS = [
  ['ann', 'bob', '', null],
  ['cat', 'dan', null],
];
const logOf = (partition: number) =>
  logEntries(USERS[partition] ?? []).map((entries) => new PartitionLog(schema, partition, entries.map(later)));
const steps = fc.array(fc.record({ entries: fc.nat(4), restore: fc.boolean(), told: fc.boolean() }), { maxLength: 15 });
const LAST = { entries: 100, restore: true, told: true };

/** All rows of some logs, in their order, that a metric counts from a time on. */
function rowsOf(metric: MetricDefinition, logs: readonly PartitionLog[], fromMs = -Infinity) {
  const rows = logs.flatMap(({ entries }) => entries.flatMap((entry) => entry.rows));
  return rows.filter((row) => {
    const key = row['user'] ?? null;
    if (metric.local && (key === null || key === '')) return false;
    return (row['at'] as number) >= fromMs && (metric.where === null || evaluateRow(metric.where, row) === true);
  });
}

const expected = (metric: MetricDefinition, logs: readonly PartitionLog[], fromMs?: number) =>
  sortedResults(resultsOf(metric, schema, rowsOf(metric, logs, fromMs), NaN));

/** What a reader of upserts knows in the end. */
class Known {
  private readonly rows = new Map<string, ReturnType<typeof plainResults>[number]>();

  apply(blocks: readonly ResultBlock[]): void {
    for (const block of blocks) {
      expect(block).toMatchObject({ startMs: 0, endMs: ALL_TIME.sizeMs, final: false });
      for (const row of plainResults(block, schema)) this.rows.set(JSON.stringify(row.group), row);
    }
  }

  get results() {
    return sortedResults([...this.rows.values()].filter(({ retracted }) => !retracted));
  }
}

describe('running totals', () => {
  it('of groups of one partition are of all rows, whatever was restored when', () => {
    fc.assert(
      fc.property(totalLists, logOf(0), steps, (all, log, life) => {
        const metrics = all.filter(({ local }) => local);
        const options = { schema, metrics, partition: 0 };
        const saved = new SavedCheckpoint();
        const known = new Map(metrics.map((metric) => [metric, new Known()]));
        let aggregator = newAggregator(schema, metrics, log);
        let at = 0;
        for (const { entries, restore, told } of [...life, LAST]) {
          const to = Math.min(at + entries, log.entries.length);
          aggregator.apply(log.batch(at, to));
          at = to;
          if (told) for (const [metric, view] of known) view.apply(aggregator.takeProvisional(metric).results);
          saved.commit(aggregator.takeDeltas(), aggregator.next);
          if (restore) aggregator = saved.restore(options, false);
        }
        expect(aggregator.takeClosed()).toEqual([]);
        expect(aggregator.takeLate().rows).toEqual([]);
        for (const [metric, view] of known) expect(view.results).toEqual(expected(metric, [log]));
      }),
      { numRuns: 200 },
    );
  });

  it('of groups of several partitions are of all rows of all of them', () => {
    fc.assert(
      fc.property(totalLists, fc.tuple(logOf(0), logOf(1)), steps, (all, logs, life) => {
        const metrics = all.filter(({ local }) => !local);
        const merge = new WindowMerge({ schema, metrics, partitions: 2 });
        let offset = 0;
        logs.forEach((log, partition) => {
          const aggregator = newAggregator(schema, metrics, log);
          let at = 0;
          for (const { entries, told } of [...life, LAST]) {
            const to = Math.min(at + entries, log.entries.length);
            aggregator.apply(log.batch(at, to));
            at = to;
            if (!told) continue;
            for (const metric of metrics) {
              for (const part of aggregator.takeProvisional(metric).parts) merge.applyPart(partition, part, offset++);
            }
          }
        });
        for (const metric of metrics) {
          const view = new Known();
          view.apply(merge.takeProvisional(metric));
          expect(view.results).toEqual(expected(metric, logs));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('that begin anew count no row from before, and what a partition had sent is void', () => {
    fc.assert(
      fc.property(totalLists, fc.tuple(logOf(0), logOf(1)), fc.nat(25), (all, logs, cut) => {
        const metrics = all.filter(({ local, having }) => !local && having === null);
        const merge = new WindowMerge({ schema, metrics, partitions: 2 });
        let offset = 0;
        const send = (aggregator: PartitionAggregator, partition: number) => {
          const parts = metrics.flatMap((metric) => aggregator.takeProvisional(metric).parts);
          for (const part of parts) merge.applyPart(partition, part, offset++);
          return parts;
        };
        const [first, second] = logs;
        const from = Math.min(cut, first.entries.length);
        const lost = newAggregator(schema, metrics, first);
        lost.apply(first.batch(0, from));
        const before = send(lost, 0);
        const other = newAggregator(schema, metrics, second);
        other.apply(second.batch(0, second.entries.length));
        send(other, 1);

        const position = first.before(from);
        const start = { next: first.rawFrom(from), before: position, completeFromMs: position.maxEventTimeMs + 1 };
        const anew = PartitionAggregator.create({ schema, metrics, partition: 0 }, start);
        for (const [identity, span] of anew.spans()) merge.applySpan(0, identity, span);
        anew.apply(first.batch(from, first.entries.length));
        const sent = send(anew, 0);
        for (const part of before) merge.applyPart(0, part, offset++); // read once more

        const rest = new PartitionLog(schema, 0, first.entries.slice(from));
        for (const metric of metrics) {
          if (!sent.some((part) => part.metric === metric.identity)) continue;
          const view = new Known();
          view.apply(merge.takeProvisional(metric));
          const counted = view.results.filter(({ group }) =>
            [...expected(metric, [rest], start.completeFromMs), ...expected(metric, [second])].some(
              (result) => JSON.stringify(result.group) === JSON.stringify(group),
            ),
          );
          const rows = [...rowsOf(metric, [rest], start.completeFromMs), ...rowsOf(metric, [second])];
          expect(counted).toEqual(sortedResults(resultsOf(metric, schema, rows, NaN)));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are retold group by group, whether they have changed or not', () => {
    const metric: MetricDefinition = {
      name: 'total',
      identity: 'total@0',
      where: null,
      groupBy: ['user'],
      window: ALL_TIME,
      outOfOrdernessMs: 0,
      measures: [{ kind: 'count', name: 'n', where: null }],
      having: null,
      emit: { everyMs: 250, maxPerSecond: 1000 },
      local: true,
    };
    const rows = ['a', 'b', 'c', 'd', 'e'].map((user) => ({ user, at: 5 }));
    const log = new PartitionLog(schema, 0, [{ offset: 0, appendMs: 5, rows }]);
    const aggregator = newAggregator(schema, [metric], log);
    aggregator.apply(log.batch(0, 1));
    const groups = () => aggregator.takeProvisional(metric).results.flatMap((block) => block.groups.count);
    expect(groups()).toEqual([5]);
    expect(groups()).toEqual([]);
    const told = [0, 1, 2].map((turn) => {
      aggregator.retell(metric, turn, 3);
      return groups();
    });
    expect(told).toEqual([[2], [2], [1]]);
  });
});
