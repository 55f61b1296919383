import type { FeedColumnType, FeedValue } from '@tillstream/contracts';
import type { CopyRows } from './copy-rows';
import { writeNumeric } from './numeric';

type WriteValue = (to: CopyRows, value: FeedValue) => void;

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

/** Values other than null. */
export const VALUE_WRITERS: Readonly<Record<FeedColumnType, WriteValue>> = {
  string: (to, value) => to.text(value as string),
  int: (to, value) => to.int64(Number(value)),
  double: (to, value) => to.double(Number(value)),
  money: (to, value) => writeNumeric(to, value as string),
  decimal: (to, value) => writeNumeric(to, value as string),
  bool: (to, value) => to.bool(value === true),
  timestamp: (to, value) => writeInstant(to, Number(value)),
  strings: (to, value) => writeTexts(to, value as readonly FeedValue[]),
  json: writeJson,
  bytes: (to, value) => to.part(value as Uint8Array, 0, (value as Uint8Array).length),
};

export function writeInstant(to: CopyRows, epochMs: number): void {
  const micros = (epochMs - EPOCH_MS) * MICROS_A_MS;
  if (Number.isSafeInteger(micros)) to.int64(micros);
  else to.bigInt64(BigInt(Math.trunc(epochMs) - EPOCH_MS) * BigInt(MICROS_A_MS));
}

function writeTexts(to: CopyRows, values: readonly FeedValue[]): void {
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

function writeJson(to: CopyRows, value: FeedValue): void {
  to.sized(() => {
    to.byte(JSONB_VERSION);
    to.bareText(JSON.stringify(value));
  });
}
