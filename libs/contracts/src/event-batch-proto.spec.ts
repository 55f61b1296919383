import { join } from 'node:path';

import fc from 'fast-check';
import protobuf from 'protobufjs';

import { decodeEventBatch, encodeEventBatch, textAt, type Column, type EventBatch } from '@tillstream/core';
import { anEventBatch } from '@tillstream/core/testing';

const file = join(__dirname, '../proto/tillstream/batch/v1/event_batch.proto');
const Message = protobuf.loadSync(file).lookupType('tillstream.batch.v1.EventBatch');

interface WirePosition {
  maxEventTimeMs: number;
  watermarkInputMs: number;
  maxAppendMs: number;
  rowsSeen: number;
  held: boolean;
  definition: string;
  catalogOffset: number;
  reroutedThrough: Record<string, number>;
}

interface WireColumn {
  field: number;
  text?: { data: Uint8Array; lengths: number[]; nulls: Uint8Array };
  dictionary?: { data: Uint8Array; lengths: number[]; indexes: number[] };
  numbers?: { present: Uint8Array; values: number[] };
}

interface WireBatch {
  stream: string;
  partition: number;
  rawFrom: number;
  rawNext: number;
  before: WirePosition;
  after: WirePosition;
  records: {
    offsetGaps: number[];
    rowCounts: number[];
    appendMsDeltas: number[];
    withoutInput: number;
    inputMsDeltas: number[];
    validCounts: number[];
    idCounts: number[];
  };
  controls: { record: number; payload: Uint8Array }[];
  rowGaps: number[];
  columns: WireColumn[];
  ids: Uint8Array;
  idRows: number[];
  batchIds: Uint8Array;
  batchIdRecords: number[];
  complete: boolean;
}

function decodeByProto(bytes: Uint8Array): WireBatch {
  return Message.toObject(Message.decode(bytes), { longs: Number, defaults: true }) as WireBatch;
}

// Written from the comments of the .proto, as a reader in another language would be.

function running(deltas: readonly number[]): number[] {
  let value = 0;
  return deltas.map((delta) => (value += delta));
}

function bitSet(bitmap: Uint8Array, row: number): boolean {
  return (((bitmap[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
}

function strings(data: Uint8Array, lengths: readonly number[]): string[] {
  const ends = running(lengths);
  return ends.map((end, i) => Buffer.from(data.subarray(end - (lengths[i] ?? 0), end)).toString('utf8'));
}

function valuesOf({ text, dictionary, numbers }: WireColumn, rows: number): (string | number | null)[] {
  if (text) {
    return strings(text.data, text.lengths).map((value, row) => (bitSet(text.nulls, row) ? null : value));
  }
  if (dictionary) {
    const entries = strings(dictionary.data, dictionary.lengths);
    return dictionary.indexes.map((index) => (index === 0 ? null : (entries[index - 1] ?? 'no such entry')));
  }
  const values = [...(numbers?.values ?? [])];
  const bitmap = numbers?.present ?? new Uint8Array(0);
  return Array.from({ length: rows }, (_, row) =>
    bitmap.length === 0 || bitSet(bitmap, row) ? (values.shift() ?? NaN) : null,
  );
}

function cells(column: Column, rows: number): (string | number | null)[] {
  return Array.from({ length: rows }, (_, row) => {
    if (column.kind !== 'number') return textAt(column, row);
    const value = column.values[row] ?? NaN;
    return Number.isNaN(value) ? null : value;
  });
}

function rowIndexes({ rowGaps, records }: WireBatch): number[] {
  const gaps = [...rowGaps];
  return records.rowCounts.flatMap((count) => {
    let next = 0;
    return gaps.splice(0, count).map((gap) => {
      const index = next + gap;
      next = index + 1;
      return index;
    });
  });
}

function offsets({ records, rawFrom }: WireBatch): number[] {
  let next = rawFrom;
  return records.offsetGaps.map((gap) => {
    const offset = next + gap;
    next = offset + 1;
    return offset;
  });
}

/** What protobufjs reads of a batch, against the batch itself. */
function compare(batch: EventBatch): void {
  const wire = decodeByProto(encodeEventBatch(batch));
  const { stream, partition, rawFrom, rawNext } = batch;
  expect(wire).toMatchObject({ stream, partition, rawFrom, rawNext, complete: true });
  for (const side of ['before', 'after'] as const) {
    const { reroutedThrough, ...scalars } = batch[side];
    expect(wire[side]).toEqual({ ...scalars, reroutedThrough: Object.fromEntries(reroutedThrough) });
  }
  expect(offsets(wire)).toEqual([...batch.records.offsets]);
  expect(wire.records.rowCounts).toEqual([...batch.records.rowCounts]);
  expect(running(wire.records.appendMsDeltas)).toEqual([...batch.records.appendMs]);
  const without = Array<number>(wire.records.withoutInput).fill(-Infinity);
  expect([...without, ...running(wire.records.inputMsDeltas)]).toEqual([...batch.records.inputAfterMs]);
  expect(wire.records.validCounts).toEqual([...batch.validCounts]);
  expect(wire.records.idCounts).toEqual([...batch.idCounts]);
  expect(wire.controls.map(({ record, payload }) => [record, [...payload]])).toEqual(
    batch.controls.map(({ record, payload }) => [record, [...payload]]),
  );
  expect(rowIndexes(wire)).toEqual([...batch.rowIndexes]);
  expect(new Map(wire.columns.map((column) => [column.field, valuesOf(column, batch.rows)]))).toEqual(
    new Map([...batch.columns].map(([field, column]) => [field, cells(column, batch.rows)])),
  );
  expect([...wire.ids]).toEqual([...batch.ids]);
  expect(wire.idRows).toEqual([...(batch.idRows ?? [])]);
  expect([...wire.batchIds]).toEqual([...batch.batchIds]);
  expect(running(wire.batchIdRecords)).toEqual([...batch.batchIdRecords]);
}

describe('event_batch.proto', () => {
  it('describes what the codec writes', () => {
    fc.assert(fc.property(anEventBatch, compare), { numRuns: 150 });
  });

  it('lets others write what the codec reads', () => {
    fc.assert(
      fc.property(anEventBatch, (batch) => {
        const wire = Message.decode(encodeEventBatch(batch));
        expect(decodeEventBatch(Message.encode(wire).finish())).toEqual(batch);
      }),
      { numRuns: 150 },
    );
  });
});
