import { grownInts, roomFor } from '../windowing/grow';

const PAGE_BITS = 20;
const PAGE_BYTES = 1 << PAGE_BITS;
/** The first pages are smaller: few owners need little. */
const FIRST_PAGE_BYTES = 1 << 14;
const OFFSET_MASK = PAGE_BYTES - 1;
const NOWHERE = -1;
/** How much of a string is looked at. */
const TOUCHED_BYTES = 256;

/** Bytes with a view of them, and some behind that are never written. */
export interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * A byte string for each of many owners (small numbers), in a few large pieces of memory: a million small arrays would be as much
 * again for themselves, and the collector's work. What a string leaves behind when it outgrows its place, or goes, is used again
 * for another of the same capacity.
 */
export class StateArena {
  private pages: Page[] = [];
  /** The page that places are taken from, how large it is and how much of it is in use. */
  private last = 0;
  private size = 0;
  private used = 0;
  private readonly freePages: number[] = [];
  /** Places by capacity. */
  private readonly freed = new Map<number, number[]>();
  // By owner.
  private places = new Int32Array(0);
  private capacities = new Int32Array(0);
  private lengths = new Int32Array(0);
  /** Owners who have a string. */
  count = 0;
  /** What their strings take. */
  usedBytes = 0;

  /** Makes room for owners below this; where nobody has anything, for no more. */
  reserve(owners: number): void {
    if (this.count === 0 && 2 * owners < this.places.length) this.forgetOwners();
    this.places = grownInts(this.places, owners, NOWHERE);
    this.capacities = grownInts(this.capacities, owners);
    this.lengths = grownInts(this.lengths, owners);
  }

  has(owner: number): boolean {
    return owner < this.places.length && this.places[owner] !== NOWHERE;
  }

  /** The page that an owner's string is in. It moves when it grows. */
  page(owner: number): Page {
    return this.pages[(this.places[owner] as number) >>> PAGE_BITS] as Page;
  }

  /** Where in its page it begins. */
  offset(owner: number): number {
    return (this.places[owner] as number) & OFFSET_MASK;
  }

  length(owner: number): number {
    return this.lengths[owner] as number;
  }

  /**
   * Looks at the strings of owners[from, to), who will be asked for soon: they lie anywhere in much memory, and what has to be
   * waited for is so waited for together. Returns `to`.
   */
  touch(owners: Int32Array, from: number, to: number): number {
    const { places, pages } = this;
    let seen = 0;
    for (let i = from; i < to; i++) {
      const place = places[owners[i] as number] as number;
      if (place === NOWHERE) continue;
      const { bytes } = pages[place >>> PAGE_BITS] as Page;
      const at = place & OFFSET_MASK;
      seen ^=
        (bytes[at] as number) ^ (bytes[at + 64] as number) ^ (bytes[at + 128] as number) ^ (bytes[at + 192] as number);
    }
    return to + (seen >> 8); // bytes have no more bits; without it nothing would have to be read
  }

  /** Gives an owner a string of this length. What it had is kept; what is new is not set. */
  resize(owner: number, length: number): void {
    if (owner >= this.places.length) this.reserve(owner + 1);
    const place = this.places[owner] as number;
    const before = this.lengths[owner] as number;
    this.lengths[owner] = length;
    this.usedBytes += length - before;
    const capacity = this.capacities[owner] as number;
    if (place !== NOWHERE && length <= capacity) return;
    if (place === NOWHERE) this.count++;
    const larger = capacityFor(length);
    const to = this.take(larger);
    this.places[owner] = to;
    this.capacities[owner] = larger;
    if (place === NOWHERE) return;
    const { bytes } = this.pages[place >>> PAGE_BITS] as Page;
    const from = place & OFFSET_MASK;
    this.page(owner).bytes.set(bytes.subarray(from, from + before), to & OFFSET_MASK);
    this.give(place, capacity);
  }

  /** Gives an owner a copy of `source` in place of what it had. */
  set(owner: number, source: Uint8Array): void {
    if (this.has(owner) && capacityFor(source.length) < (this.capacities[owner] as number)) this.drop(owner);
    this.resize(owner, source.length);
    this.page(owner).bytes.set(source, this.offset(owner));
  }

  drop(owner: number): void {
    this.give(this.places[owner] as number, this.capacities[owner] as number);
    this.usedBytes -= this.lengths[owner] as number;
    this.places[owner] = NOWHERE;
    this.capacities[owner] = 0;
    this.lengths[owner] = 0;
    if (--this.count === 0) this.reset();
  }

  private take(capacity: number): number {
    if (capacity > PAGE_BYTES) return this.addPage(capacity) << PAGE_BITS;
    const place = this.freed.get(capacity)?.pop();
    if (place !== undefined) return place;
    if (this.used + capacity > this.size) {
      this.size = Math.min(PAGE_BYTES, Math.max(FIRST_PAGE_BYTES, 2 * this.size, roomFor(capacity)));
      this.last = this.addPage(this.size);
      this.used = 0;
    }
    this.used += capacity;
    return (this.last << PAGE_BITS) | (this.used - capacity);
  }

  private give(place: number, capacity: number): void {
    if (capacity > PAGE_BYTES) {
      this.pages[place >>> PAGE_BITS] = NO_PAGE;
      this.freePages.push(place >>> PAGE_BITS);
      return;
    }
    const places = this.freed.get(capacity);
    if (places) places.push(place);
    else this.freed.set(capacity, [place]);
  }

  private addPage(size: number): number {
    const bytes = new Uint8Array(size + TOUCHED_BYTES);
    const number = this.freePages.pop() ?? this.pages.length;
    if (number >= 1 << (32 - PAGE_BITS)) throw new RangeError('the sessions of a partition take more than 4 GiB');
    this.pages[number] = { bytes, view: new DataView(bytes.buffer) };
    return number;
  }

  private reset(): void {
    this.pages = [];
    this.size = 0;
    this.used = 0;
    this.freePages.length = 0;
    this.freed.clear();
  }

  private forgetOwners(): void {
    this.places = new Int32Array(0);
    this.capacities = new Int32Array(0);
    this.lengths = new Int32Array(0);
  }
}

const NO_PAGE: Page = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };

/** The fewer capacities there are, the sooner one is used again; the closer they lie, the less is wasted. */
function capacityFor(length: number): number {
  const step = length <= 1024 ? 32 : length <= 16_384 ? 512 : 16_384;
  return Math.ceil(length / step) * step;
}
