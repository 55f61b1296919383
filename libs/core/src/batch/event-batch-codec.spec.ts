import fc from 'fast-check';

import { decodeEventBatch } from './decode-event-batch';
import { encodeEventBatch } from './encode-event-batch';
import type { EventBatch } from './event-batch';
import { EventBatchFormatError } from './event-batch-error';
import { anEventBatch, dictionaryColumn, textColumn } from './event-batch.fixture';
import { emptyPosition } from './position';

const hex = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

/** One of everything, small enough to read. */
const aBatch: EventBatch = {
  stream: 'commerce',
  partition: 3,
  rawFrom: 100,
  rawNext: 104,
  before: emptyPosition(),
  after: {
    maxEventTimeMs: 1_569_888_000_123,
    watermarkInputMs: 1_569_888_000_000,
    maxAppendMs: 1_569_888_000_000,
    held: true,
    rowsSeen: 3,
    definition: 'ab',
    catalogOffset: 7,
    reroutedThrough: new Map([[1, 300]]),
  },
  records: {
    count: 3,
    offsets: Float64Array.of(100, 101, 103),
    rowCounts: Uint32Array.of(0, 2, 0),
    appendMs: Float64Array.of(1_569_887_999_000, 1_569_888_000_000, 1_569_887_999_999),
    inputAfterMs: Float64Array.of(-Infinity, 1_569_888_000_000, 1_569_888_000_000),
  },
  controls: [{ record: 0, payload: new TextEncoder().encode('{}') }],
  rows: 2,
  rowIndexes: Uint32Array.of(0, 2),
  columns: new Map([
    [1, textColumn(['é', null])],
    [2, dictionaryColumn(['x', 'x'])],
    [3, { kind: 'number', values: Float64Array.of(NaN, 19.5) }],
  ]),
  ids: Uint8Array.from({ length: 32 }, (_, i) => i),
  validCounts: Uint32Array.of(0, 3, 0),
  idCounts: Uint32Array.of(0, 2, 0),
  idRows: Uint32Array.of(0, 2),
  batchIds: new Uint8Array(16).fill(9),
  batchIdRecords: Uint32Array.of(1),
};

