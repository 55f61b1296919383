import { grownBytes, grownDoubles, grownInts } from '../../windowing/grow';
import { PairTable } from '../../windowing/pair-table';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';
import { CARRY, highHalf, lowHalf, writeSum } from './exact-sum';
import type { FieldKeySpace } from '../groups/key-space';
import { NULL_ID } from '../groups/key-space';
import type { Amounts } from './ranking';
import { rankLargest } from './ranking';

const MAX = Number.MAX_SAFE_INTEGER;
const NO_PAIR = -1;
/** Values were left out. */
const TRUNCATED = 1;
/** What was written of an owner before is void: values that were there have been left out since. */
const REPLACED = 2;
/** About what a value takes beside its bytes. */
const VALUE_BYTES = 16;

/**
 * Most bytes that what the `top` measures of one group keep may take in a window, and in a slice: about 40,000 values of ten
 * letters. A part has to fit into a record with everything else that is kept for its group.
 */
export const MAX_TOP_BYTES = 1024 * 1024;

/** What is kept for each value: how many rows it has, a sum, or its largest number. `exact`: of integers. */
export interface AmountKind {
  readonly by: 'count' | 'sum' | 'max';
  readonly exact: boolean;
}

/** Appends an amount; readers know its kind. */
export function writeAmount(writer: ByteWriter, { by, exact }: AmountKind, amount: number, carry: number): void {
  if (by === 'count') return writer.count(amount);
  if (!exact) return writer.double(amount);
  if (by === 'max') return writer.integer(amount);
  // A sum has several forms: the same one for everybody.
  writeSum(highHalf(amount), lowHalf(amount), carry, canonical, 0, 1);
  writer.integer(canonical[0] as number);
  writer.integer(canonical[1] as number);
}

const canonical = new Float64Array(2);

/**
 * The amounts of the values that some owners (groups of a slice) have, for one `top`. Values are ids of a key space, which are
 * retained while they are here.
 *
 * An owner that gets more values than its bytes allow leaves out those with the smallest amounts, down to half of the bytes.
 * When that is, is decided by its rows in raw order alone.
 */
export class TopTable {
  /** About how many bytes all values take when they are written, and those the checkpoint does not have. */
  bytes = 0;
  unsavedBytes = 0;
  /** (owner, value) */
  private readonly pairs = new PairTable();
  private amounts = new Float64Array(0);
  private carries = new Float64Array(0);
  /** Next pair of the same owner. */
  private next = new Int32Array(0);
  private unsaved = new Uint8Array(0);
  private heads = new Int32Array(0);
  /** By owner. */
  private sizes = new Float64Array(0);
  private flags = new Uint8Array(0);

  constructor(
    readonly kind: AmountKind,
    readonly members: FieldKeySpace,
    private readonly maxBytes: number,
  ) {}

  /** About what a value and its amount take when they are written. */
  static sizeOf(members: FieldKeySpace, member: number): number {
    return members.byteLength(member) + VALUE_BYTES;
  }

  /** One row of a value: 1, or the number that is added or compared. */
  add(owner: number, member: number, amount: number): void {
    const before = this.pairs.size;
    const pair = this.merge(owner, member, amount, 0);
    this.touch(pair, member);
    if (this.pairs.size > before && (this.sizes[owner] as number) > this.maxBytes) this.prune(owner);
  }

  /** Were values of this owner left out? */
  isTruncated(owner: number): boolean {
    return owner < this.flags.length && ((this.flags[owner] as number) & TRUNCATED) !== 0;
  }

