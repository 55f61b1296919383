import { readColumn } from './decode-columns';
import type { BatchPosition, Column, EventBatch, PlacedControl, RecordTable } from './event-batch';
import { BATCH, CONTROL, MAP_ENTRY, POSITION, RECORDS } from './wire-fields';
import { WireReader, unzigzag } from './wire-reader';

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_COUNTS = new Uint32Array(0);
const NO_NUMBERS = new Float64Array(0);
const ID_BYTES = 16;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Reads a message tillstream.batch.v1.EventBatch. Texts, ids and payloads alias `bytes`, which must not be changed
 * afterwards. Fields that are not known are skipped.
 *
 * @throws EventBatchFormatError for anything that is not a whole and consistent batch
 */
export function decodeEventBatch(bytes: Uint8Array): EventBatch {
  const reader = new WireReader(bytes, 0, bytes.length, 'EventBatch');
  const header = { stream: '', partition: -1, rawFrom: -1, rawNext: -1 };
  let named = false;
  let complete = false;
  let before: BatchPosition | null = null;
  let after: BatchPosition | null = null;
  let recordsAt: WireReader | null = null;
  const controls: PlacedControl[] = [];
  const columnsAt: WireReader[] = [];
  let rowGaps: Uint32Array | null = null;
  let ids = NO_BYTES;
  let idRows: Uint32Array | null = null;
  let batchIds = NO_BYTES;
  let batchIdDeltas: Uint32Array | null = null;
  while (reader.next()) {
    switch (reader.field) {
      case BATCH.stream:
        header.stream = reader.text();
        named = true;
        break;
      case BATCH.partition:
        header.partition = reader.uint32();
        break;
      case BATCH.rawFrom:
        header.rawFrom = reader.uint();
        break;
      case BATCH.rawNext:
        header.rawNext = reader.uint();
        break;
      case BATCH.before:
        before = readPosition(reader.message('before'));
        break;
      case BATCH.after:
        after = readPosition(reader.message('after'));
        break;
      case BATCH.records:
        recordsAt = reader.message('records');
        break;
      case BATCH.controls:
        controls.push(readControl(reader.message('controls')));
        break;
      case BATCH.rowGaps:
        rowGaps = reader.uints32(rowGaps);
        break;
      case BATCH.columns:
        columnsAt.push(reader.message('columns'));
        break;
      case BATCH.ids:
        ids = reader.blob();
        break;
      case BATCH.idRows:
        idRows = reader.uints32(idRows);
        break;
      case BATCH.batchIds:
        batchIds = reader.blob();
        break;
      case BATCH.batchIdRecords:
        batchIdDeltas = reader.uints32(batchIdDeltas);
        break;
      case BATCH.complete:
        complete = reader.uint() === 1;
        break;
      default:
        reader.skip();
    }
  }
  const { rawFrom, rawNext } = header;
  if (!complete) reader.fail('it ends too early');
  if (!named || header.partition < 0 || rawFrom < 0 || rawNext < 0) reader.fail('its header is incomplete');
  if (rawNext < rawFrom) reader.fail('its range is backwards');
  if (before === null || after === null || recordsAt === null) return reader.fail('its header is incomplete');

  const { records, validCounts, idCounts } = readRecords(recordsAt, rawFrom, rawNext);
  const rowIndexes = rowIndexesOf(reader, rowGaps ?? NO_COUNTS, records);
  const rows = rowIndexes.length;
  if (ids.length !== ID_BYTES * sumOf(idCounts)) reader.fail('the ids are not as many as counted');
  if (idRows !== null) checkIdRows(reader, idRows, validCounts, idCounts);
  const batchIdRecords = indexesOf(reader, batchIdDeltas ?? NO_COUNTS, records.count);
  if (batchIds.length !== ID_BYTES * batchIdRecords.length)
    reader.fail('the batch ids are not as many as their records');
  for (const { record } of controls) if (record >= records.count) reader.fail('a control record outside the range');
  const columns = new Map<number, Column>();
  for (const columnAt of columnsAt) {
    const { field, column } = readColumn(columnAt, rows);
    if (column !== null) columns.set(field, column);
  }
  return {
    ...header,
    before,
    after,
    records,
    controls,
    rows,
    rowIndexes,
    columns,
    ids,
    validCounts,
    idCounts,
    ...(idRows === null ? {} : { idRows }),
    batchIds,
    batchIdRecords,
  };
}

function readPosition(reader: WireReader): BatchPosition {
  const times = { maxEventTimeMs: NaN, watermarkInputMs: NaN, maxAppendMs: NaN };
  let rowsSeen = -1;
  let held = false;
  let definition = '';
  let catalogOffset = NaN;
  const reroutedThrough = new Map<number, number>();
  while (reader.next()) {
    switch (reader.field) {
      case POSITION.maxEventTimeMs:
        times.maxEventTimeMs = reader.double();
        break;
      case POSITION.watermarkInputMs:
        times.watermarkInputMs = reader.double();
        break;
      case POSITION.maxAppendMs:
        times.maxAppendMs = reader.double();
        break;
      case POSITION.rowsSeen:
        rowsSeen = reader.uint();
        break;
      case POSITION.held:
        held = reader.uint() !== 0;
        break;
      case POSITION.definition:
        definition = reader.text();
        break;
      case POSITION.catalogOffset:
        catalogOffset = reader.sint();
        break;
      case POSITION.reroutedThrough: {
        const entry = reader.message('rerouted_through');
        let source = 0;
        let through = 0;
        while (entry.next()) {
          if (entry.field === MAP_ENTRY.key) source = entry.uint32();
          else if (entry.field === MAP_ENTRY.value) through = entry.uint();
          else entry.skip();
        }
        reroutedThrough.set(source, through);
        break;
      }
      default:
        reader.skip();
    }
  }
  const complete = Object.values(times).every((ms) => !Number.isNaN(ms)) && !Number.isNaN(catalogOffset);
  if (!complete || rowsSeen < 0) reader.fail('the position is incomplete');
  return { ...times, rowsSeen, held, definition, catalogOffset, reroutedThrough };
}

