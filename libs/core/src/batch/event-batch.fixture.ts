import fc from 'fast-check';

import type { BatchPosition, Column, EventBatch } from './event-batch';

const MAX_MS = 253_402_300_799_999;
const aTime = fc.integer({ min: 0, max: MAX_MS });
const aTimeOrNone = fc.oneof({ weight: 4, arbitrary: aTime }, fc.constant(-Infinity));
const anOffset = fc.integer({ min: 0, max: 2 ** 50 });

const aPosition: fc.Arbitrary<BatchPosition> = fc.record({
  maxEventTimeMs: aTimeOrNone,
  watermarkInputMs: aTimeOrNone,
  maxAppendMs: aTimeOrNone,
  held: fc.boolean(),
  rowsSeen: anOffset,
  definition: fc.constantFrom('', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
  catalogOffset: fc.integer({ min: -1, max: 2 ** 40 }),
  reroutedThrough: fc
    .uniqueArray(fc.tuple(fc.nat(64), anOffset), { selector: ([source]) => source, maxLength: 4 })
    .map((pairs) => new Map(pairs)),
});

function aColumn(rows: number): fc.Arbitrary<Column> {
  const texts = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 12 })), {
    minLength: rows,
    maxLength: rows,
  });
  return fc.oneof(
    texts.map((values) => textColumn(values)),
    texts.map((values) => dictionaryColumn(values)),
    fc
      .array(fc.oneof(fc.double({ noNaN: true }), fc.constant(NaN)), { minLength: rows, maxLength: rows })
      .map((values): Column => ({ kind: 'number', values: Float64Array.from(values) })),
  );
}

/** A text column of the given values. */
export function textColumn(values: readonly (string | null)[]): Column {
  const encoded = values.map((value) => new TextEncoder().encode(value ?? ''));
  const nulls = values.some((value) => value === null) ? Uint8Array.from(values, (v) => (v === null ? 1 : 0)) : null;
  return { kind: 'text', ...endToEnd(encoded), nulls };
}

/** A dictionary-coded column of the given values. */
export function dictionaryColumn(values: readonly (string | null)[]): Column {
  const entries = [...new Set(values.filter((value) => value !== null))];
  return {
    kind: 'dictionary',
    indices: Int32Array.from(values, (value) => (value === null ? -1 : entries.indexOf(value))),
    ...endToEnd(entries.map((entry) => new TextEncoder().encode(entry))),
  };
}

function endToEnd(texts: readonly Uint8Array[]): { bytes: Uint8Array; offsets: Uint32Array } {
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => (offsets[i + 1] = (offsets[i] as number) + text.length));
  const bytes = new Uint8Array(offsets[texts.length] as number);
  texts.forEach((text, i) => bytes.set(text, offsets[i]));
  return { bytes, offsets };
}

interface RecordSketch {
  readonly gap: number;
  /** Position among the rows of the record → what became of it. */
  readonly rows: readonly ('accepted' | 'dropped' | 'invalid')[];
  readonly withId: readonly boolean[];
  readonly appendMs: number;
  readonly inputStep: number;
  readonly batchId: boolean;
  readonly control: boolean;
}

const aRecord: fc.Arbitrary<RecordSketch> = fc.record({
  gap: fc.nat(3),
  rows: fc.array(fc.constantFrom('accepted', 'accepted', 'dropped', 'invalid'), { maxLength: 5 }),
  withId: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  appendMs: aTime,
  inputStep: fc.nat(1000),
  batchId: fc.boolean(),
  control: fc.boolean(),
});

/** Batches that are consistent in themselves: any mix of gaps, controls, dropped rows, rows without id and columns. */
export const anEventBatch: fc.Arbitrary<EventBatch> = fc
  .record({
    stream: fc.string({ minLength: 1, maxLength: 8 }),
    partition: fc.nat(1000),
    rawFrom: anOffset,
    tail: fc.nat(3),
    before: aPosition,
    after: aPosition,
    sketches: fc.array(aRecord, { maxLength: 6 }),
    firstInputMs: aTime,
    withoutInput: fc.nat(6),
    seed: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  })
  .chain((sketch) => {
    const rows = sketch.sketches.flatMap(({ rows: list }) => list.filter((fate) => fate === 'accepted')).length;
    return fc
      .array(fc.tuple(fc.integer({ min: 1, max: 40 }), aColumn(rows)), { maxLength: 5 })
      .map((columns) => assemble(sketch, rows, rows === 0 ? new Map() : new Map(columns)));
  });

function assemble(
  sketch: {
    stream: string;
    partition: number;
    rawFrom: number;
    tail: number;
    before: BatchPosition;
    after: BatchPosition;
    sketches: readonly RecordSketch[];
    firstInputMs: number;
    withoutInput: number;
    seed: Uint8Array;
  },
  rows: number,
  columns: ReadonlyMap<number, Column>,
): EventBatch {
  const { sketches, rawFrom } = sketch;
  let next = rawFrom;
  let input = sketch.firstInputMs;
  const offsets = sketches.map(({ gap }) => {
    const offset = next + gap;
    next = offset + 1;
    return offset;
  });
  const inputs = sketches.map(({ inputStep }, i) => (i < sketch.withoutInput ? -Infinity : (input += inputStep)));
  const valid = sketches.map((s) => s.rows.filter((fate) => fate !== 'invalid').length);
  const idRows = sketches.map((s, i) =>
    Array.from({ length: valid[i] as number }, (_, k) => k).filter((k) => s.withId[k]),
  );
  const bytes = (count: number) =>
    Uint8Array.from({ length: 16 * count }, (_, i) => (sketch.seed[i % 16] as number) ^ i);
  const batchIdRecords = sketches.flatMap(({ batchId }, i) => (batchId ? [i] : []));
  return {
    stream: sketch.stream,
    partition: sketch.partition,
    rawFrom,
    rawNext: next + sketch.tail,
    before: sketch.before,
    after: sketch.after,
    records: {
      count: sketches.length,
      offsets: Float64Array.from(offsets),
      rowCounts: Uint32Array.from(sketches, (s) => s.rows.filter((fate) => fate === 'accepted').length),
      appendMs: Float64Array.from(sketches, ({ appendMs }) => appendMs),
      inputAfterMs: Float64Array.from(inputs),
    },
    controls: sketches.flatMap(({ control }, record) =>
      control ? [{ record, payload: new TextEncoder().encode(`{"kind":"hold","n":${record}}`) }] : [],
    ),
    rows,
    rowIndexes: Uint32Array.from(
      sketches.flatMap((s) => s.rows.flatMap((fate, i) => (fate === 'accepted' ? [i] : []))),
    ),
    columns,
    ids: bytes(idRows.flat().length),
    validCounts: Uint32Array.from(valid),
    idCounts: Uint32Array.from(idRows, (list) => list.length),
    ...(idRows.flat().length === 0 ? {} : { idRows: Uint32Array.from(idRows.flat()) }),
    batchIds: bytes(batchIdRecords.length),
    batchIdRecords: Uint32Array.from(batchIdRecords),
  };
}
