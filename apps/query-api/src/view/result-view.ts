import { ChangeSignal } from './change-signal';
import { MetricRows, type ViewMetric } from './metric-rows';
import type { Positions } from './positions';
import type { PlacedRecord } from './view-record';

/** After dropping, this share of the room is taken: dropping comes in steps, not with every record. */
const KEPT_SHARE = 0.95;

/**
 * The results of one stream as its metrics topic tells them. Records of one partition are applied in offset order;
 * nothing else is asked of their order, and any record may come again. No clock and no I/O.
 *
 * Holds at most `maxRows` rows (and the records of one batch more): of all metrics the windows that end first go first, so
 * that a day which is still open outlives the minutes in it; but never the last one.
 */
export class ResultView {
  readonly changes = new ChangeSignal();
  private readonly metrics = new Map<string, MetricRows>();
  private readonly next: number[];
  /** By partition, where the view begins. */
  private readonly begins: number[];
  /** Partitions whose first records had expired before they could be read. */
  private readonly trimmed = new Set<number>();
  private dropped = 0;
  private refused = 0;

  constructor(
    metrics: readonly ViewMetric[],
    readonly partitions: number,
    private readonly maxRows: number,
  ) {
    for (const metric of metrics) this.declare(metric);
    this.next = new Array<number>(partitions).fill(0);
    this.begins = new Array<number>(partitions).fill(0);
  }

  /** Holds results of a metric from now on; what is held of it stays. */
  declare(metric: ViewMetric): void {
    const known = this.metrics.get(metric.identity);
    if (known) known.metric = metric;
    else this.metrics.set(metric.identity, new MetricRows(metric, this.partitions, this.trimmed));
  }

  /** By partition, the first offset not yet applied. A copy. */
  get positions(): Positions {
    return [...this.next];
  }

  /** Rows held over all metrics, marks of rows that disappeared included. */
  get rows(): number {
    let sum = 0;
    for (const metric of this.metrics.values()) sum += metric.rows;
    return sum;
  }

  /** Windows dropped so far to stay within `maxRows`. */
  get droppedWindows(): number {
    return this.dropped;
  }

  /** Records about dropped windows that were not taken. */
  get refusedRecords(): number {
    return this.refused;
  }

  /** @throws Error when the view was not made for this metric. */
  metric(identity: string): MetricRows {
    const found = this.metrics.get(identity);
    if (!found) throw new Error(`the view holds no metric ${identity}`);
    return found;
  }

  completeFromMs(identity: string): number | null {
    return this.metric(identity).completeFromMs;
  }

  /** Windows of the metric that start before may lack results here. */
  seamMs(identity: string): number {
    return this.metric(identity).seamMs;
  }

  /** By partition: all that stands behind this offset and was read is held of the metric; -1: everything is. */
  lostThrough(identity: string): readonly number[] {
    return this.metric(identity).lostThrough.map((offset, partition) => Math.max(offset, this.begins[partition]! - 1));
  }

  /** What a reader saw up to `cursor` can no longer be brought up to date by changes alone. */
  hasForgottenSince(identity: string, cursor: Positions): boolean {
    return (
      this.begins.some((begin, partition) => cursor[partition]! < begin) ||
      this.metric(identity).hasForgottenSince(cursor)
    );
  }

  /** Records of the partition below `offset` have expired, and whatever they said is not known. */
  beginAt(partition: number, offset: number): void {
    this.begins[partition] = offset;
    this.next[partition] = offset;
    if (offset > 0) this.trimmed.add(partition);
  }

  /** Takes what one fetch of a partition brought, each record before the next is asked for, and wakes those who wait for changes. */
  apply(partition: number, records: Iterable<PlacedRecord>): void {
    for (const { offset, appendMs, record } of records) {
      if (offset < this.next[partition]!) continue;
      this.next[partition] = offset + 1;
      const metric = record && this.metrics.get(record.metric);
      if (metric && !metric.apply(record, { partition, offset, appendMs })) this.refused += 1;
    }
    this.makeRoom();
    this.changes.fire();
  }

  /** There are no records of the partition below `offset` that have not been applied. */
  skipTo(partition: number, offset: number): void {
    this.next[partition] = Math.max(this.next[partition]!, offset);
    this.changes.fire();
  }

  /** Gives up the windows about which nothing has been appended since `appendMs`. */
  dropAppendedBefore(appendMs: number): void {
    for (const metric of this.metrics.values()) metric.dropAppendedBefore(appendMs);
  }

  private makeRoom(): void {
    let rows = this.rows;
    if (rows <= this.maxRows) return;
    for (let oldest = this.oldest(); rows > this.maxRows * KEPT_SHARE && oldest; oldest = this.oldest()) {
      const before = oldest.rows;
      oldest.dropOldest();
      this.dropped += 1;
      rows -= before - oldest.rows;
    }
  }

  /** The metric that has the window that ends first; undefined when one window is all there is. */
  private oldest(): MetricRows | undefined {
    let windows = 0;
    let found: MetricRows | undefined;
    for (const metric of this.metrics.values()) {
      windows += metric.windowCount;
      if (metric.firstEndMs !== undefined && metric.firstEndMs < (found?.firstEndMs ?? Infinity)) found = metric;
    }
    return windows > 1 ? found : undefined;
  }
}
