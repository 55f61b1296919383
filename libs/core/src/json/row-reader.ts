import type { RejectCode } from '../enrich/types';
import { partitionOf } from '../hash/murmur2';
import { pathOf } from '../stream/fields';
import type { StreamSchema } from '../stream/schema';

import { COMPACT, ExpectedKeys, NO_FIELD, SPACED } from './expected-keys';
import { ExpectedMembers } from './expected-members';
import { TIMESTAMP } from './field-types';
import { FieldValues } from './field-values';
import { JsonCursor } from './json-cursor';
import { MAX_EVENT_BYTES } from './limits';
import { MemberTree } from './member-tree';
import { RowDefaults } from './row-defaults';
import { ABSENT, NUMBER, type RowRegisters } from './row-registers';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_N = 0x6e;

const ROW_LIMIT = 2 ** 30;

/**
 * Reads one event after the other, in one pass over its bytes, into registers: everything that a row alone decides.
 *
 * A row is what `JSON.parse` would accept of strictly decoded UTF-8, within the limits; declared fields must be given
 * once and have their type. A number given for a string is taken as its literal text (ids are often written as
 * numbers), decimal text given for a number as that number. What is declared but null, or an empty key or id, is absent.
 * Objects that declared fields stand in must be given once, too. Null has no members, and neither has an array: some
 * languages write a map that is empty, or whose keys are numbers, as one.
 */
export class RowReader {
  readonly cursor = new JsonCursor();
  readonly registers: RowRegisters;
  readonly values: FieldValues;
  /** Why the row is not acceptable; null when it is. */
  code: RejectCode | null = null;
  /** Slot of the field or object that `code` is about, -1 for the row itself. */
  problemSlot = -1;
  /** Slot of the field that is the row's key; of its id, -1 for none. */
  keySlot = -1;
  idSlot = -1;
  readonly eventTimeSlot: number;
  /** What `locate` found. */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;

  private readonly tree: MemberTree;
  private readonly keySlots: Int32Array;
  private readonly requiredSlots: Int32Array;
  private readonly declaredIdSlot: number;
  private readonly defaults: RowDefaults | null;
  /** Row in which a slot was last given: finds a field or object that is given twice. */
  private readonly givenIn: Int32Array;
  private readonly keys: ExpectedKeys;
  private readonly expected: ExpectedMembers;
  private row = 0;

  constructor(readonly schema: StreamSchema) {
    const { fields } = schema;
    const slotOf = (name: string) => {
      const slot = fields.findIndex((field) => field.name === name);
      if (slot < 0) throw new RangeError(`stream ${schema.stream} declares no field ${name}`);
      return slot;
    };
    this.values = new FieldValues(schema, this.cursor, this);
    this.registers = this.values.registers;
    this.tree = new MemberTree(fields.map(pathOf));
    this.keySlots = Int32Array.from(schema.key, slotOf);
    this.declaredIdSlot = schema.id === null ? -1 : slotOf(schema.id);
    this.eventTimeSlot = slotOf(schema.eventTime.field);
    if (this.values.types[this.eventTimeSlot] !== TIMESTAMP) {
      throw new RangeError(`event time ${schema.eventTime.field} of stream ${schema.stream} is not a timestamp`);
    }
    this.requiredSlots = Int32Array.from(
      fields.flatMap((field, slot) => (field.optional && slot !== this.eventTimeSlot ? [] : [slot])),
    );
    this.givenIn = new Int32Array(fields.length + this.tree.objects.length);
    this.keys = new ExpectedKeys(this.tree, this.values.types);
    this.expected = new ExpectedMembers(this.values, this.keys, this.givenIn);
    this.defaults = fields.some((field) => field.default !== null) ? new RowDefaults(schema, this) : null;
  }

  /** The partition that the row's key belongs to. */
  keyPartition(partitions: number): number {
    this.locate(this.keySlot);
    return partitionOf(this.textBytes, this.textStart, this.textEnd, partitions);
  }

  /** Finds the text of `slot` (of a number: its text), as keys and ids are hashed: in `textBytes[textStart, textEnd)`. */
  locate(slot: number): void {
    const { cursor, registers } = this;
    const at = registers.base + slot;
    if (registers.status[at] !== NUMBER) {
      this.textBytes = this.values.bytesOf(slot);
      this.textStart = registers.start[at] as number;
      this.textEnd = registers.end[at] as number;
      return;
    }
    const text = new TextEncoder().encode(String((registers.number[at] as number) + 0));
    this.textStart = cursor.scratchEnd;
    cursor.appendToScratch(text, 0, text.length);
    this.textEnd = cursor.scratchEnd;
    this.textBytes = cursor.scratch;
  }

  /** Notes the first problem of the row; reading goes on to find its end. */
  reject(code: RejectCode, slot: number): void {
    if (this.code !== null) return;
    this.code = code;
    this.problemSlot = slot;
  }

  /** Begins a row that is not read by `readRow`: a value that is no object, a line that is not JSON. */
  beginRow(): void {
    const { cursor } = this;
    const { registers } = this;
    registers.clear();
    if (++this.row === ROW_LIMIT) {
      this.row = 1;
      this.givenIn.fill(0);
    }
    this.code = null;
    this.problemSlot = -1;
    this.values.rounded = 0;
    cursor.sawBadUtf8 = false;
    cursor.sawTooDeep = false;
    cursor.sawLineFeed = false;
    // Texts of staged rows may be in the scratch.
    if (registers.count === 0) cursor.scratchEnd = 0;
  }