interface ReadRecords {
  readonly records: RecordTable;
  readonly validCounts: Uint32Array;
  readonly idCounts: Uint32Array;
}

function readRecords(reader: WireReader, rawFrom: number, rawNext: number): ReadRecords {
  let offsetGaps: Float64Array | null = null;
  let rowCounts: Uint32Array | null = null;
  let appendDeltas: Float64Array | null = null;
  let withoutInput = 0;
  let inputDeltas: Float64Array | null = null;
  let validCounts: Uint32Array | null = null;
  let idCounts: Uint32Array | null = null;
  while (reader.next()) {
    switch (reader.field) {
      case RECORDS.offsetGaps:
        offsetGaps = reader.uints(offsetGaps);
        break;
      case RECORDS.rowCounts:
        rowCounts = reader.uints32(rowCounts);
        break;
      case RECORDS.appendMsDeltas:
        appendDeltas = reader.uints(appendDeltas);
        break;
      case RECORDS.withoutInput:
        withoutInput = reader.uint32();
        break;
      case RECORDS.inputMsDeltas:
        inputDeltas = reader.uints(inputDeltas);
        break;
      case RECORDS.validCounts:
        validCounts = reader.uints32(validCounts);
        break;
      case RECORDS.idCounts:
        idCounts = reader.uints32(idCounts);
        break;
      default:
        reader.skip();
    }
  }
  const offsets = offsetGaps ?? NO_NUMBERS;
  const appendMs = appendDeltas ?? NO_NUMBERS;
  const inputs = inputDeltas ?? NO_NUMBERS;
  rowCounts ??= NO_COUNTS;
  validCounts ??= NO_COUNTS;
  idCounts ??= NO_COUNTS;
  const count = offsets.length;
  const lengths = [
    rowCounts.length,
    appendMs.length,
    withoutInput + inputs.length,
    validCounts.length,
    idCounts.length,
  ];
  if (lengths.some((length) => length !== count)) reader.fail('lists of records that differ in length');
  for (let i = 0; i < count; i++) {
    const valid = validCounts[i] as number;
    if ((rowCounts[i] as number) > valid || (idCounts[i] as number) > valid) {
      reader.fail('a record with other rows than it can have');
    }
  }
  const inputAfterMs = new Float64Array(count).fill(-Infinity, 0, withoutInput);
  inputAfterMs.set(inputs, withoutInput);
  sumDeltas(inputAfterMs, withoutInput);
  sumDeltas(appendMs, 0);
  let next = rawFrom;
  for (let i = 0; i < count; i++) {
    offsets[i] = next + (offsets[i] as number);
    next = (offsets[i] as number) + 1;
  }
  if (next > rawNext) reader.fail('a record outside the range');
  return { records: { count, offsets, rowCounts, appendMs, inputAfterMs }, validCounts, idCounts };
}

/** Zigzag-coded differences to values, in place. */
function sumDeltas(values: Float64Array, from: number): void {
  let value = 0;
  for (let i = from; i < values.length; i++) {
    value += unzigzag(values[i] as number);
    values[i] = value;
  }
}

function rowIndexesOf(reader: WireReader, gaps: Uint32Array, records: RecordTable): Uint32Array {
  if (sumOf(records.rowCounts) !== gaps.length) reader.fail('the rows are not as many as counted');
  const indexes = new Uint32Array(gaps.length);
  let row = 0;
  for (let record = 0; record < records.count; record++) {
    let next = 0;
    for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
      const index = next + (gaps[row] as number);
      if (index > MAX_UINT32) reader.fail('a row beyond the rows of a record');
      indexes[row] = index;
      next = index + 1;
    }
  }
  return indexes;
}

function checkIdRows(reader: WireReader, idRows: Uint32Array, validCounts: Uint32Array, idCounts: Uint32Array): void {
  let at = 0;
  for (let record = 0; record < idCounts.length; record++) {
    let next = 0;
    for (const end = at + (idCounts[record] as number); at < end; at++) {
      const row = idRows[at] as number;
      if (at >= idRows.length || row < next || row >= (validCounts[record] as number))
        reader.fail('an id without its row');
      next = row + 1;
    }
  }
  if (at !== idRows.length) reader.fail('an id without its row');
}

function indexesOf(reader: WireReader, deltas: Uint32Array, below: number): Uint32Array {
  let index = 0;
  const indexes = new Uint32Array(deltas.length);
  for (let i = 0; i < deltas.length; i++) {
    if (i > 0 && deltas[i] === 0) reader.fail('a record named twice');
    index += deltas[i] as number;
    if (index >= below) reader.fail('a record outside the range');
    indexes[i] = index;
  }
  return indexes;
}

function readControl(reader: WireReader): PlacedControl {
  let record = 0;
  let payload = NO_BYTES;
  while (reader.next()) {
    if (reader.field === CONTROL.record) record = reader.uint32();
    else if (reader.field === CONTROL.payload) payload = reader.blob();
    else reader.skip();
  }
  return { record, payload };
}

function sumOf(counts: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] as number;
  return sum;
}
