import {
  DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { ValueMessage } from '@tillstream/contracts';

/** A value of an answer, as messages carry it. Nothing is rounded: what a double cannot hold is text. */
export function toValueMessage(value: DuckDBValue, type: DuckDBType): ValueMessage {
  if (value === null) return {};
  if (typeof value === 'boolean') return { flag: value };
  if (typeof value === 'number') return isFraction(type) ? { number: value } : { integer: String(value) };
  if (typeof value === 'bigint')
    return value === BigInt.asIntN(64, value) ? { integer: String(value) } : { decimal: String(value) };
  if (value instanceof DuckDBDecimalValue) return { decimal: value.toString() };
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    const items = type instanceof DuckDBListType || type instanceof DuckDBArrayType ? type.valueType : type;
    return { list: { values: value.items.map((item) => toValueMessage(item, items)) } };
  }
  if (value instanceof DuckDBStructValue || value instanceof DuckDBMapValue)
    return { text: JSON.stringify(toJson(value)) };
  return { text: textOf(value) };
}

function isFraction({ typeId }: DuckDBType): boolean {
  return typeId === DuckDBTypeId.DOUBLE || typeId === DuckDBTypeId.FLOAT;
}

/** Within JSON: amounts and numbers beyond what is exact are text. */
function toJson(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toJson);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, member]) => [name, toJson(member)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: member }) => [String(toJson(key)), toJson(member)]));
  }
  return textOf(value);
}

function textOf(value: Exclude<DuckDBValue, null | boolean | number | bigint>): string {
  if (typeof value === 'string') return value;
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue)
    return instantText(value.micros);
  if (value instanceof DuckDBTimestampMillisecondsValue) return instantText(value.millis * 1_000n);
  if (value instanceof DuckDBTimestampSecondsValue) return instantText(value.seconds * 1_000_000n);
  return value.toString();
}

/** As results write it: `2026-01-05T10:00:00.000Z`, with six digits where there are micros. All of DuckDB's sessions are in UTC. */
function instantText(micros: bigint): string {
  const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
  const date = new Date(Number((micros - rest) / 1_000n));
  if (Number.isNaN(date.getTime())) return `${micros} µs`; // ±infinity, or beyond what calendars here reach
  return rest === 0n ? date.toISOString() : date.toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}