  /**
   * Reads the object whose `{` is at `from`. Returns the position behind its `}`, with `code` and the registers set; or
   * -1 when it is not JSON (`cursor.failedAt` says where).
   */
  readRow(from: number): number {
    this.beginRow();
    const after = this.readMembers(from, this.tree.root, 1);
    return after < 0 ? -1 : this.finishRow(from, after);
  }

  /**
   * Reads the members of the object `object` whose `{` is at `from`. Returns the position behind its `}`, or -1.
   *
   * @param depth how many objects are open, this one included; as deep as the longest path of a declared field
   */
  private readMembers(from: number, object: number, depth: number): number {
    const { cursor, expected, row } = this;
    const { bytes, end } = cursor;
    expected.last = object;
    let p = expected.read(from + 1, row, true);
    let isFirst = p === from + 1;
    for (;;) {
      // Behind the brace or behind a value.
      let c = p < end ? (bytes[p] as number) : 0;
      if (c <= SPACE) {
        p = cursor.skipWhitespace(p);
        c = p < end ? (bytes[p] as number) : 0;
      }
      if (c === CLOSE_BRACE) return p + 1;
      if (!isFirst) {
        if (c !== COMMA) return cursor.fail(p);
        c = ++p < end ? (bytes[p] as number) : 0;
        if (c <= SPACE) p = cursor.skipWhitespace(p);
      }
      p = this.readMember(p, object, depth);
      if (p < 0) return -1;
      isFirst = false;
      p = expected.read(p, row, false);
    }
  }

  /** From the opening quote of a key to behind its value. */
  private readMember(from: number, object: number, depth: number): number {
    const { cursor, givenIn, row, expected } = this;
    const { bytes, end } = cursor;
    if (from >= end || bytes[from] !== QUOTE) return cursor.fail(from);
    const close = cursor.skipString(from + 1);
    if (close < 0) return -1;
    const slot = this.slotOfKey(object, from + 1, close);
    let p = close + 1;
    let c = p < end ? (bytes[p] as number) : 0;
    if (c !== COLON) {
      p = cursor.skipWhitespace(p);
      if (p >= end || bytes[p] !== COLON) return cursor.fail(p);
    }
    c = ++p < end ? (bytes[p] as number) : 0;
    const style = c === SPACE ? SPACED : COMPACT;
    if (c <= SPACE) {
      p = cursor.skipWhitespace(p);
      c = p < end ? (bytes[p] as number) : 0;
    }
    if (slot === NO_FIELD) return cursor.skipValue(p, depth);
    const isObject = slot >= this.tree.root;
    if (!isObject) {
      this.keys.learn(expected.last, slot, style);
      expected.last = slot;
    }
    if (givenIn[slot] === row) {
      this.reject('duplicate-field', slot);
      return cursor.skipValue(p, depth);
    }
    givenIn[slot] = row;
    if (isObject) return this.readObject(slot, p, c, depth);
    return this.values.read(slot, p, c, depth);
  }

  /** What is given for an object that has declared fields. */
  private readObject(slot: number, from: number, c: number, depth: number): number {
    if (c === OPEN_BRACE) {
      const after = this.readMembers(from, slot, depth + 1);
      this.expected.last = this.keys.placeBehind(slot);
      return after;
    }
    if (c !== OPEN_BRACKET && c !== LOWER_N) this.reject('wrong-type', slot);
    return this.cursor.skipValue(from, depth);
  }

  private slotOfKey(object: number, start: number, end: number): number {
    const { cursor } = this;
    const names = this.tree.membersOf(object);
    if (!cursor.escaped) return names.find(cursor.bytes, start, end);
    const unescaped = cursor.scratchEnd;
    if (!cursor.unescape(start, end)) return NO_FIELD;
    return names.find(cursor.scratch, unescaped, cursor.scratchEnd);
  }

  private finishRow(from: number, after: number): number {
    const { cursor } = this;
    if (cursor.sawBadUtf8 && this.code !== 'invalid-utf8') {
      // Not JSON at all, whatever else is wrong with it.
      this.code = 'invalid-utf8';
      this.problemSlot = -1;
    }
    if (cursor.sawTooDeep) this.reject('too-deep', -1);
    if (after - from > MAX_EVENT_BYTES) this.reject('event-too-large', -1);
    if (this.code === null) this.completeRow();
    return after;
  }

  private completeRow(): void {
    const { status, base } = this.registers;
    this.defaults?.apply();
    if (this.code !== null) return;
    this.keySlot = -1;
    for (let i = 0; i < this.keySlots.length; i++) {
      const slot = this.keySlots[i] as number;
      if (status[base + slot] !== ABSENT) {
        this.keySlot = slot;
        break;
      }
    }
    if (this.keySlot < 0) return this.reject('no-key', this.keySlots[0] ?? -1);
    for (let i = 0; i < this.requiredSlots.length; i++) {
      const slot = this.requiredSlots[i] as number;
      if (status[base + slot] === ABSENT) return this.reject('missing-field', slot);
    }
    const id = this.declaredIdSlot;
    this.idSlot = id >= 0 && status[base + id] !== ABSENT ? id : -1;
  }
}
