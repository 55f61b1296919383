import { grownBytes } from '../../windowing/grow';

const encoder = new TextEncoder();
const POSITIVE = 1;
const NEGATIVE = 2;
const LEAST_BYTES = 256;
/** Up to here, copying byte by byte costs less than a call. */
const SHORT = 64;

/** Builds the binary forms of keys, parts and checkpoints. */
export class ByteWriter {
  length = 0;
  private buffer: Uint8Array<ArrayBuffer>;
  private view: DataView<ArrayBuffer>;

  /** @param expectedBytes how much to make room for */
  constructor(expectedBytes = 0) {
    this.buffer = new Uint8Array(Math.max(LEAST_BYTES, expectedBytes));
    this.view = new DataView(this.buffer.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** What was written from a position on, without a copy: valid until the next write. */
  viewFrom(start: number): Uint8Array {
    return this.buffer.subarray(start, this.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** An unsigned integer below 2^53, low groups of seven bits first. */
  count(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  /** An integer of magnitude below 2^53, or NaN. */
  integer(value: number): void {
    if (Number.isNaN(value)) return this.byte(0);
    this.byte(value < 0 ? NEGATIVE : POSITIVE);
    this.count(Math.abs(value));
  }

  /** Any number. */
  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** An unsigned integer below 2^16. */
  short(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  /** An unsigned integer below 2^32. */
  int(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** source[start, end), without its length. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (end - start <= SHORT) for (let i = start; i < end; i++) this.buffer[this.length++] = source[i] as number;
    else {
      this.buffer.set(source.subarray(start, end), this.length);
      this.length += end - start;
    }
  }

  /** source[start, end) behind its length. */
  bytes(source: Uint8Array, start: number, end: number): void {
    this.count(end - start);
    this.raw(source, start, end);
  }

  /** `length` bytes that lie in little-endian words[at, …). */
  words(words: Int32Array, at: number, length: number): void {
    this.reserve(length + 3); // the last word is written whole
    const { view } = this;
    const from = this.length;
    for (let i = 0; i < length; i += 4) view.setInt32(from + i, words[at + (i >> 2)] as number, true);
    this.length = from + length;
  }

  text(value: string): void {
    const bytes = encoder.encode(value);
    this.bytes(bytes, 0, bytes.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    this.buffer = grownBytes(this.buffer, this.length + more);
    this.view = new DataView(this.buffer.buffer);
  }
}
