import { randomInt } from 'node:crypto';
import type { TextBytes } from '@tillstream/contracts';
import { grown } from './grown';
import { TextArena } from './text-arena';

const FIRST_SLOTS = 16;
const FREE = 0;

/**
 * The groups of a window, each with a slot: 0, 1, … in the order in which they came. A hash table over bytes: half a
 * million strings would have to be moved by the garbage collector before it lets them be.
 */
export class GroupSlots {
  private readonly texts = new TextArena();
  /** Where the text of a slot begins; it ends where that of the next one begins. */
  private starts = new Float64Array(FIRST_SLOTS + 1);
  private hashes = new Int32Array(FIRST_SLOTS);
  /** Slot + 1 at or behind the place that its hash says, or FREE. Never more than half full. */
  private table = new Int32Array(2 * FIRST_SLOTS);
  private count = 0;

  /** @param seed Nobody who chooses groups is to know which of them have the same hash. */
  constructor(
    private readonly hashOf: (group: TextBytes, seed: number) => number = mixedHash,
    private readonly seed = randomInt(2 ** 31),
  ) {}

  get size(): number {
    return this.count;
  }

  text(slot: number): string {
    return this.texts.text(this.starts[slot]!, this.starts[slot + 1]!);
  }

  /** Of the text, in bytes. */
  length(slot: number): number {
    return this.starts[slot + 1]! - this.starts[slot]!;
  }

  find(group: TextBytes): number | undefined {
    const slot = this.table[this.placeOf(group, this.hashOf(group, this.seed))]! - 1;
    return slot < 0 ? undefined : slot;
  }

  /** The group's slot; a new one (`size` as it was) when it has none yet. */
  findOrAdd(group: TextBytes): number {
    const hash = this.hashOf(group, this.seed);
    const place = this.placeOf(group, hash);
    const found = this.table[place]! - 1;
    return found < 0 ? this.add(group, hash, place) : found;
  }

  private add(group: TextBytes, hash: number, place: number): number {
    const slot = this.count++;
    this.starts = grown(this.starts, slot + 2);
    this.hashes = grown(this.hashes, slot + 1);
    this.texts.add(group);
    this.starts[slot + 1] = this.texts.length;
    this.hashes[slot] = hash;
    this.table[place] = slot + 1;
    if (2 * this.count > this.table.length) this.spread();
    return slot;
  }

  /** Where the group stands in the table, or would. */
  private placeOf(group: TextBytes, hash: number): number {
    const { table, hashes, starts, texts } = this;
    const mask = table.length - 1;
    const length = group.to - group.from;
    let place = hash & mask;
    for (let taken = table[place]!; taken !== FREE; taken = table[place]!) {
      const slot = taken - 1;
      const start = starts[slot]!;
      if (hashes[slot] === hash && starts[slot + 1]! - start === length && texts.holds(start, group)) break;
      place = (place + 1) & mask;
    }
    return place;
  }

  private spread(): void {
    const table = new Int32Array(2 * this.table.length);
    const mask = table.length - 1;
    for (let slot = 0; slot < this.count; slot++) {
      let place = this.hashes[slot]! & mask;
      while (table[place] !== FREE) place = (place + 1) & mask;
      table[place] = slot + 1;
    }
    this.table = table;
  }
}

/** FNV-1a, mixed once more at the end, since the table looks at the lowest bits. */
function mixedHash({ bytes, from, to }: TextBytes, seed: number): number {
  let hash = seed;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
