import type { LateRow, MetricDefinition, PartBlock, ResultBlock } from '@tillstream/core';
import { PartitionAggregator, WindowMerge, closedBeforeMs, isTotal, splitPart } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { BatchFeed } from './batch-feed';
import type { FeedStart } from './feed-start';

/** One partition, and where its batches come from. */
export interface RecomputedPartition {
  readonly start: FeedStart;
  readonly feed: BatchFeed;
}

export interface RecomputationOptions {
  readonly definition: StreamDefinition;
  /** The metrics to compute, in the order of the definition. */
  readonly metrics: readonly MetricDefinition[];
  /** By partition, all of them. */
  readonly partitions: readonly RecomputedPartition[];
  /** Windows that begin in [fromMs, toMs) are wanted. No partition may lack rows of them. */
  readonly fromMs: number;
  readonly toMs: number;
  /** No partition lacks rows from here on, if that is earlier: sessions need what is before them. */
  readonly knownFromMs?: number;
  /** Called when a partition has gone on. */
  readonly onProgress?: () => void;
  readonly onLate?: (partition: number, rows: readonly LateRow[]) => void;
}

/** A window closed by all partitions that decide about it, as it goes into one partition of `metrics`. */
export interface RecomputedWindow {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  /** Partition of `metrics`. */
  readonly partition: number;
  /** Null: no group has a result. */
  readonly results: ResultBlock | null;
}

/** One partition while it is recomputed. */
interface Running {
  readonly feed: BatchFeed;
  readonly aggregator: PartitionAggregator;
  done: boolean;
}

/**
 * Computes the windows of a range of time once more, with the classes that compute them live, off to the side: nothing
 * is written, and no checkpoint is touched. The partition that is furthest behind in event time is read on, so that no
 * more is held than what the partitions differ in.
 */
export class Recomputation {
  private readonly running: readonly Running[];
  private readonly merges: readonly WindowMerge[];
  /** The watermark input at which a partition has nothing more to say. */
  private readonly doneAtMs: number;

  constructor(private readonly options: RecomputationOptions) {
    const { definition, metrics, partitions, fromMs, knownFromMs = fromMs, toMs } = options;
    const { schema } = definition;
    this.running = partitions.map(({ start, feed }) => ({
      feed,
      aggregator: PartitionAggregator.create(
        { schema, metrics, partition: start.partition },
        { next: start.next, before: start.position, completeFromMs: knownFromMs },
      ),
      done: false,
    }));
    this.merges = partitions.map(
      () =>
        new WindowMerge({
          schema,
          metrics,
          partitions: partitions.length,
          frontiers: partitions.map(({ start }) => start.position.watermarkInputMs),
        }),
    );
    this.doneAtMs = Math.max(
      -Infinity,
      ...metrics.map(({ window, outOfOrdernessMs }) => closedBeforeMs(window, toMs) + outOfOrdernessMs),
    );
  }

  /** Every window of the range that the log closes, each once for every partition of `metrics` that it goes to. */
  async *windows(): AsyncGenerator<RecomputedWindow, void, void> {
    for (let running = this.furthestBehind(); running; running = this.furthestBehind()) {
      const batch = await running.feed.next();
      if (batch) {
        running.aggregator.apply(batch);
        yield* this.take(running);
      }
      running.done = batch === null || running.aggregator.watermarkInputMs >= this.doneAtMs;
      this.options.onProgress?.();
    }
  }

  /** By partition: how far its time has come. */
  get watermarkInputsMs(): readonly number[] {
    return this.running.map(({ aggregator }) => aggregator.watermarkInputMs);
  }

  /** What windows hold so far that the log has not closed, once `windows` has come to its end. */
  *openWindows(): Generator<RecomputedWindow, void, void> {
    const { metrics } = this.options;
    for (const { feed, aggregator } of this.running) {
      for (const metric of metrics) {
        const { results, parts } = aggregator.takeProvisional(metric);
        for (const part of parts) this.deal(feed.partition, part);
        for (const block of results) if (this.isWantedOpen(block)) yield windowOf(block, feed.partition);
      }
    }
    for (const [target, merge] of this.merges.entries()) {
      for (const block of metrics.flatMap((metric) => merge.takeProvisional(metric))) {
        if (this.isWantedOpen(block)) yield windowOf(block, target);
      }
    }
  }

  private *take({ feed, aggregator }: Running): Generator<RecomputedWindow, void, void> {
    const { partition } = feed;
    for (const { metric, startMs, endMs, results, part } of aggregator.takeClosed()) {
      if (part) this.deal(partition, part);
      if (metric.local && this.isWanted(startMs)) yield { metric, startMs, endMs, partition, results };
    }
    const { rows } = aggregator.takeLate();
    if (rows.length > 0) this.options.onLate?.(partition, rows);
    for (const [target, merge] of this.merges.entries()) {
      merge.applyFrontier(partition, aggregator.watermarkInputMs);
      for (const window of merge.takeClosed()) {
        if (this.isWanted(window.startMs)) yield { ...window, partition: target };
      }
    }
  }

  private deal(source: number, part: PartBlock): void {
    splitPart(part, this.merges.length).forEach((share, target) => {
      if (share) this.merges[target]?.applyPart(source, share, 0);
    });
  }

  /** A running total begins before any range. */
  private isWantedOpen({ metric, startMs }: ResultBlock): boolean {
    return isTotal(metric.window) || this.isWanted(startMs);
  }

  private isWanted(startMs: number): boolean {
    return startMs >= this.options.fromMs && startMs < this.options.toMs;
  }

  private furthestBehind(): Running | undefined {
    let found: Running | undefined;
    for (const running of this.running) {
      if (running.done) continue;
      if (!found || running.aggregator.watermarkInputMs < found.aggregator.watermarkInputMs) found = running;
    }
    return found;
  }
}

function windowOf(results: ResultBlock, partition: number): RecomputedWindow {
  const { metric, startMs, endMs } = results;
  return { metric, startMs, endMs, partition, results };
}
