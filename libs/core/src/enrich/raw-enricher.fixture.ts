import fc from 'fast-check';

import { rowToJson } from '../batch/row-to-json';
import type { BatchPosition, EventBatch } from '../batch/event-batch';
import { partitionOf } from '../hash/murmur2';
import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import type { RawRecord, RejectCode } from './types';

/** Small bounds, so that everything there is to decide comes up in a few rows. */
export const schema = aSchema(
  [aField('id', 'string'), aField('user', 'string'), aField('t', 'timestamp', { optional: false }), aField('n', 'int')],
  {
    partitions: 3,
    key: ['user'],
    id: 'id',
    dedupe: { withinMs: 60, maxRows: 6 },
    eventTime: { ...COMMERCE_EVENT_TIME, field: 't', futureToleranceMs: 25 },
  },
);
export const PARTITION = 1;

const BASE_MS = 1_700_000_000_000;
const USERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const partitionOfUser = (user: string) => partitionOf(new TextEncoder().encode(user), 0, user.length, 3);
const OWN = USERS.filter((user) => partitionOfUser(user) === PARTITION);

interface RowSketch {
  readonly id: string | null;
  readonly user: string;
  readonly t: number;
  readonly flaw: null | 'no-key' | 'wrong-type' | 'not-an-object';
}

type Body = 'array' | 'lines' | 'broken' | 'empty' | 'hold' | 'release' | 'advance' | 'definition' | 'catalog';

export interface RecordSketch {
  readonly gap: number;
  readonly appendMs: number;
  readonly body: Body;
  readonly rows: readonly RowSketch[];
  readonly batchId: number | null;
  readonly rerouted: null | { readonly source: number; readonly from: number; readonly steps: readonly number[] };
}

const aRow: fc.Arbitrary<RowSketch> = fc.record({
  id: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8') }, fc.constant(null)),
  user: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...OWN) }, fc.constantFrom(...USERS)),
  t: fc.integer({ min: BASE_MS - 50, max: BASE_MS + 120 }),
  flaw: fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    fc.constantFrom('no-key' as const, 'wrong-type' as const, 'not-an-object' as const),
  ),
});

export const aRecord: fc.Arbitrary<RecordSketch> = fc.record({
  gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(3)),
  appendMs: fc.integer({ min: BASE_MS, max: BASE_MS + 150 }),
  body: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Body>('array', 'lines') },
    fc.constantFrom<Body>('broken', 'empty', 'hold', 'release', 'advance', 'definition', 'catalog'),
  ),
  rows: fc.array(aRow, { minLength: 1, maxLength: 5 }),
  batchId: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.nat(3)),
  rerouted: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    fc.record({ source: fc.nat(1), from: fc.nat(20), steps: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }) }),
  ),
});

/** Records whose append times mostly rise, as a broker's do. */
export const aLog = fc
  .array(aRecord, { minLength: 1, maxLength: 25 })
  .map((log) => log.map((record, i) => ({ ...record, appendMs: record.appendMs + 12 * i })));

const utf8 = (text: string) => new TextEncoder().encode(text);

function rowText({ id, user, t, flaw }: RowSketch): string {
  if (flaw === 'not-an-object') return '7';
  return JSON.stringify({ id, user: flaw === 'no-key' ? '' : user, t, n: flaw === 'wrong-type' ? 'x' : 1 });
}

/** The records as they stand in the log. */
export function recordsOf(log: readonly RecordSketch[]): RawRecord[] {
  let offset = 0;
  return log.map((sketch) => {
    offset += sketch.gap;
    return recordOf(sketch, offset++);
  });
}

function recordOf({ appendMs, body, rows, batchId, rerouted }: RecordSketch, offset: number): RawRecord {
  const payload = utf8('{}');
  const control = { offset, appendMs, value: payload, batchId: null, rerouted: null };
  switch (body) {
    case 'hold':
    case 'release':
      return { ...control, control: { kind: body, payload } };
    case 'advance':
      return { ...control, control: { kind: 'advance', toMs: rows[0]?.t ?? 0, payload } };
    case 'definition':
      return { ...control, control: { kind: 'definition', sha256: `sha-${offset}`, payload } };
    case 'catalog':
      return { ...control, control: { kind: 'catalog', offset: offset * 10, payload } };
    default:
  }
  const texts = rows.map(rowText);
  const moved = rerouted !== null && (body === 'array' || body === 'broken');
  const text = moved || body === 'array' ? `[${texts.join(',')}]` : body === 'lines' ? `{}\n${texts.join('\n')}` : '';
  return {
    offset,
    appendMs,
    value: body === 'empty' ? null : utf8(body === 'broken' ? `[${texts.join(',')}` : text),
    batchId: batchId === null ? null : new Uint8Array(16).fill(batchId),
    control: null,
    rerouted: moved
      ? {
          sourcePartition: rerouted.source,
          sourceFrom: rerouted.from,
          sourceNext: rowOffsetsOf(rerouted.from, rerouted.steps).at(-1)! + 1,
          rowOffsets: rowOffsetsOf(rerouted.from, rerouted.steps).slice(0, rows.length),
        }
      : null,
  };
}

