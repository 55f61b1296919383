import { grownDoubles, grownInts } from '../windowing/grow';
import type { Collected, CollectedValue } from './collected';
import { firstCollected } from './collected';
import type { CollectPart, MetricPlan } from './metric-plan';

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
  /** Lists not put together yet, from one slice or from several: most groups are filtered out before anyone looks. */
  private gathered: (Collected | Collected[] | undefined)[] = [];

  constructor(readonly plan: MetricPlan) {}

  clear(): void {
    this.count = 0;
    this.lists = [];
    this.gathered = [];
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

  /** The first values of a row, in row order. */
  list(row: number, { list, limit }: CollectPart): readonly CollectedValue[] {
    const at = row * this.plan.collects.length + list;
    const gathered = this.gathered[at];
    return gathered ? firstCollected(gathered, limit) : (this.lists[at] ?? []);
  }

  /** What one more slice has collected; it must not change before the list is looked at. */
  gather(row: number, list: number, collected: Collected): void {
    const at = row * this.plan.collects.length + list;
    const gathered = this.gathered[at];
    if (gathered === undefined) this.gathered[at] = collected;
    else if (Array.isArray(gathered)) gathered.push(collected);
    else this.gathered[at] = [gathered, collected];
  }

  setList(row: number, list: number, values: readonly CollectedValue[]): void {
    this.lists[row * this.plan.collects.length + list] = values;
  }
}
