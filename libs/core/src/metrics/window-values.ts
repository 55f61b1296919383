import { grownDoubles, grownInts } from '../windowing/grow';
import type { CollectedValue } from './collected';
import type { MetricPlan } from './metric-plan';

/**
 * The numbers and lists of some groups in one window, before they become results or a part: `plan.windowWidth` numbers
 * and one list for each `collect` of the plan.
 */
export class WindowValues {
  count = 0;
  /** What each row belongs to, in the words of whoever filled it in. */
  owners = new Int32Array(0);
  numbers = new Float64Array(0);
  private lists: (readonly CollectedValue[])[] = [];

  constructor(readonly plan: MetricPlan) {}

  clear(): void {
    this.count = 0;
    this.lists = [];
  }

  /** A new row; its numbers are 0, its smallest and largest values NaN, its lists empty. */
  add(owner: number): number {
    const { windowWidth, extremes } = this.plan;
    const row = this.count++;
    this.owners = grownInts(this.owners, this.count);
    this.numbers = grownDoubles(this.numbers, this.count * windowWidth);
    this.owners[row] = owner;
    const at = row * windowWidth;
    this.numbers.fill(0, at, at + windowWidth);
    for (const extreme of extremes) this.numbers[at + extreme.at] = NaN;
    return row;
  }

  list(row: number, list: number): readonly CollectedValue[] {
    return this.lists[row * this.plan.collects.length + list] ?? [];
  }

  setList(row: number, list: number, values: readonly CollectedValue[]): void {
    this.lists[row * this.plan.collects.length + list] = values;
  }
}
