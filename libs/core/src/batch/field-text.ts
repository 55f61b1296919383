import { formatEventTime } from '../event-time/format-event-time';
import { formatMoney } from '../money/money';
import type { Field, StreamSchema } from '../stream/schema';
import { decodeText } from './column-access';
import { cutEnd } from './cut-text';
import type { EventBatch } from './event-batch';

/** The value of a field as text, cut to `maxBytes` of UTF-8: money with the currency's digits, timestamps in ISO 8601; null for null. */
export function fieldText(
  { money }: StreamSchema,
  { number, type }: Field,
  { columns }: EventBatch,
  row: number,
  maxBytes: number,
): string | null {
  const column = columns.get(number);
  if (column === undefined) return null;
  if (column.kind !== 'number') {
    const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
    if (text < 0 || (column.kind === 'text' && column.nulls !== null && column.nulls[row] === 1)) return null;
    const { bytes, offsets } = column;
    const start = offsets[text] as number;
    return decodeText(bytes, start, cutEnd(bytes, start, offsets[text + 1] as number, maxBytes));
  }
  const value = (column.values[row] as number) + 0; // -0 is 0
  if (Number.isNaN(value)) return null;
  if (type === 'money') return formatMoney(value, money.exponent);
  if (type === 'timestamp') return formatEventTime(value);
  return type === 'bool' ? String(value === 1) : String(value);
}
