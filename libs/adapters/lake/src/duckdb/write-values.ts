import { isUtf8 } from 'node:buffer';
import type { Vector } from '@duckdb/node-bindings';
import {
  list_vector_get_child,
  list_vector_reserve,
  list_vector_set_size,
  struct_vector_get_child,
} from '@duckdb/node-bindings';
import type { FeedValue } from '@tillstream/contracts';

import type { ColumnType } from '../sql/column-type';
import type { VectorWriter } from './vector-writer';

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes values of a feed into a vector. Texts are strings or their UTF-8; what is no value of the type is null, and what JSON can
 * say besides is its JSON where the type is a text.
 */
export function writeValues(
  vector: Vector,
  writer: VectorWriter,
  type: ColumnType,
  values: readonly (FeedValue | undefined)[],
): void {
  if (typeof type === 'object' && type.kind === 'array') writeLists(vector, writer, type.element, values);
  else if (typeof type === 'object' && type.kind === 'struct') writeStructs(vector, writer, type.fields, values);
  else writeScalars(vector, writer, type, values);
}

type ScalarType = Exclude<ColumnType, { readonly kind: 'array' | 'struct' }>;

function writeScalars(
  vector: Vector,
  writer: VectorWriter,
  type: ScalarType,
  values: readonly (FeedValue | undefined)[],
): void {
  const ofTexts = type === 'string' || type === 'binary';
  writer.begin(vector, values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? null;
    if (value !== null && setScalar(writer, row, type, value)) continue;
    if (ofTexts) writer.setNullText(row);
    else writer.setNull(row);
  }
  if (ofTexts) writer.endTexts();
  else if (type === 'boolean') writer.endBooleans();
  else if (type === 'double') writer.endDoubles();
  else writer.endLongs();
}

/** False: no value of the type. */
function setScalar(writer: VectorWriter, row: number, type: ScalarType, value: NonNullable<FeedValue>): boolean {
  switch (type) {
    case 'string': {
      const text = textBytes(value);
      writer.setText(row, text, 0, text.length);
      return true;
    }
    case 'binary':
      if (!(value instanceof Uint8Array)) return false;
      writer.setText(row, value, 0, value.length);
      return true;
    case 'long':
      if (!Number.isSafeInteger(value)) return false;
      writer.setLong(row, value as number);
      return true;
    case 'timestamp':
      if (!Number.isSafeInteger(value)) return false;
      writer.setTimestamp(row, value as number);
      return true;
    case 'double':
      if (typeof value !== 'number') return false;
      writer.setDouble(row, value);
      return true;
    case 'boolean':
      if (typeof value !== 'boolean') return false;
      writer.setBoolean(row, value);
      return true;
    case 'date':
      return false; // stands in directories only
    default:
      return setDecimal(writer, row, type, value);
  }
}

function setDecimal(
  writer: VectorWriter,
  row: number,
  { precision, scale }: Extract<ColumnType, { readonly kind: 'decimal' }>,
  value: NonNullable<FeedValue>,
): boolean {
  const match = typeof value === 'string' ? /^(-?\d+)(?:\.(\d+))?$/.exec(value) : null;
  if (match === null || (match[2] ?? '').length > scale) return false;
  const digits = `${match[1] ?? ''}${(match[2] ?? '').padEnd(scale, '0')}`;
  if (digits.replace(/^-?0*/, '').length > precision) return false;
  writer.setBigInt(row, BigInt(digits));
  return true;
}

function textBytes(value: NonNullable<FeedValue>): Uint8Array {
  if (typeof value === 'string') return utf8.encode(value);
  if (!(value instanceof Uint8Array)) return utf8.encode(JSON.stringify(value));
  return isUtf8(value) ? value : utf8.encode(decoder.decode(value));
}

function writeLists(
  vector: Vector,
  writer: VectorWriter,
  element: ColumnType,
  values: readonly (FeedValue | undefined)[],
): void {
  const elements = values.flatMap((value): readonly FeedValue[] =>
    Array.isArray(value) ? (value as FeedValue[]) : [],
  );
  list_vector_reserve(vector, elements.length);
  list_vector_set_size(vector, elements.length);
  writeValues(list_vector_get_child(vector), writer, element, elements);
  writer.begin(vector, values.length);
  let at = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    const length = Array.isArray(value) ? value.length : 0;
    writer.setList(row, at, length);
    at += length;
    if (!Array.isArray(value)) writer.setNull(row);
  }
  writer.endLists();
}

function writeStructs(
  vector: Vector,
  writer: VectorWriter,
  fields: readonly { readonly name: string; readonly type: ColumnType }[],
  values: readonly (FeedValue | undefined)[],
): void {
  const structs = values.map((value) => (isStruct(value) ? value : null));
  fields.forEach(({ name, type }, i) => {
    const ofField = structs.map((struct) => (struct === null ? null : (struct[name] ?? null)));
    writeValues(struct_vector_get_child(vector, i), writer, type, ofField);
  });
  writer.begin(vector, values.length);
  structs.forEach((struct, row) => {
    if (struct === null) writer.setNull(row);
  });
  writer.endStruct();
}

function isStruct(value: FeedValue | undefined): value is { readonly [name: string]: FeedValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
