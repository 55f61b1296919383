import type { SlicedWindows } from '../windowing/sliced-windows';
import { endOf, startOf } from '../windowing/sliced-windows';
import type { ByteReader } from './checkpoint/byte-reader';
import { ByteWriter } from './checkpoint/byte-writer';
import type { MetricDefinition } from './definition';
import type { LateCount } from './output';

/** A window that ended this long before the watermark is past being counted for; its late rows are still reported. */
export const LATE_COUNT_HORIZON_MS = 24 * 60 * 60 * 1000;

const BUCKET_MS = 60 * 60 * 1000;

interface Count {
  count: number;
  revision: number;
  /** Rows below this raw position were counted before the rebuild. */
  countedThrough: number;
}

const writer = new ByteWriter();

/** How many rows each closed window of one metric has missed. */
export class LateCounts {
  private readonly counts = new Map<number, Count>();
  private readonly untold = new Set<number>();
  private unsaved = new Set<number>();

  /** @param windows how the windows that rows miss are numbered */
  constructor(
    private readonly metric: MetricDefinition,
    private readonly windows: SlicedWindows,
  ) {}

  /** Counts a row that missed a window; `watermarkMs` is what it was judged by. */
  add(window: number, rawOffset: number, watermarkMs: number): void {
    if (this.isPast(window, watermarkMs)) return;
    let count = this.counts.get(window);
    if (!count) {
      count = { count: 0, revision: 0, countedThrough: 0 };
      this.counts.set(window, count);
    }
    if (rawOffset < count.countedThrough) return;
    count.count++;
    count.revision = Math.max(count.revision, rawOffset + 1); // rows come slice by slice, not in raw order
    this.untold.add(window);
    this.unsaved.add(window);
  }

  /** Goes on from a count that was published before. */
  seed({ startMs, count, revision }: LateCount): void {
    const window = startMs / this.windows.hopMs;
    this.counts.set(window, { count, revision, countedThrough: revision });
    this.unsaved.add(window);
  }

  /** Counts that have changed since the last call, by window. */
  take(): LateCount[] {
    const { metric, windows } = this;
    const taken = [...this.untold]
      .sort((a, b) => a - b)
      .map((window) => {
        const { count, revision } = this.counts.get(window) as Count;
        return { metric, startMs: startOf(windows, window), endMs: endOf(windows, window), count, revision };
      });
    this.untold.clear();
    return taken;
  }

  /** Forgets what nothing can change any more; returns the buckets that are empty now. */
  prune(watermarkMs: number): number[] {
    const emptied = new Set<number>();
    for (const window of this.counts.keys()) {
      if (!this.isPast(window, watermarkMs) || this.untold.has(window)) continue;
      this.counts.delete(window);
      this.unsaved.delete(window);
      emptied.add(this.bucketOf(window));
    }
    if (emptied.size > 0) for (const window of this.counts.keys()) emptied.delete(this.bucketOf(window));
    return [...emptied];
  }

  get size(): number {
    return this.counts.size;
  }

  get unsavedCount(): number {
    return this.unsaved.size;
  }

  /** Windows whose count the checkpoint does not have yet. */
  unsavedWindows(): number[] {
    return [...this.unsaved];
  }

  /** The same by bucket: an hour of window starts. */
  unsavedBuckets(): Map<number, number[]> {
    return this.bucketsOf(this.unsaved);
  }

  clearUnsaved(): void {
    this.unsaved = new Set();
  }

  /** All windows that are counted for, by bucket. */
  buckets(): Map<number, number[]> {
    return this.bucketsOf(this.counts.keys());
  }

  /** Writes some windows' counts. */
  encode(windows: readonly number[]): Uint8Array {
    writer.clear();
    writer.count(windows.length);
    for (const window of windows) {
      const { count, revision, countedThrough } = this.counts.get(window) as Count;
      writer.integer(window);
      writer.count(count);
      writer.count(revision);
      writer.count(countedThrough);
    }
    return writer.toBytes();
  }

  /** Takes over what `encode` wrote; returns the windows. */
  restore(reader: ByteReader): number[] {
    const windows = Array.from({ length: reader.length() }, () => {
      const window = reader.integer();
      this.counts.set(window, { count: reader.count(), revision: reader.count(), countedThrough: reader.count() });
      return window;
    });
    reader.finish();
    return windows;
  }

  /** As `restore`, for counts that no delta holds. */
  restoreUnsaved(reader: ByteReader): void {
    for (const window of this.restore(reader)) this.unsaved.add(window);
  }

  private isPast(window: number, watermarkMs: number): boolean {
    return endOf(this.windows, window) <= watermarkMs - LATE_COUNT_HORIZON_MS;
  }

  private bucketOf(window: number): number {
    return Math.floor(startOf(this.windows, window) / BUCKET_MS) * BUCKET_MS;
  }

  private bucketsOf(windows: Iterable<number>): Map<number, number[]> {
    const buckets = new Map<number, number[]>();
    for (const window of windows) {
      const bucket = this.bucketOf(window);
      const members = buckets.get(bucket);
      if (members) members.push(window);
      else buckets.set(bucket, [window]);
    }
    return buckets;
  }
}
