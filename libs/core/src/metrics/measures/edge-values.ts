import type { FieldType } from '../../stream/schema';
import { grownBytes, grownDoubles, grownInts, roomFor } from '../../windowing/grow';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';
import { ItemValues } from './item-values';

/** At most one value for each owner (a group of a slice), which may be replaced: the first or the last one so far. */
export class EdgeValues {
  private numbers = new Float64Array(0);
  /** The text of an owner is bytes[starts, ends); `rooms` bytes from its start on are its own. */
  private bytes = new Uint8Array(0);
  private starts = new Int32Array(0);
  private ends = new Int32Array(0);
  private rooms = new Int32Array(0);
  private used = 0;
  private readonly isText: boolean;

  constructor(readonly type: FieldType) {
    this.isText = type === 'string';
  }

  /** Bools are 0 and 1. */
  setNumber(owner: number, value: number): void {
    this.numbers = grownDoubles(this.numbers, owner + 1);
    this.numbers[owner] = value;
  }

  /** Takes the text source[start, end). */
  setText(owner: number, source: Uint8Array, start: number, end: number): void {
    this.starts = grownInts(this.starts, owner + 1);
    this.ends = grownInts(this.ends, owner + 1);
    this.rooms = grownInts(this.rooms, owner + 1);
    const length = end - start;
    if (length > (this.rooms[owner] as number)) {
      // Room is doubled: what an owner has left behind is never more than what it has.
      const room = roomFor(length);
      this.bytes = grownBytes(this.bytes, this.used + room);
      this.starts[owner] = this.used;
      this.rooms[owner] = room;
      this.used += room;
    }
    const at = this.starts[owner] as number;
    for (let i = 0; i < length; i++) this.bytes[at + i] = source[start + i] as number;
    this.ends[owner] = at + length;
  }

  numberOf(owner: number): number {
    return this.numbers[owner] as number;
  }

  /** Appends an owner's value to others. */
  pushTo(items: ItemValues, owner: number): void {
    if (this.isText) items.pushText(this.bytes, this.starts[owner] as number, this.ends[owner] as number);
    else items.pushNumber(this.numbers[owner] as number);
  }

  /** About how many bytes an owner's value takes when it is written. */
  sizeOf(owner: number): number {
    return this.isText ? (this.ends[owner] as number) - (this.starts[owner] as number) : 8;
  }

  write(owner: number, writer: ByteWriter): void {
    const items = new ItemValues(this.type);
    this.pushTo(items, owner);
    items.write(0, writer);
  }

  /** Takes what `write` wrote. @throws RangeError when it is cut short */
  read(owner: number, reader: ByteReader): void {
    const items = new ItemValues(this.type);
    items.read(reader);
    if (this.isText) this.setText(owner, items.bytes, 0, items.textEnd(0));
    else this.setNumber(owner, items.numbers[0] as number);
  }
}
