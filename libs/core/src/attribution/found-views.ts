import type { AttributedView } from './attribution';
import { shareOut } from './share-out';

/** The views of one purchase, newest first, at most so many. Used again from purchase to purchase. */
export class FoundViews {
  count = 0;
  /** There was one more than it takes. */
  isTruncated = false;
  /** Slices and views that were looked at, for all purchases so far: what finding them has cost. */
  steps = 0;
  private readonly times: number[] = [];
  private readonly offsets: number[] = [];
  private readonly indexes: number[] = [];

  constructor(private readonly maxMatches: number) {}

  clear(): void {
    this.count = 0;
    this.isTruncated = false;
  }

  /** Nothing more can change what is told. */
  get isEnough(): boolean {
    return this.isTruncated;
  }

  add(timeMs: number, offset: number, index: number): void {
    if (this.count === this.maxMatches) {
      this.isTruncated = true;
      return;
    }
    this.times[this.count] = timeMs;
    this.offsets[this.count] = offset;
    this.indexes[this.count] = index;
    this.count++;
  }

  /** The views with their shares of a revenue in minor units, NaN for none. */
  toViews(revenue: number): AttributedView[] {
    const { count } = this;
    const revenues = shareOut(revenue, count);
    return Array.from({ length: count }, (_, i) => ({
      offset: this.offsets[i] as number,
      index: this.indexes[i] as number,
      timeMs: this.times[i] as number,
      share: 1 / count,
      revenue: revenues[i] as number,
    }));
  }
}
