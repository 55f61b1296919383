import { compareBytes } from '../expression/compare-bytes';
import { grownBytes, grownInts } from '../windowing/grow';
import { IntList } from '../windowing/int-list';

const MIN_SLOTS = 64;
const FREED = -1;

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
  /** Open addressing: hash and id by turns; id 0 is an empty slot. */
  private slots = new Int32Array(MIN_SLOTS * 2);
  /** Offset and length in the arena by turns, by id. */
  private spans = new Int32Array(0);
  private hashes = new Int32Array(0);
  private refs = new Int32Array(0);
  private arena = new Uint8Array(0);
  private arenaEnd = 0;
  private garbage = 0;
  private readonly freed = new IntList();
  /** Ids that may be without references. */
  private readonly unreferenced = new IntList();

  /** Id of the string in bytes[start, end). */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const { slots, spans, arena } = this;
    const mask = (slots.length >> 1) - 1;
    const length = end - start;
    let slot = hash & mask;
    for (;;) {
      const id = slots[2 * slot + 1] as number;
      if (id === 0) return this.add(bytes, start, end, hash, slot);
      if (slots[2 * slot] === hash && spans[2 * id + 1] === length) {
        const offset = spans[2 * id] as number;
        let i = 0;
        while (i < length && arena[offset + i] === bytes[start + i]) i++;
        if (i === length) return id;
      }
      slot = (slot + 1) & mask;
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

  length(id: number): number {
    return this.spans[2 * id + 1] as number;
  }

  offset(id: number): number {
    return this.spans[2 * id] as number;
  }

  /** Holds all strings; valid until the next `intern`. */
  get bytes(): Uint8Array {
    return this.arena;
  }

  /** Negative, 0 or positive: the order of two strings byte by byte. */
  compare(a: number, b: number): number {
    const { arena } = this;
    const aStart = this.offset(a);
    const bStart = this.offset(b);
    return compareBytes(arena, aStart, aStart + this.length(a), arena, bStart, bStart + this.length(b));
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const id = this.freed.length > 0 ? this.freed.at(--this.freed.length) : this.limit++;
    this.spans = grownInts(this.spans, 2 * this.limit);
    this.hashes = grownInts(this.hashes, this.limit);
    this.refs = grownInts(this.refs, this.limit);
    this.makeRoom(end - start);
    this.spans[2 * id] = this.arenaEnd;
    this.spans[2 * id + 1] = end - start;
    for (let i = start; i < end; i++) this.arena[this.arenaEnd++] = bytes[i] as number;
    this.hashes[id] = hash;
    this.refs[id] = 0;
    this.unreferenced.push(id);
    this.slots[2 * slot] = hash;
    this.slots[2 * slot + 1] = id;
    if (++this.size * 4 > this.slots.length) this.rehash();
    return id;
  }

  private free(id: number): void {
    const { slots } = this;
    const mask = (slots.length >> 1) - 1;
    let hole = (this.hashes[id] as number) & mask;
    while (slots[2 * hole + 1] !== id) hole = (hole + 1) & mask;
    // Close the gap, so that no tombstones pile up: move back whatever probed past it.
    for (let slot = (hole + 1) & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const home = (slots[2 * slot] as number) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[2 * hole] = slots[2 * slot] as number;
        slots[2 * hole + 1] = slots[2 * slot + 1] as number;
        hole = slot;
      }
    }
    slots[2 * hole + 1] = 0;
    this.garbage += this.length(id);
    this.refs[id] = FREED;
    this.freed.push(id);
    this.size--;
  }

  private makeRoom(length: number): void {
    if (this.arenaEnd + length <= this.arena.length) return;
    if (this.garbage * 2 > this.arenaEnd) this.compact();
    this.arena = grownBytes(this.arena, this.arenaEnd + length);
  }

  private compact(): void {
    const old = this.arena;
    this.arena = new Uint8Array(old.length);
    this.arenaEnd = 0;
    this.garbage = 0;
    for (let slot = 0; slot < this.slots.length; slot += 2) {
      const id = this.slots[slot + 1] as number;
      if (id === 0) continue;
      const from = this.offset(id);
      const end = from + this.length(id);
      this.spans[2 * id] = this.arenaEnd;
      for (let i = from; i < end; i++) this.arena[this.arenaEnd++] = old[i] as number;
    }
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    const mask = (this.slots.length >> 1) - 1;
    for (let from = 0; from < old.length; from += 2) {
      const id = old[from + 1] as number;
      if (id === 0) continue;
      const hash = old[from] as number;
      let slot = hash & mask;
      while (this.slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
      this.slots[2 * slot] = hash;
      this.slots[2 * slot + 1] = id;
    }
  }

  private reset(): void {
    this.limit = 1;
    this.slots = new Int32Array(MIN_SLOTS * 2);
    this.spans = new Int32Array(0);
    this.hashes = new Int32Array(0);
    this.refs = new Int32Array(0);
    this.arena = new Uint8Array(0);
    this.arenaEnd = 0;
    this.garbage = 0;
    this.freed.clear();
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
