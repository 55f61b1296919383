import type { HoppingSpec } from '../metrics/definition';

/**
 * Hopping windows cut into slices: the stretches between two edges of windows. Every window that touches a slice holds it
 * whole, so a row is stored once whatever `size / hop` is. Windows are numbered by the hops since the epoch at which they begin.
 *
 * Where the size is a multiple of the hop, windows end where others begin, and a hop is one slice. Else a hop is two: up to
 * where older windows end (`size mod hop` behind its begin), and the rest. Slices are numbered from the epoch as well.
 *
 *     size 5, hop 2:   |0 |1 |2 |3 |4 |5 |6 |      slices
 *                      [-------------)             window 0: slices 0 … 4
 *                            [-------------)       window 1: slices 2 … 6
 */
export interface SlicedWindows {
  readonly sizeMs: number;
  readonly hopMs: number;
  /** Slices in a hop: one or two. */
  readonly perHop: number;
  /** Slices in a window. */
  readonly count: number;
}

/** @throws RangeError unless size and hop are positive whole milliseconds and the hop is no larger than the size */
export function slicedWindows({ sizeMs, hopMs }: HoppingSpec): SlicedWindows {
  if (!Number.isSafeInteger(hopMs) || !Number.isSafeInteger(sizeMs) || hopMs <= 0 || sizeMs < hopMs) {
    throw new RangeError(`window size ${sizeMs} ms must be at least its hop ${hopMs} ms, which must be positive`);
  }
  const hops = Math.floor(sizeMs / hopMs);
  const isDivided = sizeMs % hopMs === 0;
  return { sizeMs, hopMs, perHop: isDivided ? 1 : 2, count: isDivided ? hops : 2 * hops + 1 };
}

/** The slice that holds an event time; half-open, so a slice's own start belongs to it. */
export function sliceAt({ sizeMs, hopMs, perHop }: SlicedWindows, timeMs: number): number {
  const hop = Math.floor(timeMs / hopMs);
  return perHop === 1 ? hop : 2 * hop + (timeMs - hop * hopMs >= sizeMs % hopMs ? 1 : 0);
}

/** Where a slice begins; the one before it ends there. */
export function sliceStart({ sizeMs, hopMs, perHop }: SlicedWindows, slice: number): number {
  if (perHop === 1) return slice * hopMs;
  const hop = Math.floor(slice / 2);
  return hop * hopMs + (slice === 2 * hop ? 0 : sizeMs % hopMs);
}

/** Where a window begins. */
export function startOf({ hopMs }: SlicedWindows, window: number): number {
  return window * hopMs;
}

export function endOf({ hopMs, sizeMs }: SlicedWindows, window: number): number {
  return window * hopMs + sizeMs;
}

/** The oldest window that is not closed: a window is closed iff its end ≤ watermark. -Infinity before any watermark. */
export function firstOpenWindow({ hopMs, sizeMs }: SlicedWindows, watermarkMs: number): number {
  return Math.floor((watermarkMs - sizeMs) / hopMs) + 1;
}

/** Where the newest window ends that is closed: the largest end ≤ watermark. -Infinity before any watermark. */
export function lastClosedEnd({ hopMs, sizeMs }: HoppingSpec, watermarkMs: number): number {
  return Math.floor((watermarkMs - sizeMs) / hopMs) * hopMs + sizeMs;
}

/** The first slice of a window. */
export function firstSliceOf({ perHop }: SlicedWindows, window: number): number {
  return window * perHop;
}

/** The slice behind the last one of a window. */
export function sliceBehind({ perHop, count }: SlicedWindows, window: number): number {
  return window * perHop + count;
}

/** The oldest window that holds a slice. */
export function oldestWindowOf({ perHop, count }: SlicedWindows, slice: number): number {
  return Math.floor((slice - count) / perHop) + 1;
}

/** The newest window that holds a slice: the last one to begin before its end. */
export function newestWindowOf({ perHop }: SlicedWindows, slice: number): number {
  return Math.floor(slice / perHop);
}
