const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the fields of one Protobuf message in the order they come. Every method throws RangeError where the message ends
 * too early or is not Protobuf.
 */
export class ProtoReader {
  /** Number of the current field. */
  field = 0;
  private wireType = 0;
  private at = 0;

  constructor(private readonly source: Uint8Array) {}

  /** Moves to the next field; false at the end. Read or `skip` the current one first. */
  nextField(): boolean {
    if (this.at >= this.source.length) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    return true;
  }

  /** An unsigned integer below 2^53, without a tag. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.source[this.at++];
      if (byte === undefined) throw new RangeError('Protobuf message is cut short');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > Number.MAX_SAFE_INTEGER)
        throw new RangeError('integer is too large');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** An int64 field between -2^53 and 2^53. */
  int64(): number {
    this.expect(0);
    const start = this.at;
    while ((this.source[this.at] ?? 0) >= 0x80) this.at++;
    const last = this.at;
    this.at = start;
    if (last - start < 9) return this.varint();

    let value = 0n;
    for (let i = last; i >= start; i--) value = (value << 7n) | BigInt((this.source[i] ?? 0) & 0x7f);
    this.at = last + 1;
    if (this.at > this.source.length) throw new RangeError('Protobuf message is cut short');
    const signed = Number(BigInt.asIntN(64, value));
    if (!Number.isSafeInteger(signed)) throw new RangeError('integer is too large');
    return signed;
  }

  /** A bytes field, as a view. */
  bytes(): Uint8Array {
    this.expect(2);
    const length = this.varint();
    if (this.at + length > this.source.length) throw new RangeError('Protobuf message is cut short');
    const view = this.source.subarray(this.at, this.at + length);
    this.at += length;
    return view;
  }

  /** A string field. */
  text(): string {
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch {
      throw new RangeError('text is not UTF-8');
    }
  }

  /** Passes over a field this version does not know. */
  skip(): void {
    if (this.wireType === 0) while ((this.source[this.at++] ?? 0) >= 0x80);
    else if (this.wireType === 1) this.at += 8;
    else if (this.wireType === 2) this.bytes();
    else if (this.wireType === 5) this.at += 4;
    else throw new RangeError(`wire type ${this.wireType} is not supported`);
    if (this.at > this.source.length) throw new RangeError('Protobuf message is cut short');
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType) throw new RangeError(`field ${this.field} has wire type ${this.wireType}`);
  }
}
