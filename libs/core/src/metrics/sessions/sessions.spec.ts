import * as fc from 'fast-check';
import type { MetricDefinition } from '../definition';
import { decodeGroupKey } from '../groups/group-key';
import type { ClosedWindow } from '../output';
import { PartitionAggregator } from '../partition-aggregator';
import { logEntries, sessionLists, testSchema, uncutSessionLists } from '../testing/metric-arbitraries';
import type { LogEntry } from '../testing/partition-log';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import type { Told } from '../testing/run-aggregator';
import { applyInBatches, newAggregator, newestCounts, takeAll } from '../testing/run-aggregator';
import { SavedCheckpoint } from '../testing/saved-checkpoint';
import { judgeSessions } from '../testing/session-oracle';
import { resultsOf } from '../testing/window-oracle';

const schema = testSchema;
const users = ['ann', 'bob', 'a user with a rather long name', '', null];
/** Few users, so that sessions have several rows; now and then a long quiet stretch closes everything. */
const logs = fc
  .oneof(logEntries(users), logEntries(['ann', 'bob'], 60))
  .map((entries) => new PartitionLog(schema, 0, entries));
const cuts = fc.array(fc.nat(60), { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b));

describe('sessions', () => {
  it('are those that sorting all rows of each group gives, with the same measures', () => {
    fc.assert(
      fc.property(sessionLists, logs, cuts, (metrics, log, ends) => {
        const { closed } = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        for (const metric of metrics) {
          const expected = judgeSessions(log, metric, schema).closed.flatMap(({ startMs, endMs, rows, revision }) =>
            resultsOf(metric, schema, rows, endMs - startMs).map((result) => ({ startMs, endMs, revision, ...result })),
          );
          const told = closed.filter((window) => window.metric === metric).flatMap(sessionsOf);
          expect(inTextOrder(told)).toEqual(inTextOrder(expected));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('miss the rows that come when they are over, and count them', () => {
    fc.assert(
      fc.property(sessionLists, logs, cuts, (metrics, log, ends) => {
        const { late, counts } = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        const expected = metrics.map((metric) => judgeSessions(log, metric, schema));
        const told = late.map(({ metric, rawOffset, index, missedStartsMs, latenessMs }) => {
          return { metric: metric.name, rawOffset, index, missedStartsMs, latenessMs };
        });
        expect(inTextOrder(told)).toEqual(
          inTextOrder(
            expected.flatMap((verdict) =>
              verdict.late.map(({ metric, rawOffset, index, missedStartsMs, latenessMs }) => {
                return { metric, rawOffset, index, missedStartsMs, latenessMs };
              }),
            ),
          ),
        );
        const newest = newestCounts(counts).map(({ metric, startMs, count, revision }) => {
          return { metric: metric.name, startMs, count, revision };
        });
        expect(inTextOrder(newest)).toEqual(inTextOrder(expected.flatMap((verdict) => [...verdict.lateCounts])));
      }),
      { numRuns: 300 },
    );
  });

  it('are told with the same bytes in the same order wherever batches are cut, and whatever is restored when', () => {
    const steps = fc.array(fc.record({ entries: fc.nat(4), commit: fc.boolean(), restore: fc.boolean() }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(sessionLists, logs, steps, (metrics, log, life) => {
        const options = { schema, metrics, partition: 0 };
        const smooth = applyInBatches(newAggregator(schema, metrics, log), log, []);
        const told: Told = { closed: [], late: [], counts: [] };
        const saved = new SavedCheckpoint();
        let aggregator = newAggregator(schema, metrics, log);
        saved.commit(aggregator.takeDeltas(), 0);
        let at = 0;
        for (const { entries, commit, restore } of [...life, { entries: 100, commit: true, restore: true }]) {
          const to = Math.min(at + entries, log.entries.length);
          aggregator.apply(log.batch(at, to));
          at = to;
          takeAll(aggregator, told);
          if (commit || restore) saved.commit(aggregator.takeDeltas(), aggregator.next);
          if (restore) aggregator = saved.restore(options, false);
        }
        expect(told.closed).toEqual(smooth.closed);
        expect(told.late).toEqual(smooth.late);
        expect(inTextOrder(newestCounts(told.counts))).toEqual(inTextOrder(newestCounts(smooth.counts)));
      }),
      { numRuns: 300 },
    );
  });

  it('leave nothing behind once they are over', () => {
    fc.assert(
      fc.property(sessionLists, logs, cuts, (metrics, log, ends) => {
        const end = { offset: 1000, appendMs: 1e9, rows: [], advanceToMs: 1e8 };
        const finished = new PartitionLog(schema, 0, [...log.entries, end]);
        const saved = new SavedCheckpoint();
        const aggregator = newAggregator(schema, metrics, finished);
        aggregator.apply(finished.batch(0, Math.min(ends[0] ?? 0, log.entries.length)));
        saved.commit(aggregator.takeDeltas(), aggregator.next);
        applyInBatches(aggregator, finished, ends);
        expect(aggregator.openUntilMs()).toBe(-Infinity);
        expect(aggregator.size()).toEqual({ slices: 0, groups: 0, members: 0, steps: 0, keys: 0 });
        saved.commit(aggregator.takeDeltas(), aggregator.next);
        expect([...saved.slices.keys()]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('that no row before can be part of are told when the rows before are not known', () => {
    fc.assert(
      fc.property(sessionLists, logs, cuts, fc.integer({ min: -200, max: 300 }), (metrics, log, ends, knownFromMs) => {
        const all = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        const some = applyInBatches(newAggregator(schema, metrics, log, knownFromMs), log, ends);
        const sure = ({ startMs, metric }: ClosedWindow): boolean =>
          startMs - 2 * (metric.window as { gapMs: number }).gapMs >= knownFromMs;
        expect(some.closed).toEqual(all.closed.filter(sure));
      }),
      { numRuns: 100 },
    );
  });

  it('come out the same when reading begins late enough before them', () => {
    fc.assert(
      fc.property(uncutSessionLists, logs, fc.nat(60), (metrics, log, begin) => {
        const from = Math.min(begin, log.entries.length);
        const before = log.before(from);
        const knownFromMs = before.maxEventTimeMs + 1;
        const start = { next: log.rawFrom(from), before, completeFromMs: knownFromMs };
        const late = PartitionAggregator.create({ schema, metrics, partition: 0 }, start);
        late.apply(log.batch(from, log.entries.length));
        const told = late.takeClosed();
        const all = applyInBatches(newAggregator(schema, metrics, log), log, []).closed;
        expect(told).toEqual(
          all.filter(({ startMs, metric }) => {
            return startMs - 2 * (metric.window as { gapMs: number }).gapMs >= knownFromMs;
          }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('join across exactly the gap, and not across one millisecond more', () => {
    expect(sessionsWith([[100], [110], [121]])).toEqual([
      [100, 120, 2],
      [121, 131, 1],
    ]);
  });

  it('become one by a row between them that comes out of order', () => {
    expect(sessionsWith([[100, 115], [108]])).toEqual([[100, 125, 3]]);
  });

  it('end when the watermark has passed their last row by more than the gap', () => {
    const rowAt = (at: number) => ({ at, user: 'ann' });
    const entries = [rowAt(100), rowAt(110)].map((row, offset) => ({ offset, appendMs: 1e6, rows: [row] }));
    const told = (advanceToMs: number): number => {
      const end: LogEntry = { offset: 9, appendMs: 1e6, rows: [], advanceToMs };
      const log = new PartitionLog(schema, 0, [...entries, end]);
      return applyInBatches(newAggregator(schema, [counting], log), log, []).closed.length;
    };
    expect(told(120)).toBe(0);
    expect(told(121)).toBe(1);
  });

  it('that go on and on are cut at every line once they have crossed one', () => {
    const times = Array.from({ length: 30 }, (_, i) => [95 + 10 * i]);
    // Lines are 20 ms apart: half of 40 ms in whole gaps.
    expect(sessionsWith(times).slice(0, 4)).toEqual([
      [95, 120, 3],
      [125, 140, 2],
      [145, 160, 2],
      [165, 180, 2],
    ]);
  });
});

const counting: MetricDefinition = {
  name: 'visits',
  identity: 'visits@0',
  where: null,
  groupBy: ['user'],
  window: { gapMs: 10, maxDurationMs: 40 },
  outOfOrdernessMs: 0,
  measures: [{ kind: 'count', name: 'n', where: null }],
  having: null,
  emit: { everyMs: 250, maxPerSecond: 1000 },
  local: true,
};

/** Begin, end and number of rows of the sessions of one user with rows at these times, record by record. */
function sessionsWith(records: readonly (readonly number[])[]): unknown[] {
  const metric = { ...counting, outOfOrdernessMs: 50 };
  const entries = records.map((times, offset): LogEntry => {
    return { offset, appendMs: 1e6, rows: times.map((at) => ({ at, user: 'ann' })) };
  });
  const log = new PartitionLog(schema, 0, [...entries, { offset: 99, appendMs: 1e6, rows: [], advanceToMs: 1e5 }]);
  return applyInBatches(newAggregator(schema, [metric], log), log, [])
    .closed.flatMap(sessionsOf)
    .map(({ startMs, endMs, measures }) => [startMs, endMs, measures['n']]);
}

function sessionsOf({ startMs, endMs, results, metric }: ClosedWindow) {
  if (results === null) throw new Error('a session without a result');
  expect(results).toMatchObject({
    startMs,
    endMs,
    final: true,
    retracted: metric.having === null ? null : results.retracted,
  });
  expect(decodeGroupKey(results.groups.bytes, metric, schema)).toHaveLength(metric.groupBy.length);
  const { revision } = results;
  return plainResults(results, schema).map(({ group, measures, truncated }) => {
    return { startMs, endMs, revision, group, measures, truncated };
  });
}

function inTextOrder<T>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
