import { WORD_SLACK } from '../hash/word-slack';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const INITIAL_BYTES = 4096;
const MAX_VARINT32_BYTES = 5;

/** Writes the Protobuf wire format. Numbers are safe integers; fields are written even when they hold the default. */
export class WireWriter {
  private bytes = new Uint8Array(INITIAL_BYTES);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** Forgets what was written. */
  reset(): void {
    this.length = 0;
  }

  /** What was written, as a copy. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  uint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  sint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(zigzag(value));
  }

  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  blob(field: number, value: Uint8Array): void {
    this.varint(field * 8 + DELIMITED);
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  text(field: number, value: string): void {
    this.blob(field, new TextEncoder().encode(value));
  }

  /** Begins a message or a packed list; give the result to `end`. */
  begin(field: number): number {
    this.varint(field * 8 + DELIMITED);
    return this.length;
  }

  /** Puts the length before what was written since `begin`. */
  end(start: number): void {
    const size = this.length - start;
    const prefix = varintSize(size);
    this.reserve(prefix);
    this.bytes.copyWithin(start + prefix, start, this.length);
    this.length = start;
    this.varint(size);
    this.length += size;
  }

  packedUints(field: number, values: ArrayLike<number>, from: number, to: number): void {
    if (from === to) return;
    const start = this.begin(field);
    this.varints(values, from, to);
    this.end(start);
  }

  /** Each value's difference to the one before, the first's to zero. */
  packedDeltas(field: number, values: ArrayLike<number>, from: number, to: number): void {
    if (from === to) return;
    const start = this.begin(field);
    let before = 0;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      this.varint(zigzag(value - before));
      before = value;
    }
    this.end(start);
  }

  /** Each value plus one. */
  packedIndexes(field: number, values: Int32Array): void {
    const start = this.begin(field);
    this.indexes(values);
    this.end(start);
  }

  /** Lengths of the strings that `offsets` (one more than there are strings) lay end to end. */
  packedLengths(field: number, offsets: Uint32Array): void {
    const start = this.begin(field);
    this.lengths(offsets);
    this.end(start);
  }

  /** Those of `values` that are not NaN. */
  packedDoubles(field: number, values: Float64Array): void {
    const start = this.begin(field);
    this.reserve(8 * values.length);
    this.doubles(values);
    this.end(start);
  }

  /** One entry of a packed list that was begun, or a length. @throws RangeError for what is not a safe count */
  varint(value: number): void {
    // Most are lengths, small indexes and differences of neighbours.
    if (value === (value & 0x7f)) {
      this.reserve(1);
      this.bytes[this.length++] = value;
      return;
    }
    this.longVarint(value);
  }

  private longVarint(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER) || Math.floor(value) !== value) {
      throw new RangeError(`${value} cannot be written to an event batch: not a whole number in range`);
    }
    this.reserve(8);
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    let low = rest | 0;
    for (; low >= 0x80; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
    bytes[at++] = low;
    this.length = at;
  }

  // Loops on their own: V8 gives compiled code up at the end of a loop it entered half-way, when more follows.

  private varints(values: ArrayLike<number>, from: number, to: number): void {
    for (let i = from; i < to; i++) this.varint(values[i] as number);
  }

  private lengths(offsets: Uint32Array): void {
    this.reserve(MAX_VARINT32_BYTES * offsets.length);
    const { bytes } = this;
    let at = this.length;
    let before = offsets[0] as number;
    for (let i = 1; i < offsets.length; i++) {
      const offset = offsets[i] as number;
      let rest = offset - before;
      for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
      bytes[at++] = rest;
      before = offset;
    }
    this.length = at;
  }

  private indexes(values: Int32Array): void {
    this.reserve(MAX_VARINT32_BYTES * values.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < values.length; i++) {
      let rest = (values[i] as number) + 1;
      for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
      bytes[at++] = rest;
    }
    this.length = at;
  }

  private doubles(values: Float64Array): void {
    const { view } = this;
    let at = this.length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      view.setFloat64(at, value, true);
      at += 8;
    }
    this.length = at;
  }

  private reserve(more: number): void {
    if (this.length + more + WORD_SLACK <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more) + WORD_SLACK);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
