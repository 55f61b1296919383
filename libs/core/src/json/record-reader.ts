import type { RejectCode } from '../enrich/types';

import type { JsonCursor } from './json-cursor';
import { MAX_RECORD_ROWS } from './limits';
import type { RowReader } from './row-reader';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;

/**
 * How a text holds its rows:
 * - `raw`: told apart by the first byte: `{` one object, or one a line; `[` an array;
 * - `json`: one object or one array;
 * - `ndjson`: one object a line, whatever the first byte.
 */
export type TextForm = 'raw' | 'json' | 'ndjson';

const DONE = 0;
const ARRAY = 1;
const LINES = 2;
const SINGLE = 3;

/**
 * Goes over the rows of one record: `open`, then `next` until it is false. After each `next` that is true the reader of
 * rows holds the row or its problem. When `code` is set in the end the record is refused as a whole, and nothing of the
 * rows that were already seen may count.
 */
export class RecordReader {
  /** Why the record as a whole is refused. */
  code: RejectCode | null = null;
  /** Position of the current row in the record, from 0; blank lines are not counted. */
  index = -1;
  /** Range of the current row in `cursor.bytes`. */
  rowStart = 0;
  rowEnd = 0;

  private readonly cursor: JsonCursor;
  private mode = DONE;
  private start = 0;
  private p = 0;

  constructor(
    private readonly rows: RowReader,
    /** More rows than this in one record refuse it. */
    private readonly maxRows = MAX_RECORD_ROWS,
  ) {
    this.cursor = rows.cursor;
  }

  /** Byte of the record (of the current row for a row's own problem) where the JSON breaks. */
  get failedAt(): number {
    return this.cursor.failedAt - (this.code === null ? this.rowStart : this.start);
  }

  open(text: Uint8Array, form: TextForm): void {
    const { cursor } = this;
    this.start = cursor.open(text);
    this.code = null;
    this.index = -1;
    this.p = cursor.skipWhitespace(this.skipByteOrderMark(this.start));
    const first = this.p < cursor.end ? cursor.bytes[this.p] : -1;
    if (form === 'ndjson' && first !== -1) this.mode = LINES;
    else if (first === OPEN_BRACKET) this.openArray();
    else if (first === OPEN_BRACE) this.mode = form === 'json' ? SINGLE : LINES;
    else this.refuseAt(this.p, first === 0 && form === 'raw' ? 'unsupported-encoding' : 'malformed-json');
  }

  next(): boolean {
    if (this.mode === ARRAY) return this.nextElement();
    if (this.mode === LINES) return this.nextLine();
    if (this.mode === SINGLE) return this.onlyObject();
    return false;
  }

  private skipByteOrderMark(p: number): number {
    const { bytes, end } = this.cursor;
    return p + 3 <= end && bytes[p] === 0xef && bytes[p + 1] === 0xbb && bytes[p + 2] === 0xbf ? p + 3 : p;
  }

  private openArray(): void {
    const { cursor } = this;
    this.mode = ARRAY;
    this.p = cursor.skipWhitespace(this.p + 1);
    if (this.p < cursor.end && cursor.bytes[this.p] === CLOSE_BRACKET) this.closeArray();
  }

  private nextElement(): boolean {
    const { cursor, rows } = this;
    const { bytes, end } = cursor;
    if (!this.admitRow()) return false;
    let p = this.p;
    this.rowStart = p;
    if (p < end && bytes[p] === OPEN_BRACE) p = rows.readRow(p);
    else p = this.skipStranger(p);
    if (p < 0) return this.refuse('malformed-json');
    this.rowEnd = p;
    p = cursor.skipWhitespace(p);
    const c = p < end ? bytes[p] : -1;
    this.p = p;
    if (c === COMMA) {
      this.p = cursor.skipWhitespace(p + 1);
    } else if (c === CLOSE_BRACKET) {
      if (!this.closeArray()) return false;
    } else {
      cursor.fail(p);
      return this.refuse('malformed-json');
    }
    return true;
  }

  private closeArray(): boolean {
    const { cursor } = this;
    this.mode = DONE;
    const after = cursor.skipWhitespace(this.p + 1);
    if (after === cursor.end) return true;
    cursor.fail(after);
    return this.refuse('malformed-json');
  }

  private onlyObject(): boolean {
    const { cursor, rows } = this;
    this.mode = DONE;
    this.index = 0;
    this.rowStart = this.p;
    this.rowEnd = cursor.end;
    const after = rows.readRow(this.p);
    if (after >= 0 && cursor.skipWhitespace(after) === cursor.end) this.rowEnd = after;
    else this.rejectLine(after < 0 ? cursor.failedAt : cursor.skipWhitespace(after));
    return true;
  }

  /** The cursor stands at the first byte of a line that is not blank, or at the end. */
  private nextLine(): boolean {
    const { cursor, rows } = this;
    const { bytes, end } = cursor;
    if (this.p >= end) {
      this.mode = DONE;
      return false;
    }
    if (!this.admitRow()) return false;
    const start = this.p;
    this.rowStart = start;
    // An object may span lines only if it is all there is, so only the first is read across lines.
    cursor.stopAtLineFeed = this.index > 0;
    let p = bytes[start] === OPEN_BRACE ? rows.readRow(start) : this.skipStranger(start);
    cursor.stopAtLineFeed = false;
    this.rowEnd = p;
    if (p >= 0) {
      const spansLines = cursor.sawLineFeed;
      cursor.sawLineFeed = false;
      const after = cursor.skipWhitespace(p);
      if (after === end || (cursor.sawLineFeed && !spansLines)) p = after;
      else p = cursor.fail(spansLines ? start : after);
    }
    if (p < 0) {
      this.rowEnd = this.lineEnd(start);
      this.rejectLine(Math.min(cursor.failedAt, this.rowEnd));
      p = cursor.skipWhitespace(this.rowEnd);
    }
    this.p = p;
    return true;
  }

  private lineEnd(start: number): number {
    const { bytes, end } = this.cursor;
    let p = start;
    while (p < end && bytes[p] !== LINE_FEED) p++;
    return p;
  }

  private refuseAt(position: number, code: RejectCode): void {
    this.cursor.fail(position);
    this.refuse(code);
  }

  private rejectLine(failedAt: number): void {
    this.rows.beginRow();
    this.rows.reject('malformed-json', -1);
    this.cursor.failedAt = failedAt;
  }

  /** Over a value that is no object. */
  private skipStranger(p: number): number {
    const { cursor, rows } = this;
    rows.beginRow();
    const after = cursor.skipValue(p, 1);
    rows.reject(cursor.sawBadUtf8 ? 'invalid-utf8' : 'not-an-object', -1);
    return after;
  }

  private admitRow(): boolean {
    if (++this.index < this.maxRows) return true;
    return this.refuse('too-many-rows');
  }

  private refuse(code: RejectCode): false {
    this.mode = DONE;
    this.code = code;
    return false;
  }
}
