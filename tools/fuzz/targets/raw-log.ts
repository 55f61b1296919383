import { decodeRawRecord } from '@tillstream/contracts';
import {
  columnOf,
  decodeEventBatch,
  emptyPosition,
  encodeEventBatch,
  type EventBatch,
  type Field,
  numberAt,
  RawEnricher,
  textAt,
} from '@tillstream/core';
import { expectedOutcome } from '../../oracle/raw-oracle';
import type { OracleRecord } from '../../oracle/raw/raw-headers';
import type { PlainRow } from '../../oracle/raw/plain-definition';

import { expectSame, type FuzzTarget } from '../fuzz-target';

import { everyTypeSchema, JSON_WORDS, plainEveryType, rowTexts, START_MS } from './commerce';

const PARTITION = 1;
/** Bytes that UTF-8 never has, so that everything else may stand between them. */
const RECORD_END = 0xff;
const HEADER_END = 0xfe;
const NAME_END = 0xfd;
const MOST_RECORDS = 12;
const HEADERS: Readonly<Record<string, string>> = {
  b: 'tillstream-batch-id',
  c: 'tillstream-control',
  r: 'tillstream-rerouted',
};

const schema = everyTypeSchema();

/** `name 0xfd value 0xfe … value-of-the-record 0xff …`: a raw partition out of any bytes. */
function recordsOf(input: Uint8Array): OracleRecord[] {
  const records: OracleRecord[] = [];
  for (const part of split(input, RECORD_END).slice(0, MOST_RECORDS)) {
    const pieces = split(part, HEADER_END);
    const headers: Record<string, Uint8Array> = {};
    for (const piece of pieces.slice(0, -1)) {
      const [name, value] = split(piece, NAME_END);
      const known = HEADERS[Buffer.from(name ?? []).toString()];
      if (known !== undefined && value !== undefined) headers[known] = value;
    }
    const offset = 2 * records.length;
    records.push({ offset, appendMs: START_MS + 7_000 * records.length, headers, value: pieces.at(-1) ?? null });
  }
  return records;
}

function split(bytes: Uint8Array, at: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let end = bytes.indexOf(at); end >= 0; end = bytes.indexOf(at, from)) {
    parts.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return [...parts, bytes.subarray(from)];
}

function run(input: Uint8Array): void {
  const records = recordsOf(input);
  const partitions = Array.from({ length: schema.partitions }, (_, i) => (i === PARTITION ? records : []));
  const expected = expectedOutcome({ ...plainEveryType, metrics: {} }, partitions).partitions[PARTITION];
  if (expected === undefined) throw new Error('the oracle has no such partition');

  const enricher = new RawEnricher({ schema, partition: PARTITION, next: 0, position: emptyPosition() });
  const raw = records.map((record) => decodeRawRecord({ ...record, key: null, timestampMs: record.appendMs }));
  const { batch: written, deadLetters, reroutes, counts, after } = enricher.apply(raw);
  const bytes = encodeEventBatch(written);
  const batch = decodeEventBatch(bytes);
  expectSame('the batch, written again', encodeEventBatch(batch), bytes);

  const placed = deadLetters.map(({ rawOffset, index, code }) => `${PARTITION}|${rawOffset}|${index} ${code}`);
  expectSame(
    'dead letters',
    placed,
    expected.deadLetters.map(({ id, code }) => `${id} ${code}`),
  );
  expectSame(
    'accepted',
    placesOf(batch),
    expected.accepted.map(({ id }) => id),
  );
  expectSame('duplicates', counts.duplicates, expected.duplicates.length);
  const misplaced = reroutes.flatMap(({ rowOffsets, targetPartition }) =>
    rowOffsets.map((o) => `${targetPartition}: ${o}`),
  );
  expectSame(
    'rerouted',
    misplaced.sort(),
    expected.misplaced.map(({ targetPartition, offset }) => `${targetPartition}: ${offset}`).sort(),
  );
  expectSame('watermark input', after.watermarkInputMs, expected.watermarkInputMs);
  expected.accepted.forEach(({ row }, i) => expectSame(`row ${i}`, rowOf(batch, i), plain(row)));
}

function placesOf(batch: EventBatch): string[] {
  const places: string[] = [];
  batch.records.rowCounts.forEach((count, record) => {
    for (let i = 0; i < count; i += 1) {
      places.push(`${PARTITION}|${batch.records.offsets[record]}|${batch.rowIndexes[places.length]}`);
    }
  });
  return places;
}

function rowOf(batch: EventBatch, row: number): unknown {
  return schema.fields.map((field: Field) => {
    const column = columnOf(batch, field);
    if (column === null) return null;
    return column.kind === 'number' ? numberAt(column, row) : textAt(column, row);
  });
}

function plain(row: PlainRow): unknown {
  return schema.fields.map(({ name }) => {
    const value = row[name] ?? null;
    return typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : value;
  });
}

function seeds(): Uint8Array[] {
  const rows = rowTexts(60);
  const joined = (from: number, to: number, between: string): string => rows.slice(from, to).join(between);
  const withHeaders = `b\xfd0123456789abcdef\xfe[${joined(0, 3, ',')}]`;
  return [
    ...rows.slice(0, 30),
    `[${joined(10, 14, ' , ')}]`,
    joined(20, 25, '\r\n'),
    `${withHeaders}\xff${withHeaders}`,
    `r\xfd0|2|9|0 1 1\xfe[${joined(30, 33, ',')}]\xffr\xfd0|2|9|0 1 1\xfe[${joined(30, 33, ',')}]`,
    `c\xfdadvance\xfe{"kind":"advance","toMs":${START_MS + 1}}\xff${rows[40]}\xffc\xfdhold\xfe{"kind":"hold"}`,
    `${rows[41]}\xff${rows[41]}\xff${rows[42]}`,
    '{"user_id":"u","timestamp":1772355600,"event_type":"view","event_id":"e","a_double":-1.5e3,"a_bool":false}',
  ].map((text) => Buffer.from(text, 'latin1'));
}

export const target: FuzzTarget = {
  name: 'raw-log',
  about: 'records of a raw partition: each row, its values and its fate as the slow oracle has them',
  maxBytes: 4_096,
  dictionary: [
    ...JSON_WORDS,
    ...['{"kind":"advance","toMs":', '{"kind":"definition","sha256":"', '{"kind":"catalog","offset":', '0|2|9|0 1 1'],
  ],
  seeds,
  run,
};
