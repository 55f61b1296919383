import { grownInts } from '../../windowing/grow';
import { IntList } from '../../windowing/int-list';
import type { ByteWriter } from '../checkpoint/byte-writer';

const MIN_SLOTS = 64;
const FREED = -1;
/** A record in the arena is the id, the length in bytes, and the bytes as little-endian words, the last padded with 0. */
const HEADER = 2;

/**
 * Dense ids for byte strings, counted references, and ids handed out again once nothing refers to them. Ids begin at 1;
 * 0 is left to mean null.
 *
 * A string is new with no reference. `sweep` forgets whatever has none, so callers retain what they keep and sweep at the
 * end of each batch; between two sweeps every id stays what it is.
 */
export class KeyInterner {
  /** Ids below this have been handed out at some time. */
  limit = 1;
  /** Strings alive. */
  size = 0;
  /** Open addressing: hash and place in the arena by turns; place 0 is an empty slot. */
  private slots = new Int32Array(MIN_SLOTS * 2);
  private arena = new Int32Array(0);
  private arenaEnd = 1; // no record is at 0
  private garbage = 0;
  /** Where each id is in the arena. */
  private places = new Int32Array(0);
  private hashes = new Int32Array(0);
  private refs = new Int32Array(0);
  private readonly freed = new IntList();
  /** Ids that may be without references. */
  private readonly unreferenced = new IntList();
  private batchHashes = new Int32Array(0);
  private batchPlaces = new Int32Array(0);
  private scratch = new Uint8Array(32);

  /** Id of the string in bytes[start, end). */
  intern(bytes: Uint8Array, start: number, end: number): number {
    return this.internAt(viewOf(bytes), start, end);
  }

  /** The same of a view that is there already: making one costs more than looking up what it shows. */
  internAt(view: DataView, start: number, end: number): number {
    return this.internHashed(view, start, end, hashOf(view, start, end));
  }

