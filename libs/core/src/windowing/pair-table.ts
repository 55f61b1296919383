import { grownInts } from './grow';
import { IntList } from './int-list';

const MIN_SLOTS = 32;

/**
 * Dense ids for pairs of non-negative integers. Ids begin at 0 and are handed out again after `free`, so tables indexed
 * by them stay as small as what is alive.
 */
export class PairTable {
  /** Ids below this have been handed out at some time. */
  limit = 0;
  /** Pairs alive. */
  size = 0;
  private lefts = new Int32Array(0);
  private rights = new Int32Array(0);
  /** Open addressing; id + 1, 0 is empty. */
  private slots = new Int32Array(MIN_SLOTS);
  private readonly freed = new IntList();

  /** The pair's id; a new one where the pair is not alive. */
  intern(left: number, right: number): number {
    const mask = this.slots.length - 1;
    let slot = homeOf(left, right) & mask;
    for (;;) {
      const id = (this.slots[slot] as number) - 1;
      if (id < 0) break;
      if (this.lefts[id] === left && this.rights[id] === right) return id;
      slot = (slot + 1) & mask;
    }
    return this.add(left, right, slot);
  }

  left(id: number): number {
    return this.lefts[id] as number;
  }

  right(id: number): number {
    return this.rights[id] as number;
  }

  /** Forgets a pair; its id may be handed out again. */
  free(id: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let hole = homeOf(this.left(id), this.right(id)) & mask;
    while (slots[hole] !== id + 1) hole = (hole + 1) & mask;
    // Close the gap, so that no tombstones pile up: move back whatever probed past it.
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = (slots[slot] as number) - 1;
      const home = homeOf(this.left(other), this.right(other)) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = other + 1;
        hole = slot;
      }
    }
    slots[hole] = 0;
    this.size--;
    this.freed.push(id);
    if (this.size === 0) this.reset();
  }

  private add(left: number, right: number, slot: number): number {
    const id = this.freed.length > 0 ? this.freed.at(--this.freed.length) : this.limit++;
    this.lefts = grownInts(this.lefts, this.limit);
    this.rights = grownInts(this.rights, this.limit);
    this.lefts[id] = left;
    this.rights[id] = right;
    this.slots[slot] = id + 1;
    if (++this.size * 2 > this.slots.length) this.rehash();
    return id;
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    const mask = this.slots.length - 1;
    for (const entry of old) {
      if (entry === 0) continue;
      let slot = homeOf(this.left(entry - 1), this.right(entry - 1)) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = entry;
    }
  }

  private reset(): void {
    this.limit = 0;
    this.lefts = new Int32Array(0);
    this.rights = new Int32Array(0);
    this.slots = new Int32Array(MIN_SLOTS);
    this.freed.clear();
  }
}

function homeOf(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
