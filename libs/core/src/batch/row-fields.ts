import type { Field, FieldType } from '../stream/schema';
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
  if (type !== 'string') return numberColumn(rows.map((row) => Number(value(row) ?? NaN)));
  const texts = rows.map((row) => {
    const text = value(row);
    return text === null ? null : String(text);
  });
  if (texts.every((text) => text === null)) return null;
  return dictionary ? dictionaryColumn(texts) : textColumn(texts);
}

function numberColumn(numbers: readonly number[]): NumberColumn | null {
  if (numbers.every(Number.isNaN)) return null;
  return { kind: 'number', values: Float64Array.from(numbers) };
}

function textColumn(texts: readonly (string | null)[]): TextColumn {
  const nulls = texts.includes(null) ? Uint8Array.from(texts, (text) => (text === null ? 1 : 0)) : null;
  return { kind: 'text', ...endToEnd(texts.map((text) => text ?? '')), nulls };
}

function dictionaryColumn(texts: readonly (string | null)[]): DictionaryColumn {
  const entries = new Map<string, number>();
  const indices = Int32Array.from(texts, (text) => {
    if (text === null) return -1;
    const known = entries.get(text);
    if (known !== undefined) return known;
    entries.set(text, entries.size);
    return entries.size - 1;
  });
  return { kind: 'dictionary', indices, ...endToEnd([...entries.keys()]) };
}

function endToEnd(texts: readonly string[]): { readonly bytes: Uint8Array; readonly offsets: Uint32Array } {
  const units = texts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(3 * units); // the most that UTF-8 needs for a UTF-16 unit
  const offsets = new Uint32Array(texts.length + 1);
  let end = 0;
  texts.forEach((text, i) => {
    end += utf8.encodeInto(text, bytes.subarray(end)).written;
    offsets[i + 1] = end;
  });
  return { bytes: bytes.slice(0, end), offsets };
}
