import type { FieldType } from '../../stream/schema';
import { grownDoubles, grownInts } from '../../windowing/grow';
import { ItemValues } from './item-values';

export const NO_ITEM = -1;
/** Stands in place of a next item: the item itself did not fit, and is there for its position alone. */
const LEFT_OUT = -2;
/** In place of a size: the owner takes no more. */
const FULL = -1;

/**
 * Most bytes that the lists of one result take together. With it a result, and a part, always fits into one record: the group
 * takes at most 512 KiB twice, and a byte of text becomes at most six of JSON.
 */
export const MAX_COLLECTED_BYTES = 128 * 1024;

/**
 * The values that some owners (groups of a slice) have collected for one `collect`, each owner's in row order, with the
 * raw position of each. Items of all owners lie in common arrays, chained by owner: most owners have one or two, and
 * objects for each would cost more than the rows they came from.
 *
 * A list is bounded by its bytes as well. Where a value did not fit any more, an item without it ends the owner's list: nothing
 * that comes after its position is listed, not even if it is shorter. So the list of several slices is a function of the rows
 * alone, whichever slices they are in.
 */
export class CollectedItems {
  readonly values: ItemValues;
  /** By item: its raw offset, its index in that record, and the next item of the same owner or NO_ITEM. */
  offsets = new Float64Array(0);
  indexes = new Int32Array(0);
  next = new Int32Array(0);
  private heads = new Int32Array(0);
  private tails = new Int32Array(0);
  /** By owner: bytes of its items, or FULL. */
  private sizes = new Int32Array(0);

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

  /** Makes room for a value of so many bytes; false, and the owner is full, when `maxBytes` do not have them. */
  reserve(owner: number, bytes: number, maxBytes: number): boolean {
    this.sizes = grownInts(this.sizes, owner + 1);
    const size = this.sizes[owner] as number;
    const fits = size !== FULL && size + bytes <= maxBytes;
    this.sizes[owner] = fits ? size + bytes : FULL;
    return fits;
  }

  isFull(owner: number): boolean {
    return owner < this.sizes.length && this.sizes[owner] === FULL;
  }

  /** Ends an owner's list before a value that did not fit. */
  leaveOut(owner: number, offset: number, index: number): void {
    this.values.pushNothing();
    const item = this.append(owner, offset, index);
    this.next[item] = LEFT_OUT;
    this.fill(owner);
  }

  /** The owner takes no more. */
  fill(owner: number): void {
    this.sizes = grownInts(this.sizes, owner + 1);
    this.sizes[owner] = FULL;
  }

  /** The item has a position, but no value. */
  isLeftOut(item: number): boolean {
    return this.next[item] === LEFT_OUT;
  }

  /** Forgets an owner's items. Their room is given back with the whole list only. */
  forget(owner: number): void {
    if (owner < this.heads.length) this.heads[owner] = NO_ITEM;
    if (owner < this.sizes.length) this.sizes[owner] = 0;
  }
}

/** Does item a stand before item b in raw order? */
export function isBefore(from: CollectedItems, a: number, other: CollectedItems, b: number): boolean {
  const difference = (from.offsets[a] as number) - (other.offsets[b] as number);
  return difference < 0 || (difference === 0 && (from.indexes[a] as number) < (other.indexes[b] as number));
}
