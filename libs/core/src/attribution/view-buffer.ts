import type { DeltaBook } from '../metrics/slices/delta-book';
import type { FoundViews } from './found-views';
import { VIEW_BYTES, decodeViews, encodeViews } from './view-codec';
import { ViewSlice } from './view-slice';

const MINUTE_MS = 60_000;
/** A purchase looks at no more slices than this and one: where views are kept for longer than an hour they are wider than a minute. */
const MAX_SLICES = 60;

/** The views that purchases may still need, in slices of event time. */
export class ViewBuffer {
  /** Views held. */
  count = 0;
  readonly sliceMs: number;
  private readonly slices = new Map<number, ViewSlice>();
  private unsaved = 0;
  /** Before this watermark no slice ends that has not ended already. */
  private nextEndMs = -Infinity;

  constructor(private readonly withinMs: number) {
    this.sliceMs = Math.max(MINUTE_MS, Math.ceil(withinMs / MAX_SLICES));
  }

  add(hash: Int32Array, timeMs: number, offset: number, index: number): void {
    this.sliceAt(timeMs).add(hash, timeMs, offset, index);
    this.count++;
    this.unsaved++;
  }

  /** The newest views that may have led to a purchase at `timeMs`. */
  find(hash: Int32Array, timeMs: number, found: FoundViews): void {
    const fromMs = timeMs - this.withinMs;
    found.clear();
    // Slices are stretches of time, one before the other: what an older one has is older.
    for (let at = this.startOf(timeMs - 1); at + this.sliceMs > fromMs && !found.isEnough; at -= this.sliceMs) {
      found.steps++;
      this.slices.get(at)?.find(hash, fromMs, timeMs, found);
    }
  }

  /** Drops slices that no purchase can need that is not decided at `watermarkMs`. @param nameOf what the checkpoint calls a slice */
  advance(watermarkMs: number, book: DeltaBook, nameOf: (startMs: number) => string): void {
    if (watermarkMs < this.nextEndMs) return;
    this.nextEndMs = this.startOf(watermarkMs) + this.sliceMs;
    for (const slice of this.slices.values()) {
      const endMs = slice.startMs + this.sliceMs;
      if (endMs > watermarkMs) continue;
      if (endMs + this.withinMs > watermarkMs) {
        slice.trim();
        continue;
      }
      this.slices.delete(slice.startMs);
      this.count -= slice.count;
      this.unsaved -= slice.count - slice.saved;
      book.drop(nameOf(slice.startMs));
    }
  }

  /** About how many bytes `save` would write now. */
  unsavedBytes(): number {
    return this.unsaved * VIEW_BYTES;
  }

  /** Writes what the checkpoint does not have. */
  save(book: DeltaBook, nameOf: (startMs: number) => string): void {
    if (this.unsaved === 0) return;
    for (const slice of this.slices.values()) {
      if (slice.saved === slice.count) continue;
      const delta = encodeViews(slice, slice.saved);
      book.write(nameOf(slice.startMs), delta, slice.count * VIEW_BYTES, () => encodeViews(slice, 0));
      slice.saved = slice.count;
    }
    this.unsaved = 0;
  }

  /** Takes over what `save` wrote for the slice that begins at `startMs`. @throws RangeError for what it cannot have written */
  restore(startMs: number, bytes: Uint8Array): void {
    if (this.startOf(startMs) !== startMs) throw new RangeError(`no slice of views begins at ${startMs}`);
    const slice = this.sliceAt(startMs);
    this.count -= slice.count;
    decodeViews(slice, bytes);
    this.count += slice.count;
  }

  /** What views take in memory. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.slices.values()) sum += bytes;
    return sum;
  }

  get sliceCount(): number {
    return this.slices.size;
  }

  private startOf(timeMs: number): number {
    return Math.floor(timeMs / this.sliceMs) * this.sliceMs;
  }

  private sliceAt(timeMs: number): ViewSlice {
    const startMs = this.startOf(timeMs);
    let slice = this.slices.get(startMs);
    if (slice === undefined) {
      slice = new ViewSlice(startMs);
      this.slices.set(startMs, slice);
    }
    return slice;
  }
}
