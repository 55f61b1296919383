import { grownDoubles, grownInts } from '../../windowing/grow';
import type { CollectedItems } from '../measures/collected';
import { NO_ITEM, isBefore } from '../measures/collected';
import { takesPlace } from '../measures/edge-rows';
import type { EdgeValues } from '../measures/edge-values';
import type { FieldKeySpace } from '../groups/key-space';
import type { CollectPart, EdgePart, MetricPlan } from '../plan/metric-plan';
import { WindowEdges } from '../measures/window-edges';
import { WindowSketches } from '../measures/window-sketches';
import { WindowTops } from '../measures/window-tops';

/**
 * The numbers, values, lists and sketches of some groups in one window, before they become results or a part: `plan.windowWidth`
 * numbers and one list for each `collect` of the plan.
 */
export class WindowValues {
  count = 0;
  /** What each row belongs to, in the words of whoever filled it in. */
  owners = new Int32Array(0);
  numbers = new Float64Array(0);
  /** What `pick` has picked: item picked[i] of pickedFrom[i]. */
  readonly pickedFrom: CollectedItems[] = [];
  picked = new Int32Array(0);
  /**
   * Where the items of a row's list are: a chain of sources, each the items of one owner in one slice. Lists are put
   * together when somebody looks at them, and most groups are filtered out before.
   */
  private heads = new Int32Array(0);
  private readonly sourceItems: CollectedItems[] = [];
  private sourceFirst = new Int32Array(0);
  private sourceNext = new Int32Array(0);
  private sources = 0;
  /** Next item of each source, while they are merged. */
  private readonly cursors: number[] = [];
  private readonly merging: CollectedItems[] = [];

  readonly edges: WindowEdges;
  readonly sketched: WindowSketches;

  readonly tops: WindowTops;

  /** @param topMembers what the values of each `top` of the plan are ids of */
  constructor(
    readonly plan: MetricPlan,
    readonly topMembers: readonly FieldKeySpace[],
  ) {
    this.tops = new WindowTops(plan.tops, topMembers);
    this.edges = new WindowEdges(plan.edges.length);
    this.sketched = new WindowSketches(plan.sketches);
  }

  clear(): void {
    this.count = 0;
    this.sources = 0;
    this.sketched.clear();
    this.tops.clear();
  }

  /** A new row; its numbers are 0, its smallest and largest values NaN, its lists empty. */
  add(owner: number): number {
    const { windowWidth, extremes, edges, collects } = this.plan;
    const row = this.count++;
    this.owners = grownInts(this.owners, this.count);
    this.numbers = grownDoubles(this.numbers, this.count * windowWidth);
    this.heads = grownInts(this.heads, this.count * collects.length);
    this.owners[row] = owner;
    const at = row * windowWidth;
    for (let i = 0; i < windowWidth; i++) this.numbers[at + i] = 0;
    for (const extreme of extremes) this.numbers[at + extreme.at] = NaN;
    for (const edge of edges) this.numbers[at + edge.at] = NaN;
    for (let list = 0; list < collects.length; list++) this.heads[row * collects.length + list] = NO_ITEM;
    return row;
  }

  /**
   * Merges a first or last value into a row's: that of an owner, with time and cut at `at` of other numbers. What stands behind in
   * raw order, or in a later partition, comes later.
   */
  mergeEdge(row: number, part: EdgePart, numbers: Float64Array, at: number, source: EdgeValues, owner: number): void {
    const to = row * this.plan.windowWidth + part.at;
    if (!takesPlace(part.of, numbers[at] as number, this.numbers[to] as number)) return;
    this.numbers[to] = numbers[at] as number;
    this.numbers[to + 1] = numbers[at + 1] as number;
    this.edges.set(row, part.edge, source, owner);
  }

  /** Adds the items of one owner to a row's list, wherever they belong in it. They must not change before `pick`. */
  gather(row: number, list: number, items: CollectedItems, owner: number): void {
    const first = items.first(owner);
    if (first === NO_ITEM) return;
    const source = this.sources++;
    this.sourceFirst = grownInts(this.sourceFirst, this.sources);
    this.sourceNext = grownInts(this.sourceNext, this.sources);
    const at = row * this.plan.collects.length + list;
    this.sourceItems[source] = items;
    this.sourceFirst[source] = first;
    this.sourceNext[source] = this.heads[at] as number;
    this.heads[at] = source;
  }

  /** Replaces a row's list by what owner 0 of `items` has; for rows of which nothing else is gathered. */
  setItems(row: number, list: number, items: CollectedItems): void {
    const source = this.heads[row * this.plan.collects.length + list] as number;
    if (source === NO_ITEM) return this.gather(row, list, items, 0);
    this.sourceItems[source] = items;
    this.sourceFirst[source] = items.first(0);
  }

  /** Picks the first items of a row's list in row order, as many as its bounds allow; returns how many. */
  pick(row: number, part: CollectPart): number {
    const head = this.heads[row * this.plan.collects.length + part.list] as number;
    if (head === NO_ITEM) return 0;
    return this.sourceNext[head] === NO_ITEM ? this.pickFrom(head, part) : this.pickMerged(head, part);
  }

  private pickFrom(source: number, { limit, maxBytes }: CollectPart): number {
    const items = this.sourceItems[source] as CollectedItems;
    let count = 0;
    let bytes = 0;
    for (let item = this.sourceFirst[source] as number; item !== NO_ITEM && count < limit; count++) {
      bytes += items.values.listedBytes(item);
      if (bytes > maxBytes || items.isLeftOut(item)) break;
      this.put(count, items, item);
      item = items.next[item] as number;
    }
    return count;
  }

  private pickMerged(head: number, { limit, maxBytes }: CollectPart): number {
    const { cursors, merging } = this;
    let sources = 0;
    for (let source = head; source !== NO_ITEM; source = this.sourceNext[source] as number) {
      cursors[sources] = this.sourceFirst[source] as number;
      merging[sources++] = this.sourceItems[source] as CollectedItems;
    }
    let count = 0;
    let bytes = 0;
    while (count < limit) {
      let least = NO_ITEM;
      for (let s = 0; s < sources; s++) {
        if (cursors[s] === NO_ITEM) continue;
        if (least === NO_ITEM || this.isEarlier(s, least)) least = s;
      }
      if (least === NO_ITEM) break;
      const items = merging[least] as CollectedItems;
      const item = cursors[least] as number;
      bytes += items.values.listedBytes(item);
      if (bytes > maxBytes || items.isLeftOut(item)) break; // nothing behind it may be listed
      this.put(count++, items, item);
      cursors[least] = items.next[item] as number;
    }
    return count;
  }

  private isEarlier(a: number, b: number): boolean {
    const { cursors, merging } = this;
    return isBefore(
      merging[a] as CollectedItems,
      cursors[a] as number,
      merging[b] as CollectedItems,
      cursors[b] as number,
    );
  }

  private put(at: number, items: CollectedItems, item: number): void {
    this.picked = grownInts(this.picked, at + 1);
    this.picked[at] = item;
    this.pickedFrom[at] = items;
  }
}
