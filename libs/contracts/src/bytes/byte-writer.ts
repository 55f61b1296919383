/**
 * Bytes laid one behind another in one growing buffer. What `slice` returns shares it: a writer is filled once, cut into
 * records, and dropped.
 */
export class ByteWriter {
  private buffer: Buffer;
  private at = 0;

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes written so far: the position of the next one. */
  get length(): number {
    return this.at;
  }

  /** The bytes written at [from, to). Not a copy. */
  slice(from: number, to: number): Uint8Array {
    return this.buffer.subarray(from, to);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  bytes(source: Uint8Array): void {
    this.range(source, 0, source.length);
  }

  /** source[from, to). Short ranges are copied in place: a call out of JavaScript costs more than they do. */
  range(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    this.reserve(count);
    if (count > 48) {
      this.buffer.set(source.subarray(from, to), this.at);
    } else {
      for (let i = 0; i < count; i++) this.buffer[this.at + i] = source[from + i] as number;
    }
    this.at += count;
  }

  /** A second copy of what was written at [from, to). */
  repeat(from: number, to: number): void {
    this.reserve(to - from);
    this.buffer.copyWithin(this.at, from, to);
    this.at += to - from;
  }

  /** Text known to be ASCII: digits, punctuation, names. */
  ascii(text: string): void {
    const count = text.length;
    this.reserve(count);
    for (let i = 0; i < count; i++) this.buffer[this.at + i] = text.charCodeAt(i);
    this.at += count;
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.at += this.buffer.write(text, this.at, 'utf8');
  }

  /** Unsigned LEB128 of a safe integer ≥ 0, as in Protobuf. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.at++] = rest;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + count));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
