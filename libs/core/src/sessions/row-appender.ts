import type { FieldTexts } from './field-texts';
import type { SessionRows } from './session-rows';
import type { StateArena } from './state-arena';
import {
  CUT_OVER,
  DUE_AT,
  FIRST_AT,
  FORM_AT,
  HAS_REVENUE,
  HAS_VALUE,
  LAST_AT,
  MAX_ROWS,
  MAX_TEXT,
  MAX_TEXTS,
  NEGATIVE_REVENUE,
  NEGATIVE_VALUE,
  NO_OVER,
  ONE,
  OPEN_AT,
  OVER_AT,
  OVER_BYTES,
  OVER_LAST_AT,
  REST_AT,
  ROWS_AT,
  ROW_TEXTS,
  SUMMARY_LENGTH_AT,
  TEXTS_AT,
  TEXTS_LENGTH_AT,
  VERSION,
} from './user-state';
import type { SessionBounds } from './visitor';

/** A row takes no more than this, without its texts. */
const MAX_ROW_BYTES = 1 + 8 + ROW_TEXTS + 8 + 8;
const SHORT_MOVE = 64;

/**
 * Appends rows to the states of users who are asleep, as long as they make no difference to what is open there: nearly all rows do
 * not. They are summed up when the user is woken up.
 */
export class RowAppender {
  /** Of the row at hand: the numbers of its texts, and which fields have a text that the user did not have. */
  private readonly refs = new Uint8Array(ROW_TEXTS);
  private readonly fresh = new Uint8Array(ROW_TEXTS);
  private readonly lengths = new Uint8Array(ROW_TEXTS);
  private freshCount = 0;
  private readonly row = new Uint8Array(MAX_ROW_BYTES);
  private rowLength = 0;

  constructor(
    private readonly arena: StateArena,
    private readonly rows: SessionRows,
    private readonly bounds: SessionBounds,
  ) {}

  /** False: the user has to be woken up for this row. */
  append(user: number, row: number): boolean {
    const { arena } = this;
    const { gapMs, linesMs } = this.bounds;
    let { bytes, view } = arena.page(user);
    let at = arena.offset(user);
    if (bytes[at + FORM_AT] !== ONE || view.getUint32(at + OPEN_AT, true) === 0) return false;
    const timeMs = this.rows.times[row] as number;
    const firstMs = view.getFloat64(at + FIRST_AT, true);
    const lastMs = view.getFloat64(at + LAST_AT, true);
    const line = Math.floor(firstMs / linesMs);
    if (timeMs < firstMs || timeMs - lastMs > gapMs || timeMs >= (line + 1) * linesMs) return false;
    // What is open begins behind what is closed: nothing of it can be too late.
    const over = bytes[at + OVER_AT] as number;
    const count = bytes[at + ROWS_AT] as number;
    const texts = bytes[at + TEXTS_AT] as number;
    if (count === MAX_ROWS) return false;
    const textsLength = view.getUint16(at + TEXTS_LENGTH_AT, true);
    const restAt = REST_AT + (over === NO_OVER ? 0 : OVER_BYTES);
    const textsAt = restAt + view.getUint16(at + SUMMARY_LENGTH_AT, true);
    const added = this.findTexts(row, bytes, at + textsAt, at + textsAt + textsLength, texts);
    if (added < 0) return false;
    this.makeRow(row, timeMs - firstMs);
    const length = arena.length(user);
    arena.resize(user, length + added + this.rowLength);
    ({ bytes, view } = arena.page(user));
    at = arena.offset(user);
    if (added > 0) {
      moveUp(bytes, at + textsAt + textsLength, at + length, added);
      this.writeTexts(bytes, at + textsAt + textsLength);
      bytes[at + TEXTS_AT] = texts + this.freshCount;
      view.setUint16(at + TEXTS_LENGTH_AT, textsLength + added, true);
    }
    this.writeRow(bytes, at + length + added);
    bytes[at + ROWS_AT] = count + 1;
    if (timeMs <= lastMs) return true;
    view.setFloat64(at + LAST_AT, timeMs, true);
    const isContinued = over === CUT_OVER && firstMs - view.getFloat64(at + OVER_LAST_AT, true) <= gapMs;
    const lineMs = (line + (isContinued ? 1 : 2)) * linesMs;
    view.setFloat64(at + DUE_AT, Math.min(timeMs + gapMs + 1, lineMs), true);
    return true;
  }

