import type { WindowSpec } from '../metrics/definition';

/**
 * Hopping windows cut into slices. A slice is the stretch of one hop that every window touching it holds whole, so a row
 * is stored once whatever `size / hop` is. Slices and windows are named by the number of hops since the epoch at which
 * they begin: window w is made of the slices w … w + count − 1 and ends where slice w + count begins.
 */
export interface SlicedWindows {
  readonly sizeMs: number;
  readonly hopMs: number;
  /** Slices in a window: size / hop. */
  readonly count: number;
}

/** @throws RangeError unless size is a positive whole multiple of hop, both whole milliseconds. */
export function slicedWindows({ sizeMs, hopMs }: WindowSpec): SlicedWindows {
  if (!Number.isSafeInteger(hopMs) || !Number.isSafeInteger(sizeMs) || hopMs <= 0 || sizeMs <= 0 || sizeMs % hopMs) {
    throw new RangeError(`window size ${sizeMs} ms must be a positive multiple of its hop ${hopMs} ms`);
  }
  return { sizeMs, hopMs, count: sizeMs / hopMs };
}

/** The slice that holds an event time; half-open, so a slice's own start belongs to it. */
export function sliceAt({ hopMs }: SlicedWindows, timeMs: number): number {
  return Math.floor(timeMs / hopMs);
}

/** Start of a slice, and of the window of the same number. */
export function startOf({ hopMs }: SlicedWindows, index: number): number {
  return index * hopMs;
}

export function endOf({ hopMs, sizeMs }: SlicedWindows, window: number): number {
  return window * hopMs + sizeMs;
}

/** The oldest window that is not closed: a window is closed iff its end ≤ watermark. -Infinity before any watermark. */
export function firstOpenWindow({ hopMs, count }: SlicedWindows, watermarkMs: number): number {
  return Math.floor(watermarkMs / hopMs) - count + 1;
}

/** The oldest window that holds a slice. The newest one is the window that begins with it. */
export function oldestWindowOf({ count }: SlicedWindows, slice: number): number {
  return slice - count + 1;
}
