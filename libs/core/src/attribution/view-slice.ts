import { copiedTo } from '../windowing/grow';
import { IntList } from '../windowing/int-list';
import type { FoundViews } from './found-views';
import { HASH_WORDS } from './match-hash';

const MIN_CAPACITY = 8;
const MIN_SLOTS = 8;
const NONE = -1;

/** The way down to views that are still to be looked at. */
const path = new IntList();

/**
 * The views of one stretch of event time, in columns, in raw order.
 *
 * Views with the same hash are a treap in the order of time, then raw position: one that comes out of order, and a purchase that
 * asks for those before it, cost the logarithm of how many there are, whoever has fifty thousand of them. Nearly everybody has
 * one, and then it is a hash table.
 */
export class ViewSlice {
  count = 0;
  /** How many of them the checkpoint has. */
  saved = 0;
  /** HASH_WORDS a view. */
  hashes = new Int32Array(0);
  /** From the begin of the slice. */
  times = new Int32Array(0);
  offsets = new Float64Array(0);
  indexes = new Int32Array(0);
  /** By view: below it in its tree, older ones and newer ones. */
  private older = new Int32Array(0);
  private newer = new Int32Array(0);
  /** Open addressing by hash: a byte of it (0 is empty), and the tree's root. Most who ask find nothing, and look at the bytes only. */
  private tags = new Uint8Array(MIN_SLOTS);
  private roots = new Int32Array(MIN_SLOTS);
  private trees = 0;

  constructor(readonly startMs: number) {}

  add(hash: Int32Array, timeMs: number, offset: number, index: number): void {
    const view = this.count++;
    if (view === this.times.length) this.resize(Math.max(MIN_CAPACITY, view + (view >> 2)));
    for (let word = 0; word < HASH_WORDS; word++) this.hashes[HASH_WORDS * view + word] = hash[word] as number;
    this.times[view] = timeMs - this.startMs;
    this.offsets[view] = offset;
    this.indexes[view] = index;
    this.older[view] = NONE;
    this.newer[view] = NONE;
    const slot = this.slotOf(hash, 0);
    const { tags, roots } = this;
    if (tags[slot] !== 0) roots[slot] = this.insert(roots[slot] as number, view);
    else {
      tags[slot] = tagOf(hash, 0);
      roots[slot] = view;
      this.trees++;
      if (3 * this.trees > 2 * tags.length) this.rehash();
    }
  }

  /** Adds the views of a hash with fromMs ≤ time < beforeMs to those that were found, newest first, until these are enough. */
  find(hash: Int32Array, fromMs: number, beforeMs: number, found: FoundViews): void {
    const { times, older, newer } = this;
    const from = fromMs - this.startMs;
    const before = beforeMs - this.startMs;
    const slot = this.slotOf(hash, 0);
    if (this.tags[slot] === 0) return;
    path.clear();
    let view = this.roots[slot] as number;
    while (view >= 0) {
      found.steps++;
      const isBefore = (times[view] as number) < before;
      if (isBefore) path.push(view);
      view = (isBefore ? newer[view] : older[view]) as number;
    }
    while (path.length > 0 && !found.isEnough) {
      view = path.at(--path.length);
      if ((times[view] as number) < from) return;
      found.add(this.startMs + (times[view] as number), this.offsets[view] as number, this.indexes[view] as number);
      for (view = older[view] as number; view >= 0; view = newer[view] as number) {
        found.steps++;
        path.push(view);
      }
    }
  }

  /** Gives back what it has room for: hardly anything comes any more. */
  trim(): void {
    if (this.times.length > this.count) this.resize(this.count);
  }

  /** What it takes in memory. */
  get bytes(): number {
    const { hashes, times, offsets, indexes, older, newer, tags, roots } = this;
    return [hashes, times, offsets, indexes, older, newer, tags, roots].reduce(
      (sum, array) => sum + array.byteLength,
      0,
    );
  }

  /** Puts a view into the tree below `root`, and returns the tree's root. */
  private insert(root: number, view: number): number {
    const { older, newer } = this;
    let side: Int32Array | null = null;
    let above = NONE;
    let node = root;
    while (node >= 0 && priorityOf(node) >= priorityOf(view)) {
      above = node;
      side = this.isNewer(view, node) ? newer : older;
      node = side[node] as number;
    }
    this.splitInto(view, node);
    if (side === null) return view;
    side[above] = view;
    return root;
  }

  /** Hangs what is below and including `node` under `view`, on the side that each is of. */
  private splitInto(view: number, node: number): void {
    const { older, newer } = this;
    let olderSide = older;
    let olderAt = view;
    let newerSide = newer;
    let newerAt = view;
    while (node >= 0) {
      if (this.isNewer(node, view)) {
        newerSide[newerAt] = node;
        newerSide = older;
        newerAt = node;
        node = older[node] as number;
      } else {
        olderSide[olderAt] = node;
        olderSide = newer;
        olderAt = node;
        node = newer[node] as number;
      }
    }
    olderSide[olderAt] = NONE;
    newerSide[newerAt] = NONE;
  }

  private isNewer(a: number, b: number): boolean {
    const { times, offsets, indexes } = this;
    if (times[a] !== times[b]) return (times[a] as number) > (times[b] as number);
    if (offsets[a] !== offsets[b]) return (offsets[a] as number) > (offsets[b] as number);
    return (indexes[a] as number) > (indexes[b] as number);
  }

  /** The slot of the hash at source[at, …), or the empty one that would be. */
  private slotOf(source: Int32Array, at: number): number {
    const { tags } = this;
    const mask = tags.length - 1;
    const wanted = tagOf(source, at);
    for (let slot = (source[at] as number) & mask; ; slot = (slot + 1) & mask) {
      const tag = tags[slot] as number;
      if (tag === 0 || (tag === wanted && this.isAt(slot, source, at))) return slot;
    }
  }

  private isAt(slot: number, source: Int32Array, at: number): boolean {
    const { hashes } = this;
    const view = HASH_WORDS * (this.roots[slot] as number);
    return (
      hashes[view] === source[at] &&
      hashes[view + 1] === source[at + 1] &&
      hashes[view + 2] === source[at + 2] &&
      hashes[view + 3] === source[at + 3]
    );
  }

  private rehash(): void {
    const { tags, roots } = this;
    this.tags = new Uint8Array(2 * tags.length);
    this.roots = new Int32Array(2 * tags.length);
    for (let old = 0; old < tags.length; old++) {
      if (tags[old] === 0) continue;
      const slot = this.slotOf(this.hashes, HASH_WORDS * (roots[old] as number));
      this.tags[slot] = tags[old] as number;
      this.roots[slot] = roots[old] as number;
    }
  }

  private resize(capacity: number): void {
    const ints = (array: Int32Array<ArrayBuffer>) => copiedTo(new Int32Array(capacity), array.subarray(0, capacity));
    this.hashes = copiedTo(new Int32Array(HASH_WORDS * capacity), this.hashes.subarray(0, HASH_WORDS * capacity));
    this.times = ints(this.times);
    this.offsets = copiedTo(new Float64Array(capacity), this.offsets.subarray(0, capacity));
    this.indexes = ints(this.indexes);
    this.older = ints(this.older);
    this.newer = ints(this.newer);
  }
}

/** From 1 to 255, of other bits than those that say where to look first. */
function tagOf(source: Int32Array, at: number): number {
  return (source[at + 1] as number) & 0xff || 1;
}

/** Of two views of a tree the one with the higher priority is above: as good as drawn by lot, so no order of arrival makes it lopsided. */
function priorityOf(view: number): number {
  let mixed = Math.imul(view + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
