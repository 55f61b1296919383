import type { Column, DictionaryColumn, NumberColumn, TextColumn } from './event-batch';
import { COLUMN, DICTIONARY, NUMBERS, TEXT } from './wire-fields';
import type { WireReader } from './wire-reader';

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_COUNTS = new Uint32Array(0);
const NO_NUMBERS = new Float64Array(0);

/** One column of `rows` rows; null for a kind that is not known, which is as good as absent. */
export function readColumn(reader: WireReader, rows: number): { field: number; column: Column | null } {
  let field = 0;
  let column: Column | null = null;
  while (reader.next()) {
    if (reader.field === COLUMN.field) field = reader.uint32();
    else if (reader.field === COLUMN.text) column = readText(reader.message('text'), rows);
    else if (reader.field === COLUMN.dictionary) column = readDictionary(reader.message('dictionary'), rows);
    else if (reader.field === COLUMN.numbers) column = readNumbers(reader.message('numbers'), rows);
    else reader.skip();
  }
  if (field === 0) reader.fail('a column without its field');
  return { field, column };
}

function readText(reader: WireReader, rows: number): TextColumn {
  let bytes = NO_BYTES;
  let lengths: Uint32Array | null = null;
  let bitmap: Uint8Array | null = null;
  while (reader.next()) {
    if (reader.field === TEXT.data) bytes = reader.blob();
    else if (reader.field === TEXT.lengths) lengths = reader.uints32(lengths);
    else if (reader.field === TEXT.nulls) bitmap = reader.blob();
    else reader.skip();
  }
  lengths ??= NO_COUNTS;
  if (lengths.length !== rows) reader.fail(`${lengths.length} texts for ${rows} rows`);
  return { kind: 'text', bytes, offsets: offsetsOf(reader, lengths, bytes), nulls: bitsOf(reader, bitmap, rows) };
}

function readDictionary(reader: WireReader, rows: number): DictionaryColumn {
  let bytes = NO_BYTES;
  let lengths: Uint32Array | null = null;
  let indexes: Uint32Array | null = null;
  while (reader.next()) {
    if (reader.field === DICTIONARY.data) bytes = reader.blob();
    else if (reader.field === DICTIONARY.lengths) lengths = reader.uints32(lengths);
    else if (reader.field === DICTIONARY.indexes) indexes = reader.uints32(indexes);
    else reader.skip();
  }
  lengths ??= NO_COUNTS;
  indexes ??= NO_COUNTS;
  if (indexes.length !== rows) reader.fail(`${indexes.length} entries for ${rows} rows`);
  const indices = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const index = indexes[row] as number;
    if (index > lengths.length) reader.fail('an entry that the dictionary does not have');
    indices[row] = index - 1;
  }
  return { kind: 'dictionary', indices, bytes, offsets: offsetsOf(reader, lengths, bytes) };
}

function readNumbers(reader: WireReader, rows: number): NumberColumn {
  let bitmap: Uint8Array | null = null;
  let values: Float64Array | null = null;
  while (reader.next()) {
    if (reader.field === NUMBERS.present) bitmap = reader.blob();
    else if (reader.field === NUMBERS.values) values = reader.doubles(values);
    else reader.skip();
  }
  values ??= NO_NUMBERS;
  const present = bitsOf(reader, bitmap, rows);
  if (present === null) {
    if (values.length !== rows) reader.fail(`${values.length} numbers for ${rows} rows`);
    return { kind: 'number', values };
  }
  const spread = new Float64Array(rows).fill(NaN);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    if (present[row] !== 1) continue;
    if (at === values.length) reader.fail('fewer numbers than rows that have one');
    spread[row] = values[at++] as number;
  }
  if (at !== values.length) reader.fail('more numbers than rows that have one');
  return { kind: 'number', values: spread };
}

function offsetsOf(reader: WireReader, lengths: Uint32Array, bytes: Uint8Array): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  let at = 0;
  for (let i = 0; i < lengths.length; i++) {
    at += lengths[i] as number;
    if (at > bytes.length) reader.fail('texts longer than their bytes');
    offsets[i + 1] = at;
  }
  if (at !== bytes.length) reader.fail('texts shorter than their bytes');
  return offsets;
}

/** One byte a row from one bit a row; null from an absent bitmap. */
function bitsOf(reader: WireReader, bitmap: Uint8Array | null, rows: number): Uint8Array | null {
  if (bitmap === null) return null;
  if (bitmap.length !== (rows + 7) >> 3) reader.fail('a bitmap of another length than its rows');
  const bits = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) bits[row] = ((bitmap[row >> 3] as number) >> (row & 7)) & 1;
  return bits;
}
