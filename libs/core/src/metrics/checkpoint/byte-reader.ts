const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NEGATIVE = 2;

/** Reads what ByteWriter wrote. Every method throws RangeError where the bytes end too early or cannot be what it wrote. */
export class ByteReader {
  /** Of the whole source. */
  readonly view: DataView;

  constructor(
    readonly source: Uint8Array,
    public at = 0,
    private readonly end = source.length,
  ) {
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    this.expect(1);
    return this.source[this.at++] as number;
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      // Also ends a row of continued bytes before its scale is beyond all numbers.
      if (value > Number.MAX_SAFE_INTEGER || scale > Number.MAX_SAFE_INTEGER)
        throw new RangeError('a number of binary state is too large');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** Number of items that follow, each of at least one byte: never more than there are bytes left. */
  length(): number {
    const length = this.count();
    this.expect(length);
    return length;
  }

  integer(): number {
    const sign = this.byte();
    if (sign === 0) return NaN;
    const magnitude = this.count();
    return sign === NEGATIVE ? -magnitude : magnitude;
  }

  double(): number {
    this.expect(8);
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  /** As many little-endian words as the target has. */
  words(target: Int32Array): void {
    this.expect(4 * target.length);
    for (let i = 0; i < target.length; i++) target[i] = this.view.getInt32(this.at + 4 * i, true);
    this.at += 4 * target.length;
  }

  /** An unsigned integer of two bytes. */
  short(): number {
    this.expect(2);
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }

  /** A byte string behind its length, as a view. */
  bytes(): Uint8Array {
    const start = this.skipBytes();
    return this.source.subarray(start, this.at);
  }

  /** Passes over a byte string behind its length, and returns where it begins. */
  skipBytes(): number {
    const length = this.length();
    this.at += length;
    return this.at - length;
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch {
      throw new RangeError('a text of binary state is not UTF-8');
    }
  }

  /** To be called where the bytes have to end. */
  finish(): void {
    if (this.at !== this.end)
      throw new RangeError(`binary state goes on for ${this.end - this.at} bytes behind its end`);
  }

  private expect(more: number): void {
    if (this.at + more > this.end) throw new RangeError('binary state is cut short');
  }
}
