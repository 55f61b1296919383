import type { Field, FieldType } from '../stream/schema';
import { copiedTo } from '../windowing/grow';
import type { Column, DictionaryColumn, NumberColumn, TextColumn } from './event-batch';

const utf8 = new TextEncoder();

/** A field of rows that are computed, and not read from an event. */
export interface RowField<Row> {
  readonly name: string;
  readonly type: FieldType;
  /** May be null. */
  readonly optional?: true;
  /** Of a string with few different values in a batch. */
  readonly dictionary?: true;
  /** Text of a string; epoch ms of a timestamp, minor units of money; null or NaN: null. */
  readonly value: (row: Row) => string | number | boolean | null;
}

/** The fields as a schema declares them, numbered in their order. */
export function declareFields<Row>(fields: readonly RowField<Row>[]): readonly Field[] {
  return fields.map(({ name, type, optional, dictionary }, i) => ({
    number: i + 1,
    name,
    type,
    optional: optional === true,
    dictionary: dictionary === true,
    aliases: new Map(),
    values: null,
    default: null,
  }));
}

/** Columns of an event batch, by field number. A field that is null in every row has none. */
export function toColumns<Row>(fields: readonly RowField<Row>[], rows: readonly Row[]): ReadonlyMap<number, Column> {
  const columns = new Map<number, Column>();
  fields.forEach((field, i) => {
    const column = toColumn(field, rows);
    if (column !== null) columns.set(i + 1, column);
  });
  return columns;
}

function toColumn<Row>({ type, dictionary, value }: RowField<Row>, rows: readonly Row[]): Column | null {
  if (type !== 'string') return numberColumn(value, rows);
  return dictionary ? dictionaryColumn(value, rows) : textColumn(value, rows);
}

function numberColumn<Row>(value: RowField<Row>['value'], rows: readonly Row[]): NumberColumn | null {
  const values = new Float64Array(rows.length);
  let isNull = true;
  for (let row = 0; row < rows.length; row++) {
    const number = Number(value(rows[row] as Row) ?? NaN);
    values[row] = number;
    isNull &&= Number.isNaN(number);
  }
  return isNull ? null : { kind: 'number', values };
}

function textColumn<Row>(value: RowField<Row>['value'], rows: readonly Row[]): TextColumn | null {
  const texts = new TextsEndToEnd(rows.length);
  const nulls = new Uint8Array(rows.length);
  let nullCount = 0;
  for (let row = 0; row < rows.length; row++) {
    const text = value(rows[row] as Row);
    if (text === null) nullCount += nulls[row] = 1;
    texts.add(text === null ? '' : String(text));
  }
  if (nullCount === rows.length) return null;
  return { kind: 'text', ...texts.finish(), nulls: nullCount === 0 ? null : nulls };
}

function dictionaryColumn<Row>(value: RowField<Row>['value'], rows: readonly Row[]): DictionaryColumn | null {
  const entries = new Map<string, number>();
  const texts = new TextsEndToEnd(rows.length);
  const indices = new Int32Array(rows.length).fill(-1);
  for (let row = 0; row < rows.length; row++) {
    const text = value(rows[row] as Row);
    if (text === null) continue;
    const entry = entries.get(String(text)) ?? entries.size;
    if (entry === entries.size) {
      entries.set(String(text), entry);
      texts.add(String(text));
    }
    indices[row] = entry;
  }
  return entries.size === 0 ? null : { kind: 'dictionary', indices, ...texts.finish() };
}

/** UTF-8 texts, one behind the other. */
class TextsEndToEnd {
  private bytes = new Uint8Array(1024);
  private readonly offsets: Uint32Array;
  private count = 0;
  private end = 0;

  constructor(most: number) {
    this.offsets = new Uint32Array(most + 1);
  }

  add(text: string): void {
    const most = this.end + 3 * text.length; // what UTF-8 needs for a UTF-16 unit at most
    if (most > this.bytes.length) this.bytes = copiedTo(new Uint8Array(2 * most), this.bytes);
    const { bytes } = this;
    let at = this.end;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        at = this.end + utf8.encodeInto(text, bytes.subarray(this.end)).written;
        break;
      }
      bytes[at++] = code;
    }
    this.end = at;
    this.offsets[++this.count] = at;
  }

  finish(): { readonly bytes: Uint8Array; readonly offsets: Uint32Array } {
    return { bytes: this.bytes.slice(0, this.end), offsets: this.offsets.slice(0, this.count + 1) };
  }
}