describe('the codec of event batches', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(anEventBatch, (batch) => {
        expect(decodeEventBatch(encodeEventBatch(batch))).toEqual(batch);
      }),
      { numRuns: 300 },
    );
  });

  it('writes these bytes for ever: others have stored them', () => {
    expect(hex(encodeEventBatch(aBatch))).toMatchInlineSnapshot(
      `"0a08636f6d6d657263651003186420682a1f09000000000000f0ff11000000000000f0ff19000000000000f0ff20003801322c0900b087dd49d8764211000080dd49d8764219000080dd49d876422003280132026162380e4205080110ac023a2a0a0300000112030002001a09b0d0eec9b05bd00f0120012a0780e0eec9b05b0032030003003a030002004206080012027b7d4a020001520f0801120b0a02c3a9120202001a0102520e08021a0a0a01781201011a02010152110803220d0a0102120800000000008033405a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f620200026a10090909090909090909090909090909097201017801"`,
    );
  });

  it('reads a batch that lies within other bytes', () => {
    const bytes = encodeEventBatch(aBatch);
    const around = new Uint8Array(bytes.length + 20).fill(0xff);
    around.set(bytes, 7);
    expect(decodeEventBatch(around.subarray(7, 7 + bytes.length))).toEqual(aBatch);
  });

  it('skips fields that it does not know', () => {
    const later = [
      0xf8, 0x7f, 0x96, 0x01, 0xf9, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8, 0xfa, 0x7f, 2, 9, 9, 0xfd, 0x7f, 1, 2, 3, 4,
    ];
    const bytes = Uint8Array.of(...later, ...encodeEventBatch(aBatch), ...later);
    expect(decodeEventBatch(bytes)).toEqual(aBatch);
  });

  it('says where a batch ends too early, wherever that is', () => {
    const bytes = encodeEventBatch(aBatch);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeEventBatch(bytes.subarray(0, length))).toThrow(EventBatchFormatError);
    }
    expect(() => decodeEventBatch(bytes.subarray(0, 30))).toThrow(
      'not an event batch: it ends too early (EventBatch, byte 18)',
    );
  });

  it('never makes anything but a consistent batch or an error of corrupt bytes', () => {
    const mutation = fc.record({ at: fc.nat(), value: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'remove') });
    fc.assert(
      fc.property(anEventBatch, fc.array(mutation, { minLength: 1, maxLength: 4 }), (batch, mutations) => {
        const bytes = [...encodeEventBatch(batch)];
        for (const { at, value, kind } of mutations) {
          bytes.splice(at % (bytes.length + 1), kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [value]));
        }
        let decoded: EventBatch;
        try {
          decoded = decodeEventBatch(Uint8Array.from(bytes));
        } catch (error) {
          if (error instanceof EventBatchFormatError) return;
          throw error;
        }
        expectConsistent(decoded);
      }),
      { numRuns: 1000 },
    );
  });

  it('never reads a single changed byte as anything but a consistent batch or an error', () => {
    const bytes = encodeEventBatch(aBatch);
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      for (const changed of [0x00, 0x01, 0x7f, 0xff, byte ^ 1, byte ^ 0x80, byte + 1, byte + 9]) {
        let decoded: EventBatch;
        try {
          decoded = decodeEventBatch(bytes.with(at, changed));
        } catch (error) {
          expect(error).toBeInstanceOf(EventBatchFormatError);
          continue;
        }
        expectConsistent(decoded);
      }
    }
  });

  it('allocates nothing for rows that are only claimed', () => {
    const claim = (field: number, ...content: number[]) => [field * 8 + 2, content.length, ...content];
    const head = encodeEventBatch({ ...aBatch, records: { ...aBatch.records, count: 0 }, rows: 0, columns: new Map() });
    // 4,294,967,295 rows in one record, of which there is no trace.
    const records = claim(7, ...claim(1, 0), ...claim(2, 0xff, 0xff, 0xff, 0xff, 0x0f), ...claim(3, 0), 0x20, 1);
    expect(() => decodeEventBatch(Uint8Array.of(...head, ...records))).toThrow(EventBatchFormatError);
  });

  it.each<Partial<EventBatch>>([
    { rawFrom: 100.5 },
    { rawNext: -1 },
    { records: { ...aBatch.records, appendMs: Float64Array.of(0, NaN, 0) } },
    { records: { ...aBatch.records, offsets: Float64Array.of(100, 100, 103) } },
  ])('refuses to write %j', (wrong) => {
    expect(() => encodeEventBatch({ ...aBatch, ...wrong })).toThrow(RangeError);
  });
});

function expectConsistent(batch: EventBatch): void {
  const sum = (counts: Uint32Array) => counts.reduce((a, b) => a + b, 0);
  const { records, rows } = batch;
  expect(sum(records.rowCounts)).toBe(rows);
  expect(batch.rowIndexes).toHaveLength(rows);
  expect(batch.ids).toHaveLength(16 * sum(batch.idCounts));
  expect(batch.batchIds).toHaveLength(16 * batch.batchIdRecords.length);
  for (const list of [records.offsets, records.appendMs, records.inputAfterMs, batch.validCounts, batch.idCounts]) {
    expect(list).toHaveLength(records.count);
  }
  for (const column of batch.columns.values()) {
    if (column.kind === 'number') expect(column.values).toHaveLength(rows);
    else expect(column.offsets.at(-1)).toBe(column.bytes.length);
    if (column.kind === 'text') expect(column.offsets).toHaveLength(rows + 1);
    if (column.kind === 'dictionary') expect(column.indices).toHaveLength(rows);
    if (column.kind === 'dictionary') {
      for (const index of column.indices) expect(index).toBeLessThan(column.offsets.length - 1);
    }
  }
}
