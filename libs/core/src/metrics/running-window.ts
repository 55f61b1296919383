import { grownDoubles } from '../windowing/grow';
import type { MetricPlan } from './metric-plan';
import { ROWS } from './metric-plan';
import type { Slice } from './slice';

/** Sums are kept in two halves, exact far beyond 2^53, so that adding and subtracting in any order always cancels. */
const HALF = 2 ** 26;

/**
 * The numbers of a stretch of slices for each group, kept by adding the newest slice and subtracting the oldest. Only
 * what can be subtracted without loss is here: counts and exact sums. The rest is merged from the slices.
 */
export class RunningWindow {
  private numbers = new Float64Array(0);
  private readonly stride: number;
  /** Places of plain counts. */
  private readonly counts: Int32Array;
  /** Places of exact sums; the low half and the number of slices without an exact sum stand behind all numbers. */
  private readonly sums: Int32Array;

  constructor(private readonly plan: MetricPlan) {
    this.counts = Int32Array.from([
      ROWS,
      ...plan.counts.map(({ at }) => at),
      ...plan.sums.map(({ at }) => at + 1),
      ...plan.collects.map(({ at }) => at),
    ]);
    this.sums = Int32Array.from(plan.sums.filter(({ exact }) => exact).map(({ at }) => at));
    this.stride = plan.width + 2 * this.sums.length;
  }

  /** Adds (sign 1) or subtracts (sign -1) a whole slice. */
  shift(slice: Slice, sign: 1 | -1): void {
    for (let entry = 0; entry < slice.count; entry++) this.shiftEntry(slice, entry, slice.slots[entry] as number, sign);
  }

  /** Adds or subtracts what one entry of a slice has. */
  shiftEntry({ cells }: Slice, entry: number, slot: number, sign: 1 | -1): void {
    this.numbers = grownDoubles(this.numbers, (slot + 1) * this.stride);
    const { numbers, counts, sums } = this;
    const { width } = this.plan;
    const to = slot * this.stride;
    const from = entry * width;
    for (let i = 0; i < counts.length; i++) {
      const at = counts[i] as number;
      numbers[to + at] = (numbers[to + at] as number) + sign * (cells[from + at] as number);
    }
    for (let i = 0; i < sums.length; i++) {
      const at = sums[i] as number;
      const low = to + width + 2 * i;
      const sum = cells[from + at] as number;
      if (Number.isNaN(sum)) {
        numbers[low + 1] = (numbers[low + 1] as number) + sign;
        continue;
      }
      const high = Math.floor(sum / HALF);
      numbers[to + at] = (numbers[to + at] as number) + sign * high;
      numbers[low] = (numbers[low] as number) + sign * (sum - high * HALF);
    }
  }

  /** Rows of a group in the stretch. */
  rows(slot: number): number {
    return this.numbers[slot * this.stride + ROWS] ?? 0;
  }

  /** Writes a group's numbers into target[at, at + width); what is merged from slices is left alone. */
  read(slot: number, target: Float64Array, at: number): void {
    const { numbers, counts, sums } = this;
    const from = slot * this.stride;
    for (let i = 0; i < counts.length; i++) {
      const place = counts[i] as number;
      target[at + place] = numbers[from + place] as number;
    }
    for (let i = 0; i < sums.length; i++) {
      const place = sums[i] as number;
      const low = from + this.plan.width + 2 * i;
      const lost = (numbers[low + 1] as number) !== 0;
      target[at + place] = lost ? NaN : exactly(numbers[from + place] as number, numbers[low] as number);
    }
  }

  /** Makes a slot of this one equal to a slot of another. */
  copyFrom(other: RunningWindow, otherSlot: number, slot: number): void {
    this.numbers = grownDoubles(this.numbers, (slot + 1) * this.stride);
    for (let i = 0; i < this.stride; i++) {
      this.numbers[slot * this.stride + i] = other.numbers[otherSlot * this.stride + i] ?? 0;
    }
  }

  /** Gives memory back when nothing is left to add up. */
  reset(): void {
    this.numbers = new Float64Array(0);
  }
}

/** The sum of integers of any size, order and sign; NaN where it is beyond 2^53. */
export class ExactSum {
  private high = 0;
  private low = 0;

  add(value: number): void {
    const high = Math.floor(value / HALF);
    this.high += high;
    this.low += value - high * HALF;
  }

  get value(): number {
    return exactly(this.high, this.low);
  }
}

function exactly(high: number, low: number): number {
  const sum = high * HALF + low;
  return Number.isSafeInteger(sum) ? sum : NaN;
}
