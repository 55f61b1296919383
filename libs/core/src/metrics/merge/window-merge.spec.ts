import * as fc from 'fast-check';
import type { MetricDefinition } from '../definition';
import type { PartBlock } from '../output';
import { splitPart } from './split-part';
import { logEntries, metricLists, testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults, sortedResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';
import { hoppingOf, judgePartition, resultsOf } from '../testing/window-oracle';
import { NEVER } from '../metric-span';
import type { MergedWindow } from './window-merge';
import { WindowMerge } from './window-merge';

const schema = testSchema;
const END = { appendMs: 1e9, rows: [], advanceToMs: 1e8 };

/** Logs of several partitions, each with users of its own, all closed in the end. */
const partitionLogs = fc.integer({ min: 1, max: 4 }).chain((partitions) =>
  fc.tuple(
    ...Array.from({ length: partitions }, (_, p) =>
      logEntries([`ann${p}`, `bob${p}`, `cat${p}`], 8).map((entries) => {
        const offset = (entries.at(-1)?.offset ?? -1) + 1;
        return new PartitionLog(schema, p, [...entries, { offset, ...END }]);
      }),
    ),
  ),
);

/** Windows of a few slices only: how slices make a window is not what is tested here. */
const mergedMetrics = metricLists.map((metrics) => metrics.slice(0, 2).map((metric) => narrow(unlocal(metric))));

/** What one partition sends, in its order. */
type Sent = { readonly part: PartBlock } | { readonly frontier: number };

describe('WindowMerge', () => {
  it('tells no window that one of the sources has only a part of', () => {
    fc.assert(
      fc.property(
        mergedMetrics,
        partitionLogs,
        fc.nat(),
        fc.integer({ min: -100, max: 300 }),
        (metrics, logs, at, fromMs) => {
          const sent = logs.map((log) => sentBy(log, metrics, 1));
          const all = mergeAll(metrics, interleave(sent, []));
          const some = mergeAll(metrics, interleave(sent, []), (merge) => {
            for (const { identity } of metrics)
              merge.applySpan(at % logs.length, identity, { fromMs, untilMs: fromMs + 150 });
          });
          const isWhole = ({ startMs }: MergedWindow): boolean => startMs >= fromMs && startMs < fromMs + 150;
          expect(some).toEqual(all.map((window) => (isWhole(window) ? window : { ...window, results: null })));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives what looking at every row of every partition gives, byte for byte the same in any interleaving', () => {
    fc.assert(
      fc.property(mergedMetrics, partitionLogs, fc.array(fc.nat(), { maxLength: 200 }), (metrics, logs, order) => {
        const sent = logs.map((log) => sentBy(log, metrics, order.length % 3));
        const first = mergeAll(metrics, interleave(sent, order));
        const second = mergeAll(metrics, interleave(sent, []));
        const inPlace = (windows: MergedWindow[]) =>
          windows.sort((a, b) => a.endMs - b.endMs || metrics.indexOf(a.metric) - metrics.indexOf(b.metric));
        expect(inPlace(first)).toEqual(inPlace(second));

        for (const metric of metrics) {
          const verdicts = logs.map((log) => judgePartition(log, metric, schema).closed);
          const starts = new Set(verdicts.flatMap((closed) => [...closed.keys()]));
          const expected = [...starts].map((startMs) => {
            const parts = verdicts.flatMap((closed) => closed.get(startMs) ?? []);
            const results = sortedResults(
              resultsOf(
                metric,
                schema,
                parts.flatMap(({ rows }) => rows),
              ),
            );
            const revision = parts.reduce((sum, part) => sum + part.revision, 0);
            return { startMs, revision: results.length > 0 ? revision : null, results };
          });
          const told = first
            .filter((window) => window.metric === metric)
            .map(({ startMs, results }) => ({
              startMs,
              revision: results?.revision ?? null,
              results: results ? sortedResults(plainResults(results, schema)) : [],
            }));
          const byStart = (a: { startMs: number }, b: { startMs: number }) => a.startMs - b.startMs;
          expect(told.sort(byStart)).toEqual(expected.sort(byStart));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('goes on from its low water and frontiers after a restart at any place, and tells the same finals', () => {
    fc.assert(
      fc.property(
        mergedMetrics,
        partitionLogs,
        fc.array(fc.nat(), { maxLength: 100 }),
        fc.nat(),
        (metrics, logs, order, cut) => {
          const topic = interleave(
            logs.map((log) => sentBy(log, metrics, 1)),
            order,
          );
          const smooth = mergeAll(metrics, topic);
          const partitions = logs.length;
          const before = new WindowMerge({ schema, metrics, partitions });
          const told: MergedWindow[] = [];
          const stop = topic.length === 0 ? 0 : cut % topic.length;
          topic.slice(0, stop).forEach((item, offset) => told.push(...step(before, item, offset)));
          const frontiers = before.frontiers();
          const from = before.lowWater() ?? stop;
          const after = new WindowMerge({ schema, metrics, partitions, frontiers });
          topic.slice(from).forEach((item, i) => told.push(...step(after, item, from + i)));
          expect(told).toEqual(smooth);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps who reads its provisional results up to date, and takes back what no longer satisfies having', () => {
    fc.assert(
      fc.property(mergedMetrics, partitionLogs, fc.array(fc.nat(), { maxLength: 100 }), (metrics, logs, order) => {
        const topic = interleave(
          logs.map((log) => sentBy(log, metrics, 1)),
          order,
        );
        const merge = new WindowMerge({ schema, metrics, partitions: logs.length });
        const askEvery = Math.ceil(topic.length / 4);
        const view = new Map<string, unknown>();
        topic.forEach((item, offset) => {
          for (const { metric, startMs } of step(merge, item, offset)) {
            for (const key of view.keys()) if (key.startsWith(`${metric.identity}|${startMs}|`)) view.delete(key);
          }
          if (offset % askEvery !== 0) return;
          for (const metric of metrics) {
            for (const block of merge.takeProvisional(metric)) {
              for (const { retracted, ...row } of plainResults(block, schema)) {
                const key = `${metric.identity}|${block.startMs}|${JSON.stringify(row.group)}`;
                if (retracted) expect(view.delete(key)).toBe(true);
                else view.set(key, row);
              }
            }
            expect(merge.provisionalSize(metric)).toBe(0);
          }
          expect(new Map([...view].sort())).toEqual(
            new Map([...everythingOpen(metrics, logs.length, topic, offset)].sort()),
          );
        });
      }),
      { numRuns: 100 },
    );
  });

  const [aMetric] = fc.sample(mergedMetrics, { seed: 1, numRuns: 1 })[0] ?? [];
  const tumbling: MetricDefinition = {
    ...(aMetric as MetricDefinition),
    where: null,
    groupBy: [],
    having: null,
    outOfOrdernessMs: 0,
    window: { sizeMs: 10, hopMs: 10 },
    measures: [{ kind: 'count', name: 'n', where: null }],
  };
  const partOf = (rows: number, frozen: boolean, revision: number): PartBlock => {
    const entries = [{ offset: 0, appendMs: 5, rows: Array.from({ length: rows }, () => ({ at: 5, user: 'ann' })) }];
    const aggregator = newAggregator(schema, [tumbling], new PartitionLog(schema, 0, entries));
    aggregator.apply(new PartitionLog(schema, 0, entries).batch(0, 1));
    return { ...(aggregator.takeProvisional(tumbling).parts[0] as PartBlock), frozen, revision };
  };
  const options = { schema, metrics: [tumbling] };
  const counted = (windows: MergedWindow[]) =>
    windows.map(({ results }) => results && plainResults(results, schema)[0]?.measures['n']);

  it('takes the frozen part over any open one, and the higher revision among equals', () => {
    const merge = new WindowMerge({ ...options, partitions: 1 });
    merge.applyPart(0, partOf(3, false, 30), 0);
    merge.applyPart(0, partOf(2, false, 20), 1); // a zombie
    expect(
      counted([{ metric: tumbling, startMs: 0, endMs: 10, results: merge.takeProvisional(tumbling)[0] ?? null }]),
    ).toEqual([3]);
    merge.applyPart(0, partOf(4, true, 25), 2);
    merge.applyPart(0, partOf(5, false, 99), 3); // another one, with rows that came late
    merge.applyFrontier(0, 10);
    expect(counted(merge.takeClosed())).toEqual([4]);
  });

  it('waits for a partition that has passed the window and does not know the metric yet', () => {
    const merge = new WindowMerge({ ...options, partitions: 2 });
    merge.applyPart(0, partOf(1, true, 1), 0);
    merge.applySpan(1, tumbling.identity, NEVER);
    for (const source of [0, 1]) merge.applyFrontier(source, 10);
    expect(merge.takeClosed()).toEqual([]);
    merge.applySpan(1, tumbling.identity, { fromMs: 0, untilMs: Infinity });
    expect(counted(merge.takeClosed())).toEqual([1]);
  });

  it('does not wait for a partition that will never know a metric that is retired', () => {
    const merge = new WindowMerge({ ...options, partitions: 2, retired: new Set([tumbling.identity]) });
    merge.applyPart(0, partOf(1, true, 1), 0);
    merge.applySpan(1, tumbling.identity, NEVER);
    for (const source of [0, 1]) merge.applyFrontier(source, 10);
    expect(counted(merge.takeClosed())).toEqual([null]);
  });

  it('waits for the slowest partition, heard of or not', () => {
    const merge = new WindowMerge({ ...options, partitions: 2 });
    merge.applyPart(0, partOf(1, true, 1), 0);
    merge.applyFrontier(0, 100);
    expect(merge.takeClosed()).toEqual([]);
    merge.applyFrontier(1, 9);
    expect(merge.takeClosed()).toEqual([]);
    merge.applyFrontier(1, 10);
    merge.applyFrontier(1, 3); // repeated by a zombie
    expect(counted(merge.takeClosed())).toEqual([1]);
    expect(merge.lowWater()).toBeNull();
    expect(merge.frontiers()).toEqual([100, 10]);
  });

  it('ignores parts of closed windows, of unknown metrics and of windows before it may tell', () => {
    const merge = new WindowMerge({ ...options, partitions: 1, frontiers: [50], publishAfterEndMs: 60 });
    const part = partOf(1, true, 1);
    merge.applyPart(0, part, 0);
    merge.applyPart(0, { ...part, startMs: 50, endMs: 60 }, 1);
    merge.applyPart(0, { ...part, startMs: 60, endMs: 70, metric: 'other@1' }, 2);
    expect(merge.lowWater()).toBeNull();
    merge.applyPart(0, { ...part, startMs: 60, endMs: 70 }, 3);
    expect(merge.lowWater()).toBe(3);
  });

  it('refuses parts that are cut short or of a later version', () => {
    const part = partOf(1, true, 1);
    const { accumulators } = part;
    const later = { ...accumulators, bytes: Uint8Array.of(99, ...accumulators.bytes.subarray(1)) };
    const short = { ...accumulators, offsets: Uint32Array.of(0, accumulators.bytes.length - 1) };
    for (const spoilt of [later, short]) {
      const merge = new WindowMerge({ ...options, partitions: 1 });
      expect(() => merge.applyPart(0, { ...part, accumulators: spoilt }, 0)).toThrow(RangeError);
    }
  });
});

describe('splitPart', () => {
  it('gives each group to one partition, the same from every source', () => {
    fc.assert(
      fc.property(mergedMetrics, partitionLogs, fc.integer({ min: 1, max: 5 }), (metrics, logs, partitions) => {
        const home = new Map<string, number>();
        for (const log of logs) {
          for (const item of sentBy(log, metrics, 1)) {
            if (!('part' in item)) continue;
            const shares = splitPart(item.part, partitions);
            expect(shares).toHaveLength(partitions);
            expect(shares.reduce((sum, share) => sum + (share?.groups.count ?? 0), 0)).toBe(item.part.groups.count);
            shares.forEach((share, q) => {
              for (let i = 0; i < (share?.groups.count ?? 0); i++) {
                const { metric, startMs, groups } = share as PartBlock;
                const key = `${metric}|${startMs}|${groups.bytes.subarray(groups.offsets[i], groups.offsets[i + 1]).join()}`;
                expect(home.get(key) ?? q).toBe(q);
                home.set(key, q);
              }
            });
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('loses nothing: the shares merged one by one give what the whole gives', () => {
    fc.assert(
      fc.property(mergedMetrics, partitionLogs, fc.integer({ min: 2, max: 4 }), (metrics, logs, partitions) => {
        const topic = interleave(
          logs.map((log) => sentBy(log, metrics, 1)),
          [],
        );
        const whole = mergeAll(metrics, topic);
        const shares = Array.from({ length: partitions }, (_, q) =>
          mergeAll(
            metrics,
            topic.map(({ source, item }) =>
              'part' in item && item.part
                ? { source, item: { part: splitPart(item.part, partitions)[q] ?? null } }
                : { source, item },
            ),
          ),
        ).flat();
        const rows = (windows: MergedWindow[]) =>
          windows
            .flatMap(({ metric, startMs, results }) =>
              results
                ? plainResults(results, schema).map((row) => JSON.stringify([metric.identity, startMs, row]))
                : [],
            )
            .sort();
        expect(rows(shares)).toEqual(rows(whole));
      }),
      { numRuns: 50 },
    );
  });
});

interface Placed {
  readonly source: number;
  readonly item: { readonly part: PartBlock | null } | { readonly frontier: number };
}

/** What a partition sends: open parts now and then, frozen parts, and the frontier behind them. */
function sentBy(log: PartitionLog, metrics: readonly MetricDefinition[], everyOther: number): Sent[] {
  const aggregator = newAggregator(schema, metrics, log);
  const sent: Sent[] = [];
  log.entries.forEach((_, i) => {
    aggregator.apply(log.batch(i, i + 1));
    for (const { part } of aggregator.takeClosed()) if (part) sent.push({ part });
    if (everyOther === 0 || i % everyOther === 0) {
      for (const metric of metrics) for (const part of aggregator.takeProvisional(metric).parts) sent.push({ part });
    }
    sent.push({ frontier: aggregator.watermarkInputMs });
  });
  return sent;
}

/** One topic of several senders, each in its own order. */
function interleave(sent: readonly (readonly Sent[])[], order: readonly number[]): Placed[] {
  const left = sent.map((items) => [...items]);
  const topic: Placed[] = [];
  for (let i = 0; left.some((items) => items.length > 0); i++) {
    const waiting = left.flatMap((items, source) => (items.length > 0 ? [source] : []));
    const source = waiting[(order[i % Math.max(1, order.length)] ?? i) % waiting.length] as number;
    topic.push({ source, item: left[source]?.shift() as Sent });
  }
  return topic;
}

function step(merge: WindowMerge, { source, item }: Placed, offset: number): MergedWindow[] {
  if ('frontier' in item) merge.applyFrontier(source, item.frontier);
  else if (item.part) merge.applyPart(source, item.part, offset);
  return merge.takeClosed();
}

function mergeAll(
  metrics: readonly MetricDefinition[],
  topic: readonly Placed[],
  prepare: (merge: WindowMerge) => void = () => undefined,
): MergedWindow[] {
  const partitions = Math.max(...topic.map(({ source }) => source)) + 1;
  const merge = new WindowMerge({ schema, metrics, partitions });
  prepare(merge);
  return topic.flatMap((item, offset) => step(merge, item, offset));
}

/** Open windows of a merge that has never been asked before. */
function everythingOpen(
  metrics: readonly MetricDefinition[],
  partitions: number,
  topic: readonly Placed[],
  upTo: number,
) {
  const merge = new WindowMerge({ schema, metrics, partitions });
  topic.slice(0, upTo + 1).forEach((item, offset) => step(merge, item, offset));
  const rows = metrics.flatMap((metric) =>
    merge.takeProvisional(metric).flatMap((block) =>
      plainResults(block, schema).map(({ group, measures, truncated }) => {
        return [
          `${metric.identity}|${block.startMs}|${JSON.stringify(group)}`,
          { group, measures, truncated },
        ] as const;
      }),
    ),
  );
  return new Map<string, unknown>(rows);
}

function narrow(metric: MetricDefinition): MetricDefinition {
  const { sizeMs, hopMs } = hoppingOf(metric);
  return { ...metric, window: { sizeMs: Math.min(sizeMs, 3 * hopMs), hopMs } };
}

function unlocal(metric: MetricDefinition): MetricDefinition {
  if (!metric.local) return metric;
  const measures = metric.measures.map((measure) =>
    measure.kind === 'distinct' ? { ...measure, field: 'user' } : measure,
  );
  return { ...metric, local: false, groupBy: metric.groupBy.filter((name) => name !== 'user'), measures };
}