function rowOffsetsOf(from: number, steps: readonly number[]): number[] {
  let offset = from;
  return steps.map((step) => (offset += step));
}

/** Everything an enricher says of a log, in words that do not depend on where batches were cut. */
export interface Told {
  readonly accepted: string[];
  readonly deadLetters: string[];
  readonly rerouted: string[];
  readonly inputs: number[];
  readonly ids: number;
  readonly duplicates: number;
  readonly position: BatchPosition;
}

interface Registered {
  readonly row: number;
  readonly appendMs: number;
}

/** Slow and obvious: one row at a time, every row there ever was looked through again. */
export function oracle(log: readonly RecordSketch[], records: readonly RawRecord[], start: BatchPosition): Told {
  const accepted: string[] = [];
  const deadLetters: string[] = [];
  const rerouted: string[] = [];
  const inputs: number[] = [];
  const ids: (Registered & { id: string })[] = [];
  const batches: (Registered & { id: string })[] = [];
  const through = new Map(start.reroutedThrough);
  let {
    maxEventTimeMs,
    watermarkInputMs: input,
    maxAppendMs: append,
    held,
    rowsSeen,
    definition,
    catalogOffset,
  } = start;
  let duplicates = 0;
  const stood = (list: readonly (Registered & { id: string })[], id: string, row: number) =>
    list.some(
      (e) => e.id === id && row - e.row <= schema.dedupe.maxRows && append - e.appendMs <= schema.dedupe.withinMs,
    );
  log.forEach(({ rows, body }, i) => {
    const record = records[i] as RawRecord;
    append = Math.max(append, record.appendMs);
    const { control } = record;
    if (control?.kind === 'advance') input = Math.max(input, Math.min(control.toMs, append));
    if (control?.kind === 'hold') held = true;
    if (control?.kind === 'release') held = false;
    if (control?.kind === 'definition') definition = control.sha256;
    if (control?.kind === 'catalog') catalogOffset = control.offset;
    if (control === null) {
      const bury = (index: number, code: RejectCode) => deadLetters.push(`${record.offset}/${index} ${code}`);
      const source = record.rerouted;
      const taken = source === null ? 0 : (through.get(source.sourcePartition) ?? 0);
      if (source !== null) through.set(source.sourcePartition, Math.max(taken, source.sourceNext));
      const list = body === 'lines' ? [{ id: null, user: '', t: 0, flaw: 'no-key' } as RowSketch, ...rows] : rows;
      if (body === 'empty' || body === 'broken') bury(-1, 'malformed-json');
      else {
        const batch = record.batchId === null ? null : String(record.batchId[0]);
        const repeated = batch !== null && stood(batches, batch, rowsSeen + 1);
        const rowsBefore = rowsSeen;
        let newest = -Infinity;
        list.forEach(({ id, user, t, flaw }, index) => {
          if (source !== null && (source.rowOffsets[index] ?? Infinity) < taken) return;
          if (flaw !== null) return bury(index, flaw);
          rowsSeen++;
          const duplicate = repeated || (id !== null && stood(ids, id, rowsSeen));
          if (id !== null) ids.push({ id, row: rowsSeen, appendMs: append });
          if (duplicate) return duplicates++;
          if (t > append + schema.eventTime.futureToleranceMs) return bury(index, 'in-the-future');
          if (source === null && partitionOfUser(user) !== PARTITION) {
            return rerouted.push(`${record.offset} → ${partitionOfUser(user)} ${rowText({ id, user, t, flaw })}`);
          }
          newest = Math.max(newest, t);
          return accepted.push(`${record.offset}/${index} ${acceptedJson(id, user, t)}`);
        });
        if (batch !== null && rowsSeen > rowsBefore) batches.push({ id: batch, row: rowsSeen, appendMs: append });
        maxEventTimeMs = Math.max(maxEventTimeMs, newest);
        input = Math.max(input, Math.min(newest, append));
      }
    }
    inputs.push(input);
  });
  return {
    accepted,
    deadLetters,
    rerouted,
    inputs,
    ids: ids.length,
    duplicates,
    position: {
      maxEventTimeMs,
      watermarkInputMs: input,
      maxAppendMs: append,
      held,
      rowsSeen,
      definition,
      catalogOffset,
      reroutedThrough: through,
    },
  };
}

function acceptedJson(id: string | null, user: string, t: number): string {
  return JSON.stringify({ ...(id === null ? {} : { id }), user, t: new Date(t).toISOString(), n: 1 });
}

/** `offset/index json` of each row of a batch. */
export function rowsOf(batch: EventBatch): string[] {
  const rows: string[] = [];
  for (let record = 0; record < batch.records.count; record++) {
    const count = batch.records.rowCounts[record] as number;
    for (let i = 0; i < count; i++) {
      const row = rows.length;
      rows.push(`${batch.records.offsets[record]}/${batch.rowIndexes[row]} ${rowToJson(schema, batch, row)}`);
    }
  }
  return rows;
}
