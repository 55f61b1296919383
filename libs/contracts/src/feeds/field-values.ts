import { formatMoney, parseMoney } from '@tillstream/core';
import type { FieldType } from '@tillstream/core';
import { parseInstant } from '../results/instant';
import type { FeedColumnType, FeedValue } from './feed';

/** A value as columns of batches hold it (money in minor units, NaN for null) as a feed has it. */
export function feedValue(
  value: string | number | boolean | null | undefined,
  type: FieldType,
  moneyExponent: number,
): FeedValue {
  if (value === null || value === undefined || typeof value === 'string') return value ?? null;
  const number = Number(value) + 0; // -0 is 0
  if (!Number.isFinite(number)) return null;
  if (type === 'money') return formatMoney(number, moneyExponent);
  return type === 'bool' ? number !== 0 : number;
}

/** A value as results have it in JSON as a feed has it: instants are epoch ms there, and a value of another type is none. */
export function feedValueOfJson(value: unknown, type: FeedColumnType): FeedValue {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'timestamp':
      return parseInstant(value);
    case 'string':
    case 'money':
    case 'decimal':
      return typeof value === 'string' ? value : null;
    case 'int':
      return Number.isSafeInteger(value) ? (value as number) : null;
    case 'double':
      return typeof value === 'number' ? value : null;
    case 'bool':
      return typeof value === 'boolean' ? value : null;
    default:
      return value as FeedValue;
  }
}

/** What `feedValue` was made of: money in minor units, NaN where it is none. */
export function columnValue(
  value: FeedValue,
  type: FieldType,
  moneyExponent: number,
): string | number | boolean | null {
  if (type === 'money') return typeof value === 'string' ? (parseMoney(value, moneyExponent)?.minor ?? null) : null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
