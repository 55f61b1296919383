import { formatEventTime } from '../event-time/format-event-time';
import { formatMoney } from '../money/money';
import type { Field, StreamSchema } from '../stream/schema';

import { columnOf, numberAt, textAt } from './column-access';
import type { EventBatch } from './event-batch';

/**
 * A row as one JSON object: fields in order of declaration, nulls left out, money as a number with the currency's digits,
 * timestamps as ISO 8601 text in UTC.
 */
export function rowToJson(schema: StreamSchema, batch: EventBatch, row: number): string {
  const members: string[] = [];
  for (const field of schema.fields) {
    const value = valueToJson(schema, field, batch, row);
    if (value !== null) members.push(`${JSON.stringify(field.name)}:${value}`);
  }
  return `{${members.join(',')}}`;
}

function valueToJson(schema: StreamSchema, field: Field, batch: EventBatch, row: number): string | null {
  const column = columnOf(batch, field);
  if (column === null) return null;
  if (column.kind !== 'number') {
    const text = textAt(column, row);
    return text === null ? null : JSON.stringify(text);
  }
  const value = numberAt(column, row);
  if (value === null) return null;
  switch (field.type) {
    case 'money':
      return formatMoney(value, schema.money.exponent);
    case 'timestamp':
      return JSON.stringify(formatEventTime(value));
    case 'bool':
      return value === 1 ? 'true' : 'false';
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}