  /**
   * Ids of the texts of many rows: ids[row] for each of rows[from, to). Works in passes that each do one thing for all rows,
   * so that the memory accesses of many rows, which hit a large table at random, are under way at the same time.
   */
  internRows(
    bytes: Uint8Array,
    offsets: Uint32Array,
    rows: Int32Array,
    from: number,
    to: number,
    ids: Int32Array,
  ): void {
    const view = viewOf(bytes);
    this.batchHashes = grownInts(this.batchHashes, to - from);
    this.batchPlaces = grownInts(this.batchPlaces, to - from);
    const hashes = this.batchHashes;
    const places = this.batchPlaces;
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      hashes[i - from] = hashOf(view, offsets[row] as number, offsets[row + 1] as number);
    }
    const { slots, arena } = this;
    const mask = slots.length - 2;
    for (let i = 0; i < to - from; i++) {
      const hash = hashes[i] as number;
      const slot = (hash << 1) & mask;
      places[i] = slots[slot] === hash ? (slots[slot + 1] as number) : 0;
    }
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      const place = places[i - from] as number;
      const start = offsets[row] as number;
      const end = offsets[row + 1] as number;
      ids[row] = place !== 0 && isAt(arena, place, view, start, end) ? (arena[place] as number) : 0;
    }
    // What is new, or not in the slot it hashes to.
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      if (ids[row] !== 0) continue;
      ids[row] = this.internHashed(
        view,
        offsets[row] as number,
        offsets[row + 1] as number,
        hashes[i - from] as number,
      );
    }
  }

  retain(id: number): void {
    this.refs[id] = (this.refs[id] as number) + 1;
  }

  release(id: number): void {
    const left = (this.refs[id] as number) - 1;
    this.refs[id] = left;
    if (left === 0) this.unreferenced.push(id);
  }

  /** Forgets all strings without a reference. */
  sweep(): void {
    const { unreferenced } = this;
    for (let i = 0; i < unreferenced.length; i++) {
      const id = unreferenced.at(i);
      if (this.refs[id] === 0) this.free(id);
    }
    unreferenced.clear();
    if (this.size === 0 && this.limit > 1) this.reset();
  }

  /** About how long the strings are, in bytes. */
  get typicalLength(): number {
    const words = this.arenaEnd - this.garbage - HEADER * this.size;
    return this.size === 0 ? 0 : (4 * words) / this.size;
  }

  /** Length of a string in bytes. */
  length(id: number): number {
    return this.arena[(this.places[id] as number) + 1] as number;
  }

  /** Appends the bytes of a string. */
  write(id: number, writer: ByteWriter): void {
    const place = this.places[id] as number;
    writer.words(this.arena, place + HEADER, this.arena[place + 1] as number);
  }

  /** The bytes of a string, in a buffer that is overwritten by the next call. */
  bytesOf(id: number): Uint8Array {
    const length = this.length(id);
    if (length > this.scratch.length) this.scratch = new Uint8Array(2 * length);
    const words = (this.places[id] as number) + HEADER;
    for (let i = 0; i < length; i++) {
      this.scratch[i] = (this.arena[words + (i >> 2)] as number) >>> (8 * (i & 3));
    }
    return this.scratch;
  }

  /** Negative, 0 or positive: one string compared with another byte by byte. */
  compare(a: number, b: number): number {
    const { arena, places } = this;
    let atA = places[a] as number;
    let atB = places[b] as number;
    const lengthA = arena[++atA] as number;
    const lengthB = arena[++atB] as number;
    for (let left = Math.min(lengthA, lengthB); left > 0; left -= 4) {
      const difference = (arena[++atA] as number) ^ (arena[++atB] as number);
      if (difference === 0) continue;
      // Little-endian: the lowest byte that differs is the first one.
      const shift = (31 - Math.clz32(difference & -difference)) & ~7;
      return (((arena[atA] as number) >>> shift) & 0xff) - (((arena[atB] as number) >>> shift) & 0xff);
    }
    return lengthA - lengthB;
  }

  private internHashed(view: DataView, start: number, end: number, hash: number): number {
    const { slots, arena } = this;
    const mask = slots.length - 2;
    let slot = (hash << 1) & mask;
    for (;;) {
      const place = slots[slot + 1] as number;
      if (place === 0) return this.add(view, start, end, hash, slot);
      if (slots[slot] === hash && isAt(arena, place, view, start, end)) return arena[place] as number;
      slot = (slot + 2) & mask;
    }
  }

  private add(view: DataView, start: number, end: number, hash: number, slot: number): number {
    const id = this.freed.length > 0 ? this.freed.at(--this.freed.length) : this.limit++;
    this.places = grownInts(this.places, this.limit);
    this.hashes = grownInts(this.hashes, this.limit);
    this.refs = grownInts(this.refs, this.limit);
    this.makeRoom(HEADER + ((end - start + 3) >> 2));
    const place = this.arenaEnd;
    this.places[id] = place;
    this.hashes[id] = hash;
    this.refs[id] = 0;
    this.arena[this.arenaEnd++] = id;
    this.arena[this.arenaEnd++] = end - start;
    for (let i = start; i < end; i += 4) this.arena[this.arenaEnd++] = wordAt(view, i, end);
    this.unreferenced.push(id);
    // Making room may have moved the arena, never the slots.
    this.slots[slot] = hash;
    this.slots[slot + 1] = place;
    if (++this.size * 4 > this.slots.length) this.fillSlots(this.slots.length * 2);
    return id;
  }

  private free(id: number): void {
    const { slots } = this;
    const mask = slots.length - 2;
    const place = this.places[id] as number;
    let hole = ((this.hashes[id] as number) << 1) & mask;
    while (slots[hole + 1] !== place) hole = (hole + 2) & mask;
    // Close the gap, so that no tombstones pile up: move back whatever probed past it.
    for (let slot = (hole + 2) & mask; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
      const home = ((slots[slot] as number) << 1) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = slots[slot] as number;
        slots[hole + 1] = slots[slot + 1] as number;
        hole = slot;
      }
    }
    slots[hole] = 0;
    slots[hole + 1] = 0;
    this.garbage += HEADER + ((this.length(id) + 3) >> 2);
    this.refs[id] = FREED;
    this.freed.push(id);
    this.size--;
  }

  private makeRoom(words: number): void {
    if (this.arenaEnd + words <= this.arena.length) return;
    if (this.garbage * 2 > this.arenaEnd) this.compact();
    this.arena = grownInts(this.arena, this.arenaEnd + words);
  }

  /** Moves what is alive to the front of a new arena. */
  private compact(): void {
    const old = this.arena;
    this.arena = new Int32Array(old.length);
    this.arenaEnd = 1;
    this.garbage = 0;
    for (let slot = 0; slot < this.slots.length; slot += 2) {
      const place = this.slots[slot + 1] as number;
      if (place === 0) continue;
      const end = place + HEADER + (((old[place + 1] as number) + 3) >> 2);
      this.places[old[place] as number] = this.arenaEnd;
      this.slots[slot + 1] = this.arenaEnd;
      for (let i = place; i < end; i++) this.arena[this.arenaEnd++] = old[i] as number;
    }
  }

  private fillSlots(length: number): void {
    const old = this.slots;
    this.slots = new Int32Array(length);
    const mask = length - 2;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue;
      let slot = ((old[from] as number) << 1) & mask;
      while (this.slots[slot + 1] !== 0) slot = (slot + 2) & mask;
      this.slots[slot] = old[from] as number;
      this.slots[slot + 1] = old[from + 1] as number;
    }
  }

  private reset(): void {
    this.limit = 1;
    this.slots = new Int32Array(MIN_SLOTS * 2);
    this.arena = new Int32Array(0);
    this.arenaEnd = 1;
    this.garbage = 0;
    this.places = new Int32Array(0);
    this.hashes = new Int32Array(0);
    this.refs = new Int32Array(0);
    this.freed.clear();
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Is the record at a place of the arena the string view[start, end)? */
function isAt(arena: Int32Array, place: number, view: DataView, start: number, end: number): boolean {
  if (arena[place + 1] !== end - start) return false;
  let word = place + HEADER;
  let i = start;
  for (; i + 4 <= end; i += 4) if (arena[word++] !== view.getInt32(i, true)) return false;
  return i === end || arena[word] === wordAt(view, i, end);
}

/** Up to four bytes from `at` on as a little-endian word, padded with 0. */
function wordAt(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true);
  let word = 0;
  for (let i = end - 1; i >= at; i--) word = (word << 8) | view.getUint8(i);
  return word;
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  if (i < end) {
    hash = Math.imul(hash ^ wordAt(view, i, end), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 15);
}
