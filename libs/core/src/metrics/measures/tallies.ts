import { grownDoubles, grownInts, roomFor } from '../../windowing/grow';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';

const NO_PAIR = -1;
const MIN_SLOTS = 16;
/** About what a pair takes in a checkpoint. */
export const TALLY_PAIR_BYTES = 3;

/** How the values of one key are put together: numbers are added, of ranks the highest stays. */
type TallyMerge = 'add' | 'max';

/** Keys and values of a sketch are integers; keys lie within [-maxKey, maxKey], values are from 1 to maxValue. */
export interface TallyKind {
  readonly merge: TallyMerge;
  readonly maxKey: number;
  readonly maxValue: number;
}

/** Pairs of keys and values, by key. */
export interface SortedTally {
  count: number;
  keys: Int32Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
}

/**
 * The sketches of some owners (groups of a slice): for each some pairs of a key and a value. What is not there is 0. Pairs of
 * all owners lie in common arrays, chained by owner: most sketches are small, and objects for each would cost more than
 * the rows they came from.
 */
export class Tallies {
  /** Pairs of all owners. */
  count = 0;
  private keys = new Int32Array(0);
  private values = new Float64Array(0);
  private owners = new Int32Array(0);
  /** Next pair of the same owner. */
  private next = new Int32Array(0);
  private heads = new Int32Array(0);
  /** Open addressing over (owner, key); pair + 1, 0 is empty. */
  private table = new Int32Array(MIN_SLOTS);

  constructor(readonly kind: TallyKind) {}

  /** Merges a value into an owner's key; true when the owner did not have the key. */
  merge(owner: number, key: number, value: number): boolean {
    let pair = this.find(owner, key);
    const isNew = pair === NO_PAIR;
    if (isNew) pair = this.insert(owner, key);
    const before = this.values[pair] as number;
    this.values[pair] = this.kind.merge === 'add' ? before + value : Math.max(before, value);
    return isNew;
  }

  /** Merges all that an owner has into an owner of others of the same kind. */
  mergeInto(owner: number, target: Tallies, targetOwner: number): void {
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      const value = this.values[pair] as number;
      if (value !== 0) target.merge(targetOwner, this.keys[pair] as number, value);
    }
  }

  /** An owner's pairs by key, in arrays that are used again. */
  sorted(owner: number, into: SortedTally): SortedTally {
    let count = 0;
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      if (this.values[pair] === 0) continue;
      into.keys = grownInts(into.keys, count + 1);
      into.keys[count++] = this.keys[pair] as number;
    }
    into.count = count;
    into.values = grownDoubles(into.values, count);
    into.keys.subarray(0, count).sort();
    for (let i = 0; i < count; i++) into.values[i] = this.values[this.find(owner, into.keys[i] as number)] as number;
    return into;
  }

  /** Appends an owner's pairs: how many, then the distance of each key from the one before, and its value. */
  write(owner: number, writer: ByteWriter): void {
    const { keys, values, count } = this.sorted(owner, scratch);
    writer.count(count);
    let before = -this.kind.maxKey;
    for (let i = 0; i < count; i++) {
      const key = keys[i] as number;
      writer.count(key - before);
      writer.count(values[i] as number);
      before = key;
    }
  }

  /** Replaces what an owner has by what `write` wrote. @throws RangeError for what it cannot have written */
  read(owner: number, reader: ByteReader): void {
    const { maxKey, maxValue } = this.kind;
    this.forget(owner);
    let key = -maxKey;
    let least = 0; // the first key may be the lowest one
    for (let left = reader.count(); left > 0; left--) {
      const distance = reader.count();
      key += distance;
      const value = reader.count();
      if (distance < least || key > maxKey || value < 1 || value > maxValue) {
        throw new RangeError(`a sketch has the value ${value} at the key ${key}`);
      }
      least = 1;
      this.merge(owner, key, value);
    }
  }

  /** Leaves an owner without pairs. */
  forget(owner: number): void {
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) this.values[pair] = 0;
  }

  private first(owner: number): number {
    return owner < this.heads.length ? (this.heads[owner] as number) : NO_PAIR;
  }

  private find(owner: number, key: number): number {
    const { table, owners, keys } = this;
    const mask = table.length - 1;
    for (let at = hashOf(owner, key) & mask; ; at = (at + 1) & mask) {
      const pair = (table[at] as number) - 1;
      if (pair < 0) return NO_PAIR;
      if (keys[pair] === key && owners[pair] === owner) return pair;
    }
  }

  private insert(owner: number, key: number): number {
    const pair = this.count++;
    this.keys = grownInts(this.keys, this.count);
    this.owners = grownInts(this.owners, this.count);
    this.next = grownInts(this.next, this.count);
    this.values = grownDoubles(this.values, this.count);
    this.heads = grownInts(this.heads, owner + 1, NO_PAIR);
    this.keys[pair] = key;
    this.owners[pair] = owner;
    this.next[pair] = this.heads[owner] as number;
    this.heads[owner] = pair;
    if (this.count * 2 <= this.table.length) this.place(pair);
    else {
      this.table = new Int32Array(roomFor(4 * this.count));
      for (let other = 0; other < this.count; other++) this.place(other);
    }
    return pair;
  }

  private place(pair: number): void {
    const mask = this.table.length - 1;
    let at = hashOf(this.owners[pair] as number, this.keys[pair] as number) & mask;
    while (this.table[at] !== 0) at = (at + 1) & mask;
    this.table[at] = pair + 1;
  }
}

const scratch: SortedTally = { count: 0, keys: new Int32Array(0), values: new Float64Array(0) };

function hashOf(owner: number, key: number): number {
  const mixed = Math.imul(owner, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
