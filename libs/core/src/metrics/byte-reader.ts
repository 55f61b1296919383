const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NEGATIVE = 2;

/** Reads what ByteWriter wrote. Every method throws RangeError where the bytes end too early. */
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
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
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

  /** A byte string behind its length, as a view. */
  bytes(): Uint8Array {
    const start = this.skipBytes();
    return this.source.subarray(start, this.at);
  }

  /** Passes over a byte string behind its length, and returns where it begins. */
  skipBytes(): number {
    const length = this.count();
    this.expect(length);
    this.at += length;
    return this.at - length;
  }

  text(): string {
    return decoder.decode(this.bytes());
  }

  private expect(more: number): void {
    if (this.at + more > this.end) throw new RangeError('binary state is cut short');
  }
}
