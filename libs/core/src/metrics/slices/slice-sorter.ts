import { grownInts } from '../../windowing/grow';
import type { SlicedWindows } from '../../windowing/sliced-windows';
import { sliceAt, sliceStart } from '../../windowing/sliced-windows';

const CACHE = 64;

/**
 * Sorts selected rows by the slice they belong to, keeping their order within a slice. Rows usually come in stretches of
 * one slice, so a slice is looked up only where it changes.
 */
export class SliceSorter {
  /** The selected rows, slice by slice. */
  rows = new Int32Array(0);
  /** Slices in order of first sight; slice i has rows[starts[i], starts[i + 1]). */
  readonly slices: number[] = [];
  readonly starts: number[] = [];
  private unsorted = new Int32Array(0);
  private ordinals = new Int32Array(0);
  private readonly ordinalOf = new Map<number, number>();
  private readonly cachedSlices = new Float64Array(CACHE);
  private readonly cachedOrdinals = new Int32Array(CACHE);
  private readonly counts: number[] = [];

  /** Selects the rows of [from, to) that every mask has a 1 for and whose time is known. */
  sort(
    windows: SlicedWindows,
    times: Float64Array,
    mask: Uint8Array | null,
    otherMask: Uint8Array | null,
    from: number,
    to: number,
  ): void {
    this.begin(to - from);
    const { unsorted, ordinals, counts } = this;
    let selected = 0;
    let ordinal = -1;
    let startMs = NaN; // of the last row's slice
    let endMs = NaN;
    for (let row = from; row < to; row++) {
      if (mask !== null && mask[row] === 0) continue;
      if (otherMask !== null && otherMask[row] === 0) continue;
      const time = times[row] as number;
      if (!(time >= startMs && time < endMs)) {
        const slice = sliceAt(windows, time);
        if (Number.isNaN(slice)) continue;
        ordinal = this.ordinal(slice);
        startMs = sliceStart(windows, slice);
        endMs = sliceStart(windows, slice + 1);
      }
      unsorted[selected] = row;
      ordinals[selected++] = ordinal;
      counts[ordinal] = (counts[ordinal] as number) + 1;
    }
    this.distribute(selected);
  }

  private begin(rows: number): void {
    this.unsorted = grownInts(this.unsorted, rows);
    this.ordinals = grownInts(this.ordinals, rows);
    this.slices.length = 0;
    this.starts.length = 0;
    this.counts.length = 0;
    this.ordinalOf.clear();
    this.cachedSlices.fill(NaN);
  }

  private ordinal(slice: number): number {
    const place = slice & (CACHE - 1);
    if (this.cachedSlices[place] === slice) return this.cachedOrdinals[place] as number;
    let ordinal = this.ordinalOf.get(slice);
    if (ordinal === undefined) {
      ordinal = this.slices.push(slice) - 1;
      this.counts.push(0);
      this.ordinalOf.set(slice, ordinal);
    }
    this.cachedSlices[place] = slice;
    this.cachedOrdinals[place] = ordinal;
    return ordinal;
  }

  private distribute(selected: number): void {
    let start = 0;
    for (const count of this.counts) {
      this.starts.push(start);
      start += count;
    }
    this.starts.push(start);
    if (this.slices.length <= 1) {
      [this.rows, this.unsorted] = [this.unsorted, this.rows];
      return;
    }
    this.rows = grownInts(this.rows, selected);
    const next = Int32Array.from(this.starts);
    const { rows, unsorted, ordinals } = this;
    for (let i = 0; i < selected; i++) {
      const ordinal = ordinals[i] as number;
      const at = next[ordinal] as number;
      rows[at] = unsorted[i] as number;
      next[ordinal] = at + 1;
    }
  }
}
