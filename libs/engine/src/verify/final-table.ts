import { ID_HASH_BYTES, murmur3x128 } from '@tillstream/core';

const KEY_SEED = 1;
const VALUE_SEED = 2;
const FIRST_CAPACITY = 1024;
const NO_ENTRY = -1;

/** Where a final stands, and which window it is of. */
export interface PlacedFinal {
  readonly partition: number;
  readonly offset: number;
  readonly startMs: number;
}

/**
 * Finals by their key, of each 128 bits of its key and 128 of its value: so many of them can be compared that their texts
 * would not fit. Two of 2^24 keys or values are taken for one by accident with a probability of about 2^-81.
 */
export class FinalTable {
  count = 0;
  /** Key and value of each entry: 2 × 16 bytes. */
  private hashes = new DataView(new ArrayBuffer(2 * ID_HASH_BYTES * FIRST_CAPACITY));
  private partitions = new Uint32Array(FIRST_CAPACITY);
  private offsets = new Float64Array(FIRST_CAPACITY);
  private starts = new Float64Array(FIRST_CAPACITY);
  private seen = new Uint8Array(FIRST_CAPACITY);
  /** Open addressing, at most half full. */
  private index = new Int32Array(2 * FIRST_CAPACITY).fill(NO_ENTRY);
  private readonly probe = new DataView(new ArrayBuffer(2 * ID_HASH_BYTES));

  /** Takes a final up. False: one of the same key is there, with another value. */
  add(partition: number, key: Uint8Array, value: Uint8Array, offset: number, startMs: number): boolean {
    this.hash(partition, key, value);
    const cell = this.find();
    const known = this.index[cell] as number;
    if (known !== NO_ENTRY) return this.sameValue(known);
    if (this.count === this.partitions.length) {
      this.grow();
      return this.add(partition, key, value, offset, startMs);
    }
    const entry = this.count++;
    const at = 2 * ID_HASH_BYTES * entry;
    for (let i = 0; i < 2 * ID_HASH_BYTES; i += 4) this.hashes.setInt32(at + i, this.probe.getInt32(i));
    this.partitions[entry] = partition;
    this.offsets[entry] = offset;
    this.starts[entry] = startMs;
    this.index[cell] = entry;
    return true;
  }

  /** Compares a final with the one that was taken up under its key, and remembers that it was asked for. */
  check(partition: number, key: Uint8Array, value: Uint8Array): 'equal' | 'missing' | PlacedFinal {
    this.hash(partition, key, value);
    const entry = this.index[this.find()] as number;
    if (entry === NO_ENTRY) return 'missing';
    this.seen[entry] = 1;
    return this.sameValue(entry) ? 'equal' : this.placeOf(entry);
  }

  /** Finals that nobody has asked for, in the order in which they were taken up. */
  *unseen(): Generator<PlacedFinal, void, void> {
    for (let entry = 0; entry < this.count; entry++) if (this.seen[entry] === 0) yield this.placeOf(entry);
  }

  private placeOf(entry: number): PlacedFinal {
    return {
      partition: this.partitions[entry] as number,
      offset: this.offsets[entry] as number,
      startMs: this.starts[entry] as number,
    };
  }

  /** A final is of the partition in which it stands: the same key elsewhere is another one. */
  private hash(partition: number, key: Uint8Array, value: Uint8Array): void {
    murmur3x128(key, 0, key.length, KEY_SEED + (partition << 8), this.probe, 0);
    murmur3x128(value, 0, value.length, VALUE_SEED, this.probe, ID_HASH_BYTES);
  }

  /** Cell of the probe's key, or the free cell where it belongs. */
  private find(): number {
    const mask = this.index.length - 1;
    for (let cell = this.probe.getUint32(0) & mask; ; cell = (cell + 1) & mask) {
      const entry = this.index[cell] as number;
      if (entry === NO_ENTRY || this.same(entry, 0)) return cell;
    }
  }

  private sameValue(entry: number): boolean {
    return this.same(entry, ID_HASH_BYTES);
  }

  private same(entry: number, from: number): boolean {
    const at = 2 * ID_HASH_BYTES * entry + from;
    for (let i = 0; i < ID_HASH_BYTES; i += 4) {
      if (this.hashes.getInt32(at + i) !== this.probe.getInt32(from + i)) return false;
    }
    return true;
  }

  private grow(): void {
    const capacity = 2 * this.partitions.length;
    const hashes = new Uint8Array(2 * ID_HASH_BYTES * capacity);
    hashes.set(new Uint8Array(this.hashes.buffer));
    this.hashes = new DataView(hashes.buffer);
    this.partitions = copied(this.partitions, new Uint32Array(capacity));
    this.offsets = copied(this.offsets, new Float64Array(capacity));
    this.starts = copied(this.starts, new Float64Array(capacity));
    this.seen = copied(this.seen, new Uint8Array(capacity));
    this.index = new Int32Array(2 * capacity).fill(NO_ENTRY);
    const mask = this.index.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      let cell = this.hashes.getUint32(2 * ID_HASH_BYTES * entry) & mask;
      while (this.index[cell] !== NO_ENTRY) cell = (cell + 1) & mask;
      this.index[cell] = entry;
    }
  }
}

function copied<A extends { set(values: A): void }>(values: A, larger: A): A {
  larger.set(values);
  return larger;
}
