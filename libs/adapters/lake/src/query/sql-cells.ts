import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { SqlCell } from './sql-question';

/** A value as DuckDB gives it, for an answer. */
export function toCell(value: DuckDBValue): SqlCell {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : { decimal: String(value) };
  if (value instanceof DuckDBDecimalValue) return { decimal: value.toString() };
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toCell);
  if (value instanceof DuckDBStructValue || value instanceof DuckDBMapValue) return JSON.stringify(toJson(value));
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBTimestampTZValue) return instantText(value.micros);
  if (value instanceof DuckDBTimestampValue) return instantText(value.micros);
  if (value instanceof DuckDBTimestampMillisecondsValue) return instantText(value.millis * 1_000n);
  if (value instanceof DuckDBTimestampSecondsValue) return instantText(value.seconds * 1_000_000n);
  return value.toString();
}

/** Within JSON: amounts and numbers beyond what is exact are text. */
function toJson(value: DuckDBValue): unknown {
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, member]) => [name, toJson(member)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(
      value.entries.map(({ key, value: member }) => [String(plain(toCell(key))), toJson(member)]),
    );
  }
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toJson);
  return plain(toCell(value));
}

function plain(cell: SqlCell): unknown {
  return typeof cell === 'object' && cell !== null && 'decimal' in cell ? cell.decimal : cell;
}

/** As results write it: `2026-01-05T10:00:00.000Z`, with six digits where there are micros. All of DuckDB's sessions are in UTC. */
function instantText(micros: bigint): string {
  const ms = micros / 1_000n - (micros % 1_000n < 0n ? 1n : 0n);
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return `${micros} µs`; // ±infinity, or beyond what calendars here reach
  const rest = Number(micros - ms * 1_000n);
  return rest === 0 ? date.toISOString() : date.toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}