  /** Makes a state for a user who has none; false: it has to be done by somebody who is awake. */
  begin(user: number, row: number): boolean {
    const { arena } = this;
    const { gapMs, linesMs } = this.bounds;
    const added = this.findTexts(row, NOTHING, 0, 0, 0);
    if (added < 0) return false;
    const timeMs = this.rows.times[row] as number;
    this.makeRow(row, 0);
    arena.resize(user, REST_AT + added + this.rowLength);
    const { bytes, view } = arena.page(user);
    const at = arena.offset(user);
    bytes.fill(0, at, at + REST_AT);
    bytes[at] = VERSION;
    bytes[at + FORM_AT] = ONE;
    bytes[at + OPEN_AT] = 1;
    view.setFloat64(at + DUE_AT, Math.min(timeMs + gapMs + 1, (Math.floor(timeMs / linesMs) + 2) * linesMs), true);
    view.setFloat64(at + FIRST_AT, timeMs, true);
    view.setFloat64(at + LAST_AT, timeMs, true);
    bytes[at + ROWS_AT] = 1;
    bytes[at + TEXTS_AT] = this.freshCount;
    view.setUint16(at + TEXTS_LENGTH_AT, added, true);
    this.writeTexts(bytes, at + REST_AT);
    this.writeRow(bytes, at + REST_AT + added);
    return true;
  }

  /** Numbers the texts of a row; returns how many bytes have to be added to those that are there; −1: they do not fit in. */
  private findTexts(row: number, bytes: Uint8Array, from: number, to: number, count: number): number {
    let added = 0;
    this.freshCount = 0;
    for (let field = 0; field < ROW_TEXTS; field++) {
      const texts = this.rows.texts[field] as FieldTexts;
      const length = texts.locate(row);
      if (length > MAX_TEXT) return -1;
      let ref = length === 0 ? 0 : find(bytes, from, to, texts.bytes, texts.start, length);
      if (length > 0 && ref === 0) {
        this.fresh[this.freshCount++] = field;
        this.lengths[field] = length;
        added += length + 1;
        ref = count + this.freshCount;
        if (ref > MAX_TEXTS) return -1;
      }
      this.refs[field] = ref;
    }
    return added;
  }

  private writeTexts(bytes: Uint8Array, at: number): void {
    let to = at;
    for (let i = 0; i < this.freshCount; i++) {
      const field = this.fresh[i] as number;
      const length = this.lengths[field] as number;
      const { bytes: source, start } = this.rows.texts[field] as FieldTexts;
      bytes[to++] = length;
      for (let j = 0; j < length; j++) bytes[to++] = source[start + j] as number;
    }
  }

  private makeRow(row: number, sinceFirstMs: number): void {
    const { rows } = this;
    const value = rows.value(row);
    const revenue = rows.revenue(row);
    let flags = rows.kinds[row] as number;
    if (value === value) flags |= value < 0 ? HAS_VALUE | NEGATIVE_VALUE : HAS_VALUE;
    if (revenue === revenue) flags |= revenue < 0 ? HAS_REVENUE | NEGATIVE_REVENUE : HAS_REVENUE;
    this.row[0] = flags;
    this.rowLength = 1;
    this.writeCount(sinceFirstMs);
    for (let field = 0; field < ROW_TEXTS; field++) this.row[this.rowLength++] = this.refs[field] as number;
    if ((flags & HAS_VALUE) !== 0) this.writeCount(Math.abs(value));
    if ((flags & HAS_REVENUE) !== 0) this.writeCount(Math.abs(revenue));
  }

  /** As ByteWriter.count. */
  private writeCount(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.row[this.rowLength++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.row[this.rowLength++] = rest;
  }

  private writeRow(bytes: Uint8Array, at: number): void {
    for (let i = 0; i < this.rowLength; i++) bytes[at + i] = this.row[i] as number;
  }
}

const NOTHING = new Uint8Array(0);

/** Number of a text among those that stand in bytes[from, to), from 1 on; 0: it is not there. */
function find(bytes: Uint8Array, from: number, to: number, source: Uint8Array, start: number, length: number): number {
  const last = source[start + length - 1] as number;
  for (let at = from, number = 1; at < to; number++) {
    const size = bytes[at] as number;
    // Ids mostly begin alike, and differ in their ends.
    if (size === length && bytes[at + length] === last) {
      let i = 1;
      while (i < length && bytes[at + i] === source[start + i - 1]) i++;
      if (i === length) return number;
    }
    at += size + 1;
  }
  return 0;
}

/** Moves bytes[from, to) by so many on. */
function moveUp(bytes: Uint8Array, from: number, to: number, by: number): void {
  if (to - from > SHORT_MOVE) bytes.copyWithin(from + by, from, to);
  else for (let i = to - 1; i >= from; i--) bytes[i + by] = bytes[i] as number;
}
