import type { FeedColumn, FeedColumnType, FeedRow, FeedValue } from '@tillstream/contracts';
import { CopyBuffer } from './copy-buffer';
import { writeNumeric } from './numeric';

type WriteValue = (to: CopyBuffer, value: FeedValue) => void;

/** PostgreSQL counts from 2000-01-01. */
const EPOCH_MS = 946_684_800_000;
const MICROS_A_MS = 1_000;
const JSONB_VERSION = 1;
const TEXT_OID = 25;

/** How each type of a feed's columns is called there. */
export const SQL_TYPES: Readonly<Record<FeedColumnType, string>> = {
  string: 'text',
  int: 'bigint',
  double: 'double precision',
  money: 'numeric',
  decimal: 'numeric',
  bool: 'boolean',
  timestamp: 'timestamp with time zone',
  strings: 'text[]',
  json: 'jsonb',
  bytes: 'bytea',
};

const WRITERS: Readonly<Record<FeedColumnType, WriteValue>> = {
  string: (to, value) => to.text(value as string),
  int: (to, value) => to.int64(Number(value)),
  double: (to, value) => to.double(Number(value)),
  money: (to, value) => writeNumeric(to, value as string),
  decimal: (to, value) => writeNumeric(to, value as string),
  bool: (to, value) => to.bool(value === true),
  timestamp: (to, value) => writeInstant(to, Number(value)),
  strings: (to, value) => writeTexts(to, value as readonly FeedValue[]),
  json: writeJson,
  bytes: (to, value) => to.blob(value as Uint8Array),
};

/** Rows for a table of these columns, behind `__id` and `__version`. */
export function encodeRows(columns: readonly FeedColumn[], rows: readonly FeedRow[], expectedBytes: number): Buffer {
  const to = new CopyBuffer(expectedBytes);
  const writers = columns.map(({ name, type }) => ({ name, write: WRITERS[type] }));
  for (const { id, version, values } of rows) {
    to.beginRow(writers.length + 2);
    to.text(id);
    to.int64(version);
    for (const { name, write } of writers) {
      const value = values[name] ?? null;
      if (value === null) to.null();
      else write(to, value);
    }
  }
  return to.finish();
}

function writeInstant(to: CopyBuffer, epochMs: number): void {
  const micros = (epochMs - EPOCH_MS) * MICROS_A_MS;
  if (Number.isSafeInteger(micros)) to.int64(micros);
  else to.bigInt64(BigInt(Math.trunc(epochMs) - EPOCH_MS) * BigInt(MICROS_A_MS));
}

function writeTexts(to: CopyBuffer, values: readonly FeedValue[]): void {
  to.sized(() => {
    to.int32(values.length === 0 ? 0 : 1); // dimensions
    to.int32(values.includes(null) ? 1 : 0);
    to.int32(TEXT_OID);
    if (values.length === 0) return;
    to.int32(values.length);
    to.int32(1); // where its index begins
    for (const value of values) {
      if (value === null) to.null();
      else to.text(value as string);
    }
  });
}

function writeJson(to: CopyBuffer, value: FeedValue): void {
  to.sized(() => {
    to.byte(JSONB_VERSION);
    to.bareText(JSON.stringify(value));
  });
}
