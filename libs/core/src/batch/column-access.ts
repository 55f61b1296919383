import type { Field } from '../stream/schema';

import type { Column, DictionaryColumn, EventBatch, NumberColumn, TextColumn } from './event-batch';

// A byte order mark inside an event is part of its text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Texts up to this length are put together from characters: cheaper than a call of the decoder. */
const SHORT_TEXT = 48;

/** UTF-8 text bytes[start, end). */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let p = start; p < end; p++) {
    const c = bytes[p] as number;
    if (c > 0x7f) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(c);
  }
  return text;
}

/** The column of a field, or null when it is null in every row. */
export function columnOf(batch: EventBatch, field: Field): Column | null {
  return batch.columns.get(field.number) ?? null;
}

/** The text of a row; null for null. */
export function textAt(column: TextColumn | DictionaryColumn, row: number): string | null {
  if (column.kind === 'dictionary') {
    const entry = column.indices[row] as number;
    return entry < 0 ? null : entryText(column, entry);
  }
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  return decodeText(column.bytes, column.offsets[row] as number, column.offsets[row + 1] as number);
}

/** The text of a dictionary's entry. */
export function entryText(column: DictionaryColumn, entry: number): string {
  return decodeText(column.bytes, column.offsets[entry] as number, column.offsets[entry + 1] as number);
}

/** The number of a row; null for null. */
export function numberAt(column: NumberColumn, row: number): number | null {
  const value = column.values[row] as number;
  return Number.isNaN(value) ? null : value;
}

/** Is a column null in a row? */
export function isNullAt(column: Column, row: number): boolean {
  if (column.kind === 'number') return Number.isNaN(column.values[row]);
  if (column.kind === 'dictionary') return (column.indices[row] as number) < 0;
  return column.nulls !== null && column.nulls[row] === 1;
}
