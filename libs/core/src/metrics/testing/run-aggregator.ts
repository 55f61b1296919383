import type { StreamSchema } from '../../stream/schema';
import type { MetricDefinition } from '../definition';
import type { ClosedWindow, LateCount, LateRow } from '../output';
import { PartitionAggregator } from '../partition-aggregator';
import type { PartitionLog } from './partition-log';

/** Everything an aggregator tells for good, in the order in which it is told. */
export interface Told {
  readonly closed: ClosedWindow[];
  readonly late: LateRow[];
  readonly counts: LateCount[];
}

/** An aggregator that starts with a log's first record. */
export function newAggregator(
  schema: StreamSchema,
  metrics: readonly MetricDefinition[],
  log: PartitionLog,
  completeFromMs = -Infinity,
): PartitionAggregator {
  const start = { next: 0, before: log.before(0), completeFromMs };
  return PartitionAggregator.create({ schema, metrics, partition: log.partition }, start);
}

/** Applies a log in batches that end behind the given entries; the last batch ends with the log. */
export function applyInBatches(aggregator: PartitionAggregator, log: PartitionLog, ends: readonly number[]): Told {
  const told: Told = { closed: [], late: [], counts: [] };
  let from = 0;
  for (const end of [...ends, log.entries.length]) {
    const to = Math.min(end, log.entries.length);
    if (to < from) continue;
    aggregator.apply(log.batch(from, to));
    takeAll(aggregator, told);
    from = to;
  }
  return told;
}

/** Adds to `told` what the aggregator has to tell. */
export function takeAll(aggregator: PartitionAggregator, told: Told): void {
  told.closed.push(...aggregator.takeClosed());
  const { rows, counts } = aggregator.takeLate();
  told.late.push(...rows);
  told.counts.push(...counts);
}

/** The newest of each late count. */
export function newestCounts(counts: readonly LateCount[]): LateCount[] {
  const newest = new Map(counts.map((count) => [`${count.metric.identity}|${count.startMs}`, count]));
  return [...newest.values()];
}
