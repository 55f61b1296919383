import { grownDoubles } from '../../windowing/grow';
import { highHalf, lowHalf, writeSum } from '../measures/exact-sum';
import type { MetricPlan } from '../plan/metric-plan';
import { ROWS } from '../plan/metric-plan';
import type { Slice } from '../slices/slice';

/**
 * The numbers of a stretch of slices for each group, kept by adding the newest slice and subtracting the oldest. Only
 * what can be subtracted without loss is here: counts and exact sums. The rest is merged from the slices.
 */
export class RunningWindow {
  private numbers = new Float64Array(0);
  private readonly stride: number;
  /** Places of plain counts, which the carries of sums are too. */
  private readonly counts: Int32Array;
  /** Places of exact sums, kept in halves: the high ones there, the low ones behind all numbers. */
  private readonly sums: Int32Array;

  constructor(private readonly plan: MetricPlan) {
    this.counts = Int32Array.from([
      ROWS,
      ...plan.counts.map(({ at }) => at),
      ...plan.sums.map(({ at }) => at + 1),
      ...plan.sums.filter(({ exact }) => exact).map(({ at }) => at + 2),
      ...plan.collects.map(({ at }) => at),
    ]);
    this.sums = Int32Array.from(plan.sums.filter(({ exact }) => exact).map(({ at }) => at));
    this.stride = plan.width + this.sums.length;
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
      const low = to + width + i;
      const rest = cells[from + at] as number;
      numbers[to + at] = (numbers[to + at] as number) + sign * highHalf(rest);
      numbers[low] = (numbers[low] as number) + sign * lowHalf(rest);
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
      const high = numbers[from + place] as number;
      const low = numbers[from + this.plan.width + i] as number;
      writeSum(high, low, numbers[from + place + 2] as number, target, at + place, at + place + 2);
    }
  }

  /** Makes a slot of this one equal to a slot of another. */
  copyFrom(other: RunningWindow, otherSlot: number, slot: number): void {
    this.numbers = grownDoubles(this.numbers, (slot + 1) * this.stride);
    for (let i = 0; i < this.stride; i++) {
      this.numbers[slot * this.stride + i] = other.numbers[otherSlot * this.stride + i] ?? 0;
    }
  }

  /** Takes everything away again, and keeps the memory. */
  clear(): void {
    this.numbers.fill(0);
  }

  /** Gives memory back when nothing is left to add up. */
  reset(): void {
    this.numbers = new Float64Array(0);
  }
}
