import type { Positions } from './positions';

/** So many records are remembered a partition; what older ones say is then taken for newer than it is. */
const MOST_REMEMBERED = 20_000;

/** What one partition has told, ascending: by then its windows are closed, as the record at this offset says first. */
interface Told {
  readonly untilMs: number[];
  readonly offsets: number[];
}

/**
 * How far the windows of a metric are closed in every partition, and since when: only then is a window without results, or
 * without those of a group, told from one that is not there yet.
 */
export class ClosedUntil {
  private readonly told: readonly Told[];

  constructor(partitions: number) {
    this.told = Array.from({ length: partitions }, () => ({ untilMs: [], offsets: [] }));
  }

  note(partition: number, closedUntilMs: number, offset: number): void {
    const { untilMs, offsets } = this.told[partition]!;
    if (closedUntilMs <= (untilMs.at(-1) ?? -Infinity)) return; // of somebody who has lost the partition
    untilMs.push(closedUntilMs);
    offsets.push(offset);
    if (untilMs.length <= MOST_REMEMBERED) return;
    untilMs.splice(0, MOST_REMEMBERED / 2);
    offsets.splice(0, MOST_REMEMBERED / 2);
  }

  /** Every final of windows that end at or before `endMs` is held. */
  reaches(endMs: number): boolean {
    return this.told.every(({ untilMs }) => (untilMs.at(-1) ?? -Infinity) >= endMs);
  }

  /** That it reaches `endMs` may be news to who has seen what stands below the cursor. */
  isNews(endMs: number, cursor: Positions): boolean {
    return (
      this.reaches(endMs) &&
      this.told.some(({ untilMs, offsets }, partition) => {
        return offsets[firstAtOrAfter(untilMs, endMs)]! >= cursor[partition]!;
      })
    );
  }
}

/** Index of the first of some ascending numbers that is not below `least`. */
export function firstAtOrAfter(ascending: readonly number[], least: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