  /** Merges all that an owner has into another of the same kind, which is not bounded. */
  mergeInto(owner: number, target: TopTable, targetOwner: number): void {
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      target.merge(targetOwner, this.pairs.right(pair), this.amounts[pair] as number, this.carries[pair] as number);
    }
  }

  /** How many values an owner has. */
  countOf(owner: number): number {
    let count = 0;
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) count++;
    return count;
  }

  /** Adds the ids of an owner's values to others. */
  addMembers(owner: number, members: Set<number>): void {
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      members.add(this.pairs.right(pair));
    }
  }

  /** Adds an owner's values to a list. */
  listInto(owner: number, list: Amounts): void {
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      const at = list.count++;
      list.members = grownInts(list.members, list.count);
      list.amounts = grownDoubles(list.amounts, list.count);
      list.carries = grownDoubles(list.carries, list.count);
      list.members[at] = this.pairs.right(pair);
      list.amounts[at] = this.amounts[pair] as number;
      list.carries[at] = this.carries[pair] as number;
    }
  }

  /** Appends what an owner has: all of it, or what the checkpoint does not have. */
  write(owner: number, writer: ByteWriter, extent: 'changes' | 'all'): void {
    const flags = this.flags[owner] ?? 0;
    const isAll = extent === 'all' || (flags & REPLACED) !== 0;
    writer.byte(isAll ? flags | REPLACED : flags);
    let count = 0;
    const isWritten = (pair: number): boolean => isAll || this.unsaved[pair] === 1;
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) if (isWritten(pair)) count++;
    writer.count(count);
    for (let pair = this.first(owner); pair !== NO_PAIR; pair = this.next[pair] as number) {
      if (!isWritten(pair)) continue;
      this.members.write(this.pairs.right(pair), writer);
      writeAmount(writer, this.kind, this.amounts[pair] as number, this.carries[pair] as number);
    }
  }

  /** Takes over what `write` wrote. @throws RangeError for what it cannot have written */
  read(owner: number, reader: ByteReader): void {
    const flags = reader.byte();
    if ((flags & ~(TRUNCATED | REPLACED)) !== 0) throw new RangeError(`values are marked as ${flags}`);
    if ((flags & REPLACED) !== 0) this.forget(owner);
    this.flags = grownBytes(this.flags, owner + 1);
    this.flags[owner] = flags & TRUNCATED;
    for (let left = reader.count(); left > 0; left--) {
      const member = this.members.read(reader);
      if (member === NULL_ID) throw new RangeError('there is an amount of no value');
      const pair = this.pairOf(owner, member);
      this.amounts[pair] = this.readAmount(reader);
      this.carries[pair] = this.kind.exact && this.kind.by === 'sum' ? integerOf(reader) : 0;
    }
  }

  /** The checkpoint has what the owners have. */
  clearUnsaved(): void {
    this.unsavedBytes = 0;
    this.unsaved.fill(0);
    for (let owner = 0; owner < this.flags.length; owner++) {
      this.flags[owner] = (this.flags[owner] as number) & ~REPLACED;
    }
  }

  /** Lets go of the values of an owner; what was written of them before is void. */
  forget(owner: number): void {
    for (let pair = this.first(owner); pair !== NO_PAIR;) {
      const following = this.next[pair] as number;
      this.forgetPair(owner, this.pairs.right(pair));
      pair = following;
    }
    if (owner >= this.heads.length) return;
    this.heads[owner] = NO_PAIR;
    this.flags = grownBytes(this.flags, owner + 1);
    this.flags[owner] = REPLACED;
  }

  /** Lets go of all values. */
  release(): void {
    for (let owner = 0; owner < this.heads.length; owner++) this.forget(owner);
  }

  private touch(pair: number, member: number): void {
    if (this.unsaved[pair] === 1) return;
    this.unsaved[pair] = 1;
    this.unsavedBytes += this.sizeOf(member);
  }

  private merge(owner: number, member: number, amount: number, carry: number): number {
    const pair = this.pairOf(owner, member);
    const { amounts } = this;
    const before = amounts[pair] as number;
    if (this.kind.by === 'max') amounts[pair] = Number.isNaN(before) || amount > before ? amount + 0 : before;
    else if (this.kind.exact) {
      let sum = before + amount;
      let carried = carry;
      if (sum > MAX || sum < -MAX) {
        const overflow = sum > 0 ? 1 : -1;
        carried += overflow;
        sum = before - overflow * CARRY + amount; // both steps are exact
      }
      amounts[pair] = sum;
      this.carries[pair] = (this.carries[pair] as number) + carried;
    } else {
      const sum = before + amount;
      amounts[pair] = Number.isFinite(sum) ? sum : NaN;
    }
    return pair;
  }

  private pairOf(owner: number, member: number): number {
    const { pairs } = this;
    const before = pairs.size;
    const pair = pairs.intern(owner, member);
    if (pairs.size === before) return pair;
    this.amounts = grownDoubles(this.amounts, pairs.limit);
    this.carries = grownDoubles(this.carries, pairs.limit);
    this.next = grownInts(this.next, pairs.limit);
    this.unsaved = grownBytes(this.unsaved, pairs.limit);
    this.heads = grownInts(this.heads, owner + 1, NO_PAIR);
    this.sizes = grownDoubles(this.sizes, owner + 1);
    this.amounts[pair] = this.kind.by === 'max' ? NaN : 0;
    this.carries[pair] = 0;
    this.unsaved[pair] = 0;
    this.next[pair] = this.heads[owner] as number;
    this.heads[owner] = pair;
    this.members.retain(member);
    const size = this.sizeOf(member);
    this.sizes[owner] = (this.sizes[owner] as number) + size;
    this.bytes += size;
    return pair;
  }

  private prune(owner: number): void {
    const list: Amounts = noAmounts();
    this.listInto(owner, list);
    const { order, count } = rankLargest(list, this.members, list.count);
    let kept = 0;
    let bytes = 0;
    for (; kept < count; kept++) {
      bytes += this.sizeOf(list.members[order[kept] as number] as number);
      if (bytes > this.maxBytes / 2) break;
    }
    for (const place of order.subarray(kept)) this.forgetPair(owner, list.members[place] as number);
    this.heads[owner] = NO_PAIR;
    for (const place of order.subarray(0, kept)) {
      const member = list.members[place] as number;
      const pair = this.pairs.intern(owner, member);
      this.next[pair] = this.heads[owner];
      this.heads[owner] = pair;
      this.touch(pair, member);
    }
    this.flags = grownBytes(this.flags, owner + 1);
    this.flags[owner] = TRUNCATED | REPLACED;
  }

  /** The owner's chain is left as it is. */
  private forgetPair(owner: number, member: number): void {
    const pair = this.pairs.intern(owner, member);
    const size = this.sizeOf(member);
    this.sizes[owner] = (this.sizes[owner] as number) - size;
    this.bytes -= size;
    if (this.unsaved[pair] === 1) this.unsavedBytes -= size;
    this.unsaved[pair] = 0;
    this.members.release(member);
    this.pairs.free(pair);
  }

  private first(owner: number): number {
    return owner < this.heads.length ? (this.heads[owner] as number) : NO_PAIR;
  }

  private sizeOf(member: number): number {
    return TopTable.sizeOf(this.members, member);
  }

  private readAmount(reader: ByteReader): number {
    const { by, exact } = this.kind;
    if (by === 'count') return reader.count();
    return exact ? integerOf(reader) : reader.double();
  }
}

export function noAmounts(): Amounts {
  return { count: 0, members: new Int32Array(0), amounts: new Float64Array(0), carries: new Float64Array(0) };
}

function integerOf(reader: ByteReader): number {
  const value = reader.integer();
  if (Number.isNaN(value)) throw new RangeError('an amount is no number');
  return value;
}
