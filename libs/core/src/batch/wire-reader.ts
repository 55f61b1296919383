import { EventBatchFormatError } from './event-batch-error';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

const MAX_UINT32 = 0xffff_ffff;
const MAX_INT32 = 0x7fff_ffff;

/**
 * Reads the Protobuf wire format of one message, bytes[start, end). Never reads beyond it; whatever is not well formed
 * throws an EventBatchFormatError. Lists are sized by their bytes, so that no length that is only claimed is allocated.
 */
export class WireReader {
  /** Field number and wire type of the field that `next` came to. */
  field = 0;
  private wireType = 0;
  private readonly view: DataView;
  private at: number;

  constructor(
    private readonly bytes: Uint8Array,
    start: number,
    private readonly end: number,
    private readonly path: string,
    private readonly origin = start,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (this.at === this.end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || tag > MAX_UINT32) this.fail('a field without a number');
    return true;
  }

  /** Over a field that is not known. */
  skip(): void {
    if (this.wireType === VARINT) this.anyVarint();
    else if (this.wireType === FIXED64) this.advance(8);
    else if (this.wireType === FIXED32) this.advance(4);
    else if (this.wireType === DELIMITED) this.advance(this.varint());
    else this.fail(`wire type ${this.wireType}`);
  }

  uint(): number {
    this.expect(VARINT);
    return this.varint();
  }

  uint32(): number {
    const value = this.uint();
    if (value > MAX_UINT32) this.fail('a number beyond 32 bits');
    return value;
  }

  sint(): number {
    this.expect(VARINT);
    return unzigzag(this.varint());
  }

  double(): number {
    this.expect(FIXED64);
    const from = this.advance(8);
    return this.view.getFloat64(from, true);
  }

  /** The bytes of the field: not a copy. */
  blob(): Uint8Array {
    this.expect(DELIMITED);
    const length = this.varint();
    const from = this.advance(length);
    return this.bytes.subarray(from, from + length);
  }

  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.blob());
  }

  message(name: string): WireReader {
    this.expect(DELIMITED);
    const length = this.varint();
    const from = this.advance(length);
    return new WireReader(this.bytes, from, from + length, `${this.path}.${name}`, this.origin);
  }

  /** A packed list of integers. A list comes in one piece: in many it would cost the square of their number. */
  uints(known: Float64Array | null): Float64Array {
    const end = this.packedEnd(known, 1);
    const values = new Float64Array(this.countVarints(end));
    if (this.takeSmall(values, end)) return values;
    const { bytes } = this;
    for (let i = 0; i < values.length; i++) {
      const first = bytes[this.at] as number;
      if (first < 0x80) {
        values[i] = first;
        this.at++;
        continue;
      }
      // As many numbers end before `end` as are read here, so there is a second byte.
      const second = bytes[this.at + 1] as number;
      if (second < 0x80) {
        values[i] = (first & 0x7f) | (second << 7);
        this.at += 2;
      } else {
        values[i] = this.varint();
      }
    }
    if (this.at !== end) this.fail('a list that ends within a number');
    return values;
  }

  /** As `uints`, for numbers of 32 bits. */
  uints32(known: Uint32Array | null): Uint32Array {
    const end = this.packedEnd(known, 1);
    const { bytes } = this;
    const values = new Uint32Array(this.countVarints(end));
    if (this.takeSmall(values, end)) return values;
    for (let i = 0; i < values.length; i++) {
      const c = bytes[this.at] as number;
      if (c < 0x80) {
        values[i] = c;
        this.at++;
        continue;
      }
      const value = this.varint();
      if (value > MAX_UINT32) this.fail('a number beyond 32 bits');
      values[i] = value;
    }
    if (this.at !== end) this.fail('a list that ends within a number');
    return values;
  }

  doubles(known: Float64Array | null): Float64Array {
    const end = this.packedEnd(known, 8);
    const values = new Float64Array((end - this.at) / 8);
    for (let i = 0; i < values.length; i++, this.at += 8) values[i] = this.view.getFloat64(this.at, true);
    return values;
  }

  fail(problem: string): never {
    throw new EventBatchFormatError(problem, this.at - this.origin, this.path);
  }

  /** The end of the packed list that begins here, of entries of at least `size` bytes. */
  private packedEnd(known: ArrayLike<number> | null, size: number): number {
    this.expect(DELIMITED);
    if (known !== null) this.fail(`field ${this.field} comes twice`);
    const length = this.varint();
    if (length > this.end - this.at) this.fail('it ends too early');
    if (length % size !== 0) this.fail('a list that ends within a number');
    return this.at + length;
  }

  /** Numbers that end before `end`: bytes without their highest bit, counted four at a time. */
  private countVarints(end: number): number {
    const { bytes, view } = this;
    let count = 0;
    let p = this.at;
    for (; p + 4 <= end; p += 4) {
      const lasts = ~view.getInt32(p, true) & 0x8080_8080;
      count += Math.imul(lasts >>> 7, 0x0101_0101) >>> 24; // the sum of the four bytes
    }
    for (; p < end; p++) if ((bytes[p] as number) < 0x80) count++;
    return count;
  }

  /** Most lists hold small numbers only, one byte each: those are their bytes. */
  private takeSmall(values: Float64Array | Uint32Array, end: number): boolean {
    if (values.length !== end - this.at) return false;
    values.set(this.bytes.subarray(this.at, end));
    this.at = end;
    return true;
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType) this.fail(`field ${this.field} has wire type ${this.wireType}`);
  }

  /** Over `count` bytes; returns where they begin. */
  private advance(count: number): number {
    const from = this.at;
    if (count > this.end - from) this.fail('it ends too early');
    this.at = from + count;
    return from;
  }

  private varint(): number {
    const from = this.at;
    let value = 0;
    let weight = 1;
    for (let i = 0; i < 8; i++, weight *= 0x80) {
      if (this.at >= this.end) this.fail('it ends too early');
      const c = this.bytes[this.at++] as number;
      value += (c & 0x7f) * weight;
      if (c < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    this.at = from;
    return this.fail('a number beyond 53 bits');
  }

  /** Over a number of up to 64 bits that is not needed. */
  private anyVarint(): void {
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) this.fail('it ends too early');
      if ((this.bytes[this.at++] as number) < 0x80) return;
    }
    this.fail('a number beyond 64 bits');
  }
}

export function unzigzag(value: number): number {
  if (value <= MAX_INT32) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
