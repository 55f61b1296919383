import type { FieldType } from '../stream/schema';
import { grownDoubles, grownInts } from '../windowing/grow';
import { ItemValues } from './item-values';

export const NO_ITEM = -1;

/**
 * The values that some owners (groups of a slice) have collected for one `collect`, each owner's in row order, with the
 * raw position of each. Items of all owners lie in common arrays, chained by owner: most owners have one or two, and
 * objects for each would cost more than the rows they came from.
 */
export class CollectedItems {
  readonly values: ItemValues;
  /** By item: its raw offset, its index in that record, and the next item of the same owner or NO_ITEM. */
  offsets = new Float64Array(0);
  indexes = new Int32Array(0);
  next = new Int32Array(0);
  private heads = new Int32Array(0);
  private tails = new Int32Array(0);

  constructor(type: FieldType) {
    this.values = new ItemValues(type);
  }

  /** First item of an owner, NO_ITEM for none. */
  first(owner: number): number {
    return owner < this.heads.length ? (this.heads[owner] as number) : NO_ITEM;
  }

  /** Puts the value that has just been pushed to `values` behind the owner's other items; returns its number. */
  append(owner: number, offset: number, index: number): number {
    const { count } = this.values;
    const item = count - 1;
    this.offsets = grownDoubles(this.offsets, count);
    this.indexes = grownInts(this.indexes, count);
    this.next = grownInts(this.next, count);
    this.heads = grownInts(this.heads, owner + 1, NO_ITEM);
    this.tails = grownInts(this.tails, owner + 1);
    this.offsets[item] = offset;
    this.indexes[item] = index;
    this.next[item] = NO_ITEM;
    if (this.heads[owner] === NO_ITEM) this.heads[owner] = item;
    else this.next[this.tails[owner] as number] = item;
    this.tails[owner] = item;
    return item;
  }

  /** Forgets an owner's items. Their room is given back with the whole list only. */
  forget(owner: number): void {
    if (owner < this.heads.length) this.heads[owner] = NO_ITEM;
  }
}

/** Does item a stand before item b in raw order? */
export function isBefore(from: CollectedItems, a: number, other: CollectedItems, b: number): boolean {
  const difference = (from.offsets[a] as number) - (other.offsets[b] as number);
  return difference < 0 || (difference === 0 && (from.indexes[a] as number) < (other.indexes[b] as number));
}
