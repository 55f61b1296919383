import type { FieldType } from '@tillstream/core';
import type { ByteWriter } from '../bytes/byte-writer';
import { writeJsonText } from '../bytes/json-text';
import { moneyText } from './money-text';

/** The types whose values are numbers in memory. */
type NumericType = Exclude<FieldType, 'string' | 'bool'>;

/** An instant as results write it: ISO 8601 in UTC with milliseconds. */
export function isoInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/**
 * Writes a number of a given type as JSON: money as decimal text, instants as ISO text, NaN as null, and so anything
 * else that JSON has no number for.
 */
export function writeNumber(writer: ByteWriter, value: number, type: NumericType, moneyExponent: number): void {
  if (!Number.isFinite(value)) {
    writer.ascii('null');
  } else if (type === 'money') {
    writer.ascii(`"${moneyText(value, moneyExponent)}"`);
  } else if (type === 'timestamp') {
    writer.ascii(`"${isoInstant(value)}"`);
  } else {
    writer.ascii(String(value));
  }
}

/** Writes a value of a declared type as JSON. */
export function writeValue(
  writer: ByteWriter,
  value: string | number | boolean,
  type: FieldType,
  moneyExponent: number,
): void {
  if (typeof value === 'string') writeJsonText(writer, value);
  else if (typeof value === 'boolean' || type === 'string') writer.ascii(String(value));
  else if (type === 'bool') writer.ascii(value === 0 ? 'false' : 'true');
  else writeNumber(writer, value, type, moneyExponent);
}
