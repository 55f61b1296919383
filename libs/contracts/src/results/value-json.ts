import type { FieldType, ItemValues } from '@tillstream/core';
import type { ByteWriter } from '../bytes/byte-writer';
import { writeJsonUtf8 } from '../bytes/json-text';
import { isoInstant } from './instant';

/** The types whose values are numbers in memory. */
type NumericType = Exclude<FieldType, 'string' | 'bool'>;

/**
 * Writes a number of a given type as JSON: money as decimal text with all digits of the currency, instants as ISO text,
 * NaN as null, and so anything else that JSON has no number for.
 */
export function writeNumber(writer: ByteWriter, value: number, type: NumericType, moneyExponent: number): void {
  if (!Number.isFinite(value)) {
    writer.ascii('null');
  } else if (type === 'money') {
    writeMoney(writer, value, moneyExponent);
  } else if (type === 'timestamp') {
    writer.ascii(`"${isoInstant(value)}"`);
  } else if (value >= 0 && Number.isSafeInteger(value)) {
    writer.digits(value, 1);
  } else {
    writer.ascii(String(value));
  }
}

/** Minor units, a safe integer, as decimal text: 123450 of USD is `"1234.50"`, of JPY `"123450"`. */
function writeMoney(writer: ByteWriter, minorUnits: number, exponent: number): void {
  const magnitude = Math.abs(minorUnits);
  writer.ascii(minorUnits < 0 ? '"-' : '"');
  if (exponent === 0) {
    writer.digits(magnitude, 1);
  } else {
    const unit = 10 ** exponent;
    const whole = Math.floor(magnitude / unit);
    writer.digits(whole, 1);
    writer.ascii('.');
    writer.digits(magnitude - whole * unit, exponent);
  }
  writer.ascii('"');
}

/** Writes one of several collected values as JSON. */
export function writeItem(writer: ByteWriter, items: ItemValues, item: number, moneyExponent: number): void {
  const { type } = items;
  if (type === 'string') writeJsonUtf8(writer, items.bytes, items.textStart(item), items.textEnd(item));
  else if (type === 'bool') writer.ascii(items.numbers[item] === 0 ? 'false' : 'true');
  else writeNumber(writer, items.numbers[item] as number, type, moneyExponent);
}
