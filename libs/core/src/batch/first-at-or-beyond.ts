import type { RecordTable } from './event-batch';

/** Index of the first record at a raw offset or beyond it; `count` when there is none. */
export function firstAtOrBeyond({ offsets, count }: RecordTable, rawOffset: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] as number) >= rawOffset) high = middle;
    else low = middle + 1;
  }
  return low;
}
