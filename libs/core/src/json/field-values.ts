import type { RejectCode } from '../enrich/types';
import { EventTimeParser } from '../event-time/parse-event-time';
import { DecimalScaler, EXACT } from '../money/decimal-scaler';
import type { StreamSchema } from '../stream/schema';

import { BOOL, DOUBLE, INT, MONEY, STRING, TIMESTAMP, typeNumber } from './field-types';
import type { JsonCursor } from './json-cursor';
import { ABSENT, FROM_INPUT, FROM_SCRATCH, RowRegisters } from './row-registers';
import { NOT_LISTED, ValueTable } from './value-table';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;

/** Takes what is wrong with the row. */
export interface RowProblems {
  reject(code: RejectCode, slot: number): void;
}

/** Reads values of declared fields into the registers, and rejects those that are not as declared. */
export class FieldValues {
  readonly registers: RowRegisters;
  /** By slot. */
  readonly types: Uint8Array;
  /** Accepted values and aliases by slot, where the field has any. */
  readonly tables: readonly (ValueTable | null)[];
  readonly eventTimes = new EventTimeParser();
  readonly moneyExponent: number;
  /** Money values of the row that had more digits than the currency. */
  rounded = 0;

  /** Slots of keys and ids. */
  private readonly absentIfEmpty: Uint8Array;
  /** Slots whose texts have something to be settled. */
  private readonly settles: Uint8Array;
  private readonly scaler = new DecimalScaler();

  constructor(
    { fields, key, id, money }: StreamSchema,
    readonly cursor: JsonCursor,
    private readonly problems: RowProblems,
  ) {
    this.registers = new RowRegisters(fields.length);
    this.types = Uint8Array.from(fields, ({ type }) => typeNumber(type));
    this.tables = fields.map((field) =>
      field.type === 'string' && (field.aliases.size > 0 || field.values !== null) ? new ValueTable(field) : null,
    );
    this.absentIfEmpty = Uint8Array.from(fields, ({ name }) => (key.includes(name) || name === id ? 1 : 0));
    this.settles = this.absentIfEmpty.map((isAbsent, slot) => (isAbsent === 1 || this.tables[slot] !== null ? 1 : 0));
    this.moneyExponent = money.exponent;
  }

  /** Bytes that hold the text of `slot`. */
  bytesOf(slot: number): Uint8Array {
    const status = this.registers.statusOf(slot);
    if (status === FROM_INPUT) return this.cursor.bytes;
    return status === FROM_SCRATCH ? this.cursor.scratch : (this.tables[slot] as ValueTable).bytes;
  }

  /**
   * Reads the value of a field whose first byte `c` is at `from`. Returns the position behind it, or -1 when it is not JSON.
   *
   * @param depth how many objects are open around it
   */
  read(slot: number, from: number, c: number, depth: number): number {
    return this.types[slot] === STRING ? this.readString(slot, from, c, depth) : this.readTyped(slot, from, c, depth);
  }

  private readString(slot: number, from: number, c: number, depth: number): number {
    const { cursor, registers } = this;
    if (c === QUOTE) {
      const start = from + 1;
      // What is wrong with the bytes before is not this field's fault.
      const wasBad = cursor.sawBadUtf8;
      cursor.sawBadUtf8 = false;
      const end = cursor.skipString(start);
      if (cursor.sawBadUtf8) this.problems.reject('invalid-utf8', slot);
      cursor.sawBadUtf8 ||= wasBad;
      if (end < 0) return -1;
      if (cursor.escaped) {
        const unescaped = cursor.scratchEnd;
        if (!cursor.unescape(start, end)) this.problems.reject('invalid-utf8', slot);
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
      this.problems.reject('unknown-value', slot);
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
        else this.problems.reject('invalid-utf8', slot);
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
        this.problems.reject('bad-timestamp', slot);
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
    this.problems.reject('wrong-type', slot);
    return this.cursor.skipValue(from, depth);
  }

  private takeText(slot: number, type: number, bytes: Uint8Array, start: number, end: number): void {
    const { registers } = this;
    const at = registers.base + slot;
    if (type === TIMESTAMP) {
      if (this.eventTimes.parseText(bytes, start, end, registers.number, at)) this.registers.setNumber(slot);
      else this.problems.reject(this.cursor.sawBadUtf8 ? 'invalid-utf8' : 'bad-timestamp', slot);
    } else if (this.cursor.literal.scan(bytes, start, end) === end) {
      this.takeNumber(slot, type, bytes, start, end);
    } else {
      this.problems.reject(this.cursor.sawBadUtf8 ? 'invalid-utf8' : 'wrong-type', slot);
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
        return this.problems.reject('out-of-range', slot);
      } else if (scaler.remainder !== EXACT) {
        return this.problems.reject('wrong-type', slot);
      } else {
        number[at] = scaler.result[0] as number;
      }
    } else if (type === MONEY) {
      if (!this.takeMoney(slot, bytes, start, end)) return this.problems.reject('out-of-range', slot);
    } else if (type === DOUBLE) {
      literal.toDouble(bytes, start, end, number, at);
      if (Math.abs(number[at] as number) === Infinity) return this.problems.reject('out-of-range', slot);
    } else {
      return this.problems.reject('wrong-type', slot);
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
}

const SMALL_POWERS = Float64Array.of(1, 10, 100, 1000, 10_000);
