/** Copies up to here cost less in a loop than through a call, which takes as long as some 10 bytes in a loop do. */
const SHORT = 10;
/** Between two buffers the call needs a view of the source, which costs as much again. */
const SHORT_RANGE = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_INT32 = 0x7fffffff;

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

  /** The buffer that holds what is written up to now, from 0 on, and room behind it. */
  get written(): Buffer {
    return this.buffer;
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
    const { buffer, at } = this;
    if (count > SHORT_RANGE) {
      buffer.set(source.subarray(from, to), at);
    } else {
      for (let i = 0; i < count; i++) buffer[at + i] = source[from + i] as number;
    }
    this.at = at + count;
  }

  /** A second copy of what was written at [from, to). */
  repeat(from: number, to: number): void {
    const count = to - from;
    this.reserve(count);
    const { buffer, at } = this;
    if (count > SHORT) {
      buffer.copyWithin(at, from, to);
    } else {
      for (let i = 0; i < count; i++) buffer[at + i] = buffer[from + i] as number;
    }
    this.at = at + count;
  }

  /**
   * source[from, to) up to the first byte that JSON does not let stand in a string as it is: a control character, a quote
   * or a backslash. Returns the place of that byte, or `to`.
   */
  plainText(source: Uint8Array, from: number, to: number): number {
    this.reserve(to - from);
    const { buffer } = this;
    let { at } = this;
    let i = from;
    for (; i < to; i++) {
      const byte = source[i] as number;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) break;
      buffer[at++] = byte;
    }
    this.at = at;
    return i;
  }

  /** Text known to be ASCII: digits, punctuation, names. */
  ascii(text: string): void {
    const count = text.length;
    this.reserve(count);
    const { buffer, at } = this;
    for (let i = 0; i < count; i++) buffer[at + i] = text.charCodeAt(i);
    this.at = at + count;
  }

  /** Text in quotes, as JSON, if it is of ASCII that stands in a string as it is. Else nothing, and false. */
  plainJson(text: string): boolean {
    const count = text.length;
    this.reserve(count + 2);
    const { buffer, at } = this;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      buffer[at + 1 + i] = code;
    }
    buffer[at] = QUOTE;
    buffer[at + 1 + count] = QUOTE;
    this.at = at + count + 2;
    return true;
  }

  /** Decimal digits of a safe integer ≥ 0, with leading zeros up to `width`. */
  digits(value: number, width: number): void {
    if (value > MAX_INT32) {
      this.ascii(String(value).padStart(width, '0'));
      return;
    }
    let count = 1;
    for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) count++;
    if (count < width) count = width;
    this.reserve(count);
    const { buffer, at } = this;
    let rest = value | 0;
    for (let i = at + count - 1; i >= at; i--) {
      const tens = (rest / 10) | 0;
      buffer[i] = 0x30 + rest - tens * 10;
      rest = tens;
    }
    this.at = at + count;
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

  /** Makes room for so many bytes more: a writer that knows how many will come need not grow on the way. */
  reserve(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + count));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
