import { decodeText } from '../../batch/column-access';
import type { FieldType } from '../../stream/schema';
import { grownBytes, grownDoubles, grownInts } from '../../windowing/grow';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';

/** A value a measure can collect; money in minor units, timestamps in epoch ms. */
export type CollectedValue = string | number | boolean;

/** Quotes and a comma stand around a text; numbers and bools are never longer than this. */
const LISTED_TEXT_FRAMING_BYTES = 3;
export const LISTED_NUMBER_BYTES = 24;

/** As `listedBytes`, for a text of so many bytes of UTF-8. */
export function listedTextBytes(bytes: number): number {
  return bytes + LISTED_TEXT_FRAMING_BYTES;
}

/** Values of one type laid end to end: texts stay the UTF-8 they came as, everything else is a number (bools 0 and 1). */
export class ItemValues {
  count = 0;
  /** By item, unless it is a text. */
  numbers = new Float64Array(0);
  /** The text of an item is bytes[textStart(item), textEnd(item)). */
  bytes = new Uint8Array(0);
  private ends = new Int32Array(0);
  readonly isText: boolean;

  constructor(readonly type: FieldType) {
    this.isText = type === 'string';
  }

  textStart(item: number): number {
    return item === 0 ? 0 : (this.ends[item - 1] as number);
  }

  textEnd(item: number): number {
    return this.ends[item] as number;
  }

  pushNumber(value: number): void {
    this.numbers = grownDoubles(this.numbers, this.count + 1);
    this.numbers[this.count++] = value;
  }

  /** Appends the text source[start, end). */
  pushText(source: Uint8Array, start: number, end: number): void {
    const from = this.count === 0 ? 0 : (this.ends[this.count - 1] as number);
    const to = from + end - start;
    this.bytes = grownBytes(this.bytes, to);
    this.ends = grownInts(this.ends, this.count + 1);
    const { bytes } = this;
    for (let at = from, i = start; i < end; i++) bytes[at++] = source[i] as number;
    this.ends[this.count++] = to;
  }

  /** Appends an item of other values of the same type. */
  pushCopy(from: ItemValues, item: number): void {
    if (this.isText) this.pushText(from.bytes, from.textStart(item), from.textEnd(item));
    else this.pushNumber(from.numbers[item] as number);
  }

  /** Appends an item that has no value. */
  pushNothing(): void {
    if (this.isText) this.pushText(this.bytes, 0, 0);
    else this.pushNumber(0);
  }

  /** Takes the last item away. */
  dropLast(): void {
    this.count--;
  }

  /** Share of an item in what the lists of a result may take. */
  listedBytes(item: number): number {
    return this.isText ? listedTextBytes(this.textEnd(item) - this.textStart(item)) : LISTED_NUMBER_BYTES;
  }

  /** The same of all items together. */
  listedBytesOfAll(): number {
    if (!this.isText) return this.count * LISTED_NUMBER_BYTES;
    return this.count === 0 ? 0 : this.count * LISTED_TEXT_FRAMING_BYTES + this.textEnd(this.count - 1);
  }

  valueOf(item: number): CollectedValue {
    if (this.isText) return decodeText(this.bytes, this.textStart(item), this.textEnd(item));
    const value = this.numbers[item] as number;
    return this.type === 'bool' ? value !== 0 : value;
  }

  /** About how many bytes an item and its position take when they are written. */
  sizeOf(item: number): number {
    return this.isText ? this.textEnd(item) - this.textStart(item) + 8 : 16;
  }

  write(item: number, target: ByteWriter): void {
    if (this.isText) target.bytes(this.bytes, this.textStart(item), this.textEnd(item));
    else if (this.type === 'bool') target.byte(this.numbers[item] as number);
    else if (this.type === 'double') target.double(this.numbers[item] as number);
    else target.integer(this.numbers[item] as number);
  }

  /** Appends what `write` wrote. @throws RangeError when it is cut short */
  read(reader: ByteReader): void {
    if (this.isText) {
      const bytes = reader.bytes();
      this.pushText(bytes, 0, bytes.length);
    } else if (this.type === 'bool') this.pushNumber(reader.byte() === 0 ? 0 : 1);
    else this.pushNumber(this.type === 'double' ? reader.double() : reader.integer());
  }
}
