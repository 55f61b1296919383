import type { RejectCode } from '../enrich/types';
import { EventTimeParser } from '../event-time/parse-event-time';
import { partitionOf } from '../hash/murmur2';
import { DecimalScaler, EXACT } from '../money/decimal-scaler';
import { pathOf } from '../stream/fields';
import type { StreamSchema } from '../stream/schema';

import { COMPACT, ExpectedKeys, NO_FIELD, SPACED } from './expected-keys';
import { ExpectedMembers } from './expected-members';
import { BOOL, DOUBLE, INT, MONEY, STRING, TIMESTAMP, typeNumber } from './field-types';
import { JsonCursor } from './json-cursor';
import { MAX_EVENT_BYTES } from './limits';
import { MemberTree } from './member-tree';
import { RowDefaults } from './row-defaults';
import { ABSENT, FROM_INPUT, FROM_SCRATCH, NUMBER, RowRegisters } from './row-registers';
import { NOT_LISTED, ValueTable } from './value-table';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;

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
  /** Accepted values and aliases by slot, where the field has any. */
  readonly tables: readonly (ValueTable | null)[];
  /** Why the row is not acceptable; null when it is. */
  code: RejectCode | null = null;
  /** Slot of the field or object that `code` is about, -1 for the row itself. */
  problemSlot = -1;
  /** Slot of the field that is the row's key; of its id, -1 for none. */
  keySlot = -1;
  idSlot = -1;
  /** Money values of the row that had more digits than the currency. */
  rounded = 0;
  readonly eventTimeSlot: number;
  /** What `locate` found. */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;

  private readonly tree: MemberTree;
  readonly types: Uint8Array;
  private readonly absentIfEmpty: Uint8Array;
  /** Slots whose texts have something to be settled. */
  private readonly settles: Uint8Array;
  private readonly keySlots: Int32Array;
  private readonly requiredSlots: Int32Array;
  private readonly declaredIdSlot: number;
  private readonly defaults: RowDefaults | null;
  readonly eventTimes = new EventTimeParser();
  private readonly scaler = new DecimalScaler();
  readonly moneyExponent: number;
  /** Row in which a slot was last given: finds a field or object that is given twice. */
  readonly givenIn: Int32Array;
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
    this.registers = new RowRegisters(fields.length);
    this.tree = new MemberTree(fields.map(pathOf));
    this.types = Uint8Array.from(fields, ({ type }) => typeNumber(type));
    this.tables = fields.map((field) =>
      field.type === 'string' && (field.aliases.size > 0 || field.values !== null) ? new ValueTable(field) : null,
    );
    this.keySlots = Int32Array.from(schema.key, slotOf);
    this.declaredIdSlot = schema.id === null ? -1 : slotOf(schema.id);
    this.eventTimeSlot = slotOf(schema.eventTime.field);
    if (this.types[this.eventTimeSlot] !== TIMESTAMP) {
      throw new RangeError(`event time ${schema.eventTime.field} of stream ${schema.stream} is not a timestamp`);
    }
    this.absentIfEmpty = new Uint8Array(fields.length);
    for (const slot of [...this.keySlots, this.declaredIdSlot]) if (slot >= 0) this.absentIfEmpty[slot] = 1;
    this.settles = Uint8Array.from(fields, (_, slot) =>
      this.absentIfEmpty[slot] === 1 || this.tables[slot] !== null ? 1 : 0,
    );
    this.requiredSlots = Int32Array.from(
      fields.flatMap((field, slot) => (field.optional && slot !== this.eventTimeSlot ? [] : [slot])),
    );
    this.moneyExponent = schema.money.exponent;
    this.givenIn = new Int32Array(fields.length + this.tree.objects.length);
    this.keys = new ExpectedKeys(this.tree, this.types);
    this.expected = new ExpectedMembers(this, this.keys);
    this.defaults = fields.some((field) => field.default !== null) ? new RowDefaults(schema, this) : null;
  }

  /** Bytes that hold the text of `slot`. */
  bytesOf(slot: number): Uint8Array {
    const status = this.registers.statusOf(slot);
    if (status === FROM_INPUT) return this.cursor.bytes;
    return status === FROM_SCRATCH ? this.cursor.scratch : (this.tables[slot] as ValueTable).bytes;
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
      this.textBytes = this.bytesOf(slot);
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
    this.rounded = 0;
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
    return this.types[slot] === STRING ? this.readString(slot, p, c, depth) : this.readTyped(slot, p, c, depth);
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

  private readString(slot: number, from: number, c: number, depth: number): number {
    const { cursor, registers } = this;
    if (c === QUOTE) {
      const start = from + 1;
      // What is wrong with the bytes before is not this field's fault.
      const wasBad = cursor.sawBadUtf8;
      cursor.sawBadUtf8 = false;
      const end = cursor.skipString(start);
      if (cursor.sawBadUtf8) this.reject('invalid-utf8', slot);
      cursor.sawBadUtf8 ||= wasBad;
      if (end < 0) return -1;
      if (cursor.escaped) {
        const unescaped = cursor.scratchEnd;
        if (!cursor.unescape(start, end)) this.reject('invalid-utf8', slot);
        registers.setText(slot, FROM_SCRATCH, unescaped, cursor.scratchEnd);
      } else {
        registers.setText(slot, FROM_INPUT, start, end);
      }
      if (this.settles[slot] === 1) this.settleText(slot);
      return end + 1;
    }
    if (c === MINUS || (c >= ZERO && c <= NINE)) {
      const end = cursor.literal.scan(cursor.bytes, from, cursor.end);
      if (end < 0) return cursor.fail(from);
      registers.setText(slot, FROM_INPUT, from, end);
      if (this.settles[slot] === 1) this.settleText(slot);
      return end;
    }
    return this.readNull(slot, from, c, depth);
  }

  /** Applies what holds for every text of the slot: an empty key is absent; aliases; accepted values. */
  settleText(slot: number): void {
    const { registers } = this;
    const start = registers.start[registers.base + slot] as number;
    const end = registers.end[registers.base + slot] as number;
    if (start === end && this.absentIfEmpty[slot] === 1) {
      registers.status[registers.base + slot] = ABSENT;
      return;
    }
    const table = this.tables[slot] as ValueTable | null;
    if (table === null) return;
    const inInput = registers.statusOf(slot) === FROM_INPUT;
    const view = inInput ? this.cursor.view : this.cursor.scratchView;
    const entry = table.find(this.bytesOf(slot), view, start, end);
    if (entry !== NOT_LISTED) {
      registers.setEntry(slot, entry, table.offsets[entry] as number, table.offsets[entry + 1] as number);
    } else if (table.closed) {
      this.reject('unknown-value', slot);
    }
  }

  /** A value of a field that is not a string. */
  private readTyped(slot: number, from: number, c: number, depth: number): number {
    const { cursor, registers } = this;
    const at = registers.base + slot;
    const type = this.types[slot] as number;
    if (c === QUOTE) {
      const start = from + 1;
      const end = cursor.skipString(start);
      if (end < 0) return -1;
      if (!cursor.escaped) {
        this.takeText(slot, type, cursor.bytes, start, end);
      } else {
        const unescaped = cursor.scratchEnd;
        if (cursor.unescape(start, end)) this.takeText(slot, type, cursor.scratch, unescaped, cursor.scratchEnd);
        else this.reject('invalid-utf8', slot);
      }
      return end + 1;
    }
    if (c === MINUS || (c >= ZERO && c <= NINE)) {
      const end = cursor.literal.scan(cursor.bytes, from, cursor.end);
      if (end < 0) return cursor.fail(from);
      if (type !== TIMESTAMP) {
        this.takeNumber(slot, type, cursor.bytes, from, end);
      } else if (this.eventTimes.parseNumber(cursor.literal, cursor.bytes, from, end, registers.number, at)) {
        this.registers.setNumber(slot);
      } else {
        this.reject('bad-timestamp', slot);
      }
      return end;
    }
    if (type === BOOL && (c === LOWER_T || c === LOWER_F)) {
      registers.number[at] = c === LOWER_T ? 1 : 0;
      registers.setNumber(slot);
      return cursor.skipWord(from, c);
    }
    return this.readNull(slot, from, c, depth);
  }

  private readNull(slot: number, from: number, c: number, depth: number): number {
    if (c === LOWER_N) return this.cursor.skipWord(from, c);
    this.reject('wrong-type', slot);
    return this.cursor.skipValue(from, depth);
  }

  private takeText(slot: number, type: number, bytes: Uint8Array, start: number, end: number): void {
    const { registers } = this;
    const at = registers.base + slot;
    if (type === TIMESTAMP) {
      if (this.eventTimes.parseText(bytes, start, end, registers.number, at)) this.registers.setNumber(slot);
      else this.reject(this.cursor.sawBadUtf8 ? 'invalid-utf8' : 'bad-timestamp', slot);
    } else if (this.cursor.literal.scan(bytes, start, end) === end) {
      this.takeNumber(slot, type, bytes, start, end);
    } else {
      this.reject(this.cursor.sawBadUtf8 ? 'invalid-utf8' : 'wrong-type', slot);
    }
  }

  /** The number that `cursor.literal` has just scanned from bytes[start, end). */
  private takeNumber(slot: number, type: number, bytes: Uint8Array, start: number, end: number): void {
    const at = this.registers.base + slot;
    const { scaler } = this;
    const { literal } = this.cursor;
    const { number } = this.registers;
    if (type === INT) {
      if (literal.exact && literal.fractionDigits === 0 && !literal.hasExponent) {
        const mantissa = literal.mantissa[0] as number;
        number[at] = literal.negative ? 0 - mantissa : mantissa;
      } else if (!scaler.scale(bytes, start, end, 0)) {
        return this.reject('out-of-range', slot);
      } else if (scaler.remainder !== EXACT) {
        return this.reject('wrong-type', slot);
      } else {
        number[at] = scaler.result[0] as number;
      }
    } else if (type === MONEY) {
      if (!this.takeMoney(slot, bytes, start, end)) return this.reject('out-of-range', slot);
    } else if (type === DOUBLE) {
      literal.toDouble(bytes, start, end, number, at);
      if (Math.abs(number[at] as number) === Infinity) return this.reject('out-of-range', slot);
    } else {
      return this.reject('wrong-type', slot);
    }
    this.registers.setNumber(slot);
  }

  private takeMoney(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.registers.base + slot;
    const { scaler, moneyExponent } = this;
    const { literal } = this.cursor;
    const { number } = this.registers;
    const missing = moneyExponent - literal.fractionDigits;
    if (literal.exact && !literal.hasExponent && missing >= 0 && missing <= 4) {
      const minor = (literal.mantissa[0] as number) * (SMALL_POWERS[missing] as number);
      number[at] = literal.negative ? 0 - minor : minor;
      return minor <= Number.MAX_SAFE_INTEGER;
    }
    if (!scaler.scale(bytes, start, end, moneyExponent) || !scaler.roundHalfToEven()) return false;
    if (scaler.remainder !== EXACT) this.rounded++;
    number[at] = scaler.result[0] as number;
    return true;
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

const SMALL_POWERS = Float64Array.of(1, 10, 100, 1000, 10_000);
