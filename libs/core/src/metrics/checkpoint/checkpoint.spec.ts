import * as fc from 'fast-check';
import { PartitionAggregator } from '../partition-aggregator';
import { logEntries, metricLists, testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import type { Told } from '../testing/run-aggregator';
import { applyInBatches, newAggregator, takeAll } from '../testing/run-aggregator';
import { SavedCheckpoint } from '../testing/saved-checkpoint';

const schema = testSchema;
const users = ['ann', 'bob', 'cat', 'a user with a rather long name', '', null];
const logs = logEntries(users).map((entries) => new PartitionLog(schema, 0, entries));

/** What happens behind each batch. */
const steps = fc.array(
  fc.record({
    entries: fc.nat(4),
    commit: fc.boolean(),
    restore: fc.boolean(),
    provisional: fc.boolean(),
    repeat: fc.boolean(),
  }),
  { maxLength: 15 },
);

/** From when on the windows are complete: all of them, or, behind a rebuild, those that begin within the log. */
const completeness = fc.oneof(fc.constant(-Infinity), fc.integer({ min: -200, max: 300 }));

describe('a checkpoint of PartitionAggregator', () => {
  it('restores an aggregator that tells the same from there on, whatever was committed when', () => {
    fc.assert(
      fc.property(metricLists, logs, steps, completeness, (metrics, log, life, completeFromMs) => {
        const options = { schema, metrics, partition: 0 };
        const smooth = applyInBatches(newAggregator(schema, metrics, log, completeFromMs), log, []);

        const told: Told = { closed: [], late: [], counts: [] };
        const saved = new SavedCheckpoint();
        let aggregator = newAggregator(schema, metrics, log, completeFromMs);
        saved.commit(aggregator.takeDeltas(), 0);
        let at = 0;
        for (const { entries, commit, restore, provisional, repeat } of [...life, LAST]) {
          const to = Math.min(at + entries, log.entries.length);
          aggregator.apply(log.batch(at, to));
          at = to;
          takeAll(aggregator, told);
          if (provisional) for (const metric of metrics) aggregator.takeProvisional(metric);
          if (commit || restore) saved.commit(aggregator.takeDeltas(), aggregator.next);
          if (!restore) continue;
          const copy = saved.restore(options, repeat);
          expectEqual(copy, aggregator);
          aggregator = copy;
        }
        expect(told.closed).toEqual(smooth.closed);
        expect(told.late).toEqual(smooth.late);
        expect(last(told.counts)).toEqual(last(smooth.counts));
      }),
      { numRuns: 300 },
    );
  });

  it('gives provisional results after a restore as if all had changed, and still takes back what was sent', () => {
    fc.assert(
      fc.property(metricLists, logs, fc.nat(25), fc.nat(25), (metrics, log, first, second) => {
        const options = { schema, metrics, partition: 0 };
        const [from, to] = [first, second].map((n) => Math.min(n, log.entries.length)).sort((a, b) => a - b) as [
          number,
          number,
        ];
        const saved = new SavedCheckpoint();
        const aggregator = newAggregator(schema, metrics, log);
        aggregator.apply(log.batch(0, from));
        for (const metric of metrics) aggregator.takeProvisional(metric);
        saved.commit(aggregator.takeDeltas(), aggregator.next);
        const copy = saved.restore(options, false);
        for (const each of [aggregator, copy]) each.apply(log.batch(from, to));

        for (const metric of metrics) {
          const changed = aggregator.takeProvisional(metric);
          const all = copy.takeProvisional(metric);
          for (const block of changed.results)
            expect(all.results.flatMap(upserts)).toEqual(expect.arrayContaining(upserts(block)));
          const everything = newAggregator(schema, metrics, log);
          everything.apply(log.batch(0, to));
          const { parts } = everything.takeProvisional(metric);
          expect(all.parts).toEqual(parts);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps no slice that no open window needs, and at most four times what is live', () => {
    fc.assert(
      fc.property(metricLists, logs, (metrics, log) => {
        const saved = new SavedCheckpoint();
        const aggregator = newAggregator(schema, metrics, log);
        log.entries.forEach((_, i) => {
          aggregator.apply(log.batch(i, i + 1));
          saved.commit(aggregator.takeDeltas(), aggregator.next);
        });
        const { slices } = aggregator.size();
        const kept = [...saved.slices.keys()].filter((name) => name.includes('/slice/'));
        expect(kept).toHaveLength(slices);

        const end = { offset: 1000, appendMs: 1e9, rows: [], advanceToMs: 2e8 };
        const finished = new PartitionLog(schema, 0, [...log.entries, end]);
        aggregator.apply(finished.batch(log.entries.length, log.entries.length + 1));
        aggregator.takeLate();
        saved.commit(aggregator.takeDeltas(), aggregator.next);
        expect([...saved.slices.keys()]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('replaces the deltas of a slice once they outgrow it', () => {
    const [metric] = fc.sample(metricLists, { seed: 1, numRuns: 1 })[0] ?? [];
    if (!metric) throw new Error('there is no metric');
    const metrics = [
      {
        ...metric,
        where: null,
        groupBy: ['kind'],
        local: false,
        measures: metric.measures.filter(({ kind }) => kind !== 'distinct'),
        having: null,
        outOfOrdernessMs: 60,
        window: { sizeMs: 100, hopMs: 100 },
      },
    ];
    const rows = [{ at: 50, user: 'ann', kind: 'view', quantity: 1 }];
    const entries = Array.from({ length: 2000 }, (_, offset) => ({ offset, appendMs: 50, rows }));
    const log = new PartitionLog(schema, 0, entries);
    const aggregator = newAggregator(schema, metrics, log);
    const saved = new SavedCheckpoint();
    let rewrites = 0;
    entries.forEach((_, i) => {
      aggregator.apply(log.batch(i, i + 1));
      const deltas = aggregator.takeDeltas();
      rewrites += deltas.rewrites.length;
      saved.commit(deltas, aggregator.next);
      const stored = [...saved.slices.values()].flat().reduce((sum, bytes) => sum + bytes.length, 0);
      expect(stored).toBeLessThan(5000);
    });
    expect(rewrites).toBeGreaterThan(0);
    expectEqual(saved.restore({ schema, metrics, partition: 0 }, false), aggregator);
  });

  it('says beforehand about how much it will write', () => {
    fc.assert(
      fc.property(metricLists, logs, (metrics, log) => {
        const aggregator = newAggregator(schema, metrics, log);
        aggregator.apply(log.batch(0, log.entries.length));
        const expected = aggregator.dirtyBytes();
        const written = aggregator.takeDeltas().deltas.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(written).toBeLessThan(3 * expected + 200);
        expect(aggregator.dirtyBytes()).toBe(0);
        expect(aggregator.takeDeltas().deltas).toEqual([]);
      }),
    );
  });

  it('resumes late counts from published ones, through a first checkpoint that has no slices', () => {
    const [metric] = fc.sample(metricLists, { seed: 2, numRuns: 1 })[0] ?? [];
    if (!metric) throw new Error('there is no metric');
    const tumbling = {
      ...metric,
      where: null,
      groupBy: [],
      local: false,
      measures: [{ kind: 'count' as const, name: 'n', where: null }],
      having: null,
      outOfOrdernessMs: 0,
      window: { sizeMs: 10, hopMs: 10 },
    };
    const row = (at: number) => ({ at, user: 'ann' });
    const log = new PartitionLog(schema, 0, [
      { offset: 5, appendMs: 1000, rows: [row(100)] },
      { offset: 6, appendMs: 1000, rows: [row(1), row(2)] },
      { offset: 7, appendMs: 1000, rows: [row(3)] },
    ]);
    const options = { schema, metrics: [tumbling], partition: 0 };
    const seeded = newAggregator(schema, [tumbling], log);
    seeded.seedLateCounts([{ metric: tumbling, startMs: 0, endMs: 10, count: 9, revision: 7 }]);
    const { state } = seeded.takeDeltas();
    const restored = PartitionAggregator.restore(options, { next: 0, state, deltas: [] });
    const saved = new SavedCheckpoint();
    restored.apply(log.batch(0, 2));
    expect(restored.takeLate().counts).toEqual([]); // both rows of offset 6 are below revision 7
    saved.commit(restored.takeDeltas(), restored.next);
    const again = saved.restore(options, false);
    again.apply(log.batch(2, 3));
    expect(again.takeLate().counts).toEqual([{ metric: tumbling, startMs: 0, endMs: 10, count: 10, revision: 8 }]);
  });

  it('begins a metric it does not know where it can be complete, and drops what is no longer declared', () => {
    const [metric] = fc.sample(metricLists, { seed: 3, numRuns: 1 })[0] ?? [];
    if (!metric) throw new Error('there is no metric');
    const old = {
      ...metric,
      where: null,
      groupBy: [],
      local: false,
      measures: [{ kind: 'count' as const, name: 'n', where: null }],
      having: null,
      outOfOrdernessMs: 0,
      window: { sizeMs: 10, hopMs: 10 },
    };
    const changed = { ...old, identity: 'metric0@changed' };
    const row = (at: number) => ({ at, user: 'ann' });
    const log = new PartitionLog(schema, 0, [
      { offset: 0, appendMs: 1000, rows: [row(3), row(12)] },
      { offset: 1, appendMs: 1000, rows: [row(25), row(50)] },
    ]);
    const aggregator = newAggregator(schema, [old], log);
    aggregator.apply(log.batch(0, 1));
    const saved = new SavedCheckpoint();
    saved.commit(aggregator.takeDeltas(), aggregator.next);
    const restored = saved.restore({ schema, metrics: [changed], partition: 0 }, false);
    restored.apply(log.batch(1, 2));
    expect(restored.takeClosed().map(({ startMs }) => startMs)).toEqual([20]);
    saved.commit(restored.takeDeltas(), restored.next);
    expect([...saved.slices.keys()]).toEqual([`${changed.identity}/slice/50`]);
  });

  it.each(['state', 'delta'])(
    'refuses a %s of a later version, that is cut short or goes on behind its end',
    (which) => {
      const metrics = (fc.sample(metricLists, { seed: 4, numRuns: 1 })[0] ?? []).map((metric) => ({
        ...metric,
        where: null,
        local: false,
        groupBy: [],
        having: null,
        measures: [
          {
            kind: 'collect' as const,
            name: 'names',
            field: 'user',
            fieldType: 'string' as const,
            limit: 2,
            where: null,
          },
        ],
      }));
      const log = new PartitionLog(schema, 0, [{ offset: 0, appendMs: 100, rows: [{ at: 50, user: 'ann' }] }]);
      const aggregator = newAggregator(schema, metrics, log);
      aggregator.apply(log.batch(0, 1));
      const { state, deltas } = aggregator.takeDeltas();
      const options = { schema, metrics, partition: 0 };
      const spoil = (bytes: Uint8Array) => [
        bytes.subarray(0, bytes.length - 1),
        Uint8Array.of(99, ...bytes.subarray(1)),
        Uint8Array.of(...bytes, 0),
      ];
      const first = deltas[0] as (typeof deltas)[number];
      const spoilt =
        which === 'state'
          ? spoil(state).map((bytes) => ({ next: 1, state: bytes, deltas }))
          : spoil(first.bytes).map((bytes) => ({ next: 1, state, deltas: [{ slice: first.slice, bytes }] }));
      for (const saved of spoilt) expect(() => PartitionAggregator.restore(options, saved)).toThrow(RangeError);
    },
  );
});

const LAST = { entries: 1000, commit: true, restore: false, provisional: true, repeat: false };

function expectEqual(copy: PartitionAggregator, original: PartitionAggregator): void {
  const scalars = ({ next, watermarkInputMs, maxEventTimeMs, maxAppendMs, held }: PartitionAggregator) => {
    return { next, watermarkInputMs, maxEventTimeMs, maxAppendMs, held };
  };
  expect(scalars(copy)).toEqual(scalars(original));
  // Steps that cancel out are kept or not, depending on the order in which members were seen.
  expect({ ...copy.size(), steps: 0 }).toEqual({ ...original.size(), steps: 0 });
  expect(copy.openUntilMs()).toBe(original.openUntilMs());
}

function upserts({
  startMs,
  groups,
  measures,
  revision,
  truncated,
}: ReturnType<PartitionAggregator['takeProvisional']>['results'][number]) {
  return Array.from({ length: groups.count }, (_, i) => ({
    startMs,
    revision,
    group: [...groups.bytes.subarray(groups.offsets[i], groups.offsets[i + 1])],
    truncated: truncated?.[i] ?? 0,
    measures: measures.map((column) => {
      if (column.kind === 'decimal') return column.texts[i];
      if (column.kind === 'number') return column.values[i];
      if (column.kind === 'value') {
        const item = column.at[i] as number;
        return item < 0 ? null : column.items.valueOf(item);
      }
      const { items, starts } = column;
      if (column.kind === 'ranking') {
        const ranked = Array.from({ length: items.count }, (_, item) => [items.valueOf(item), column.amounts[item]]);
        return ranked.slice(starts[i], starts[i + 1]);
      }
      return Array.from({ length: items.count }, (_, item) => items.valueOf(item)).slice(starts[i], starts[i + 1]);
    }),
  }));
}

function last(counts: Told['counts']): object {
  return Object.fromEntries(counts.map((count) => [`${count.metric.identity}|${count.startMs}`, count]));
}
