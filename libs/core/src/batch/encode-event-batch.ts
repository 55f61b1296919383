import type { BatchPosition, Column, DictionaryColumn, EventBatch, NumberColumn, TextColumn } from './event-batch';
import { BATCH, COLUMN, CONTROL, DICTIONARY, MAP_ENTRY, NUMBERS, POSITION, RECORDS, TEXT } from './wire-fields';
import { WireWriter } from './wire-writer';

const writer = new WireWriter();

/**
 * A batch as a Protobuf message tillstream.batch.v1.EventBatch.
 *
 * @throws RangeError for times and offsets that are not safe integers (minus infinity: nothing yet)
 */
export function encodeEventBatch(batch: EventBatch): Uint8Array {
  writer.reset();
  writer.text(BATCH.stream, batch.stream);
  writer.uint(BATCH.partition, batch.partition);
  writer.uint(BATCH.rawFrom, batch.rawFrom);
  writer.uint(BATCH.rawNext, batch.rawNext);
  writePosition(BATCH.before, batch.before);
  writePosition(BATCH.after, batch.after);
  writeRecords(batch);
  for (const { record, payload } of batch.controls) {
    const start = writer.begin(BATCH.controls);
    writer.uint(CONTROL.record, record);
    writer.blob(CONTROL.payload, payload);
    writer.end(start);
  }
  writeRowGaps(batch);
  for (const [field, column] of batch.columns) writeColumn(field, column);
  if (batch.ids.length > 0) writer.blob(BATCH.ids, batch.ids);
  if (batch.idRows !== undefined) writer.packedUints(BATCH.idRows, batch.idRows, 0, batch.idRows.length);
  if (batch.batchIds.length > 0) writer.blob(BATCH.batchIds, batch.batchIds);
  writeIndexes(BATCH.batchIdRecords, batch.batchIdRecords);
  writer.uint(BATCH.complete, 1);
  return writer.finish();
}

function writePosition(field: number, position: BatchPosition): void {
  const start = writer.begin(field);
  writer.double(POSITION.maxEventTimeMs, position.maxEventTimeMs);
  writer.double(POSITION.watermarkInputMs, position.watermarkInputMs);
  writer.double(POSITION.maxAppendMs, position.maxAppendMs);
  writer.uint(POSITION.rowsSeen, position.rowsSeen);
  if (position.held) writer.uint(POSITION.held, 1);
  if (position.definition !== '') writer.text(POSITION.definition, position.definition);
  writer.sint(POSITION.catalogOffset, position.catalogOffset);
  for (const [source, through] of position.reroutedThrough) {
    const entry = writer.begin(POSITION.reroutedThrough);
    writer.uint(MAP_ENTRY.key, source);
    writer.uint(MAP_ENTRY.value, through);
    writer.end(entry);
  }
  writer.end(start);
}

function writeRecords({ records, rawFrom, validCounts, idCounts }: EventBatch): void {
  const { count } = records;
  const start = writer.begin(BATCH.records);
  if (count > 0) {
    const gaps = writer.begin(RECORDS.offsetGaps);
    let next = rawFrom;
    for (let i = 0; i < count; i++) {
      const offset = records.offsets[i] as number;
      writer.varint(offset - next);
      next = offset + 1;
    }
    writer.end(gaps);
  }
  writer.packedUints(RECORDS.rowCounts, records.rowCounts, 0, count);
  writer.packedDeltas(RECORDS.appendMsDeltas, records.appendMs, 0, count);
  let withoutInput = 0;
  while (withoutInput < count && records.inputAfterMs[withoutInput] === -Infinity) withoutInput++;
  if (withoutInput > 0) writer.uint(RECORDS.withoutInput, withoutInput);
  writer.packedDeltas(RECORDS.inputMsDeltas, records.inputAfterMs, withoutInput, count);
  writer.packedUints(RECORDS.validCounts, validCounts, 0, count);
  writer.packedUints(RECORDS.idCounts, idCounts, 0, count);
  writer.end(start);
}

function writeRowGaps({ records, rowIndexes, rows }: EventBatch): void {
  if (rows === 0) return;
  const start = writer.begin(BATCH.rowGaps);
  let row = 0;
  for (let record = 0; record < records.count; record++) {
    let next = 0;
    for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
      const index = rowIndexes[row] as number;
      writer.varint(index - next);
      next = index + 1;
    }
  }
  writer.end(start);
}

function writeIndexes(field: number, indexes: Uint32Array): void {
  if (indexes.length === 0) return;
  const start = writer.begin(field);
  let before = 0;
  for (let i = 0; i < indexes.length; i++) {
    writer.varint((indexes[i] as number) - before);
    before = indexes[i] as number;
  }
  writer.end(start);
}

function writeColumn(field: number, column: Column): void {
  const start = writer.begin(BATCH.columns);
  writer.uint(COLUMN.field, field);
  if (column.kind === 'text') writeText(column);
  else if (column.kind === 'dictionary') writeDictionary(column);
  else writeNumbers(column);
  writer.end(start);
}

function writeText({ bytes, offsets, nulls }: TextColumn): void {
  const start = writer.begin(COLUMN.text);
  writer.blob(TEXT.data, bytes);
  writer.packedLengths(TEXT.lengths, offsets);
  if (nulls !== null)
    writer.blob(
      TEXT.nulls,
      bitmapOf(nulls.length, (row) => nulls[row] === 1),
    );
  writer.end(start);
}

function writeDictionary({ indices, bytes, offsets }: DictionaryColumn): void {
  const start = writer.begin(COLUMN.dictionary);
  writer.blob(DICTIONARY.data, bytes);
  writer.packedLengths(DICTIONARY.lengths, offsets);
  writer.packedIndexes(DICTIONARY.indexes, indices);
  writer.end(start);
}

function writeNumbers({ values }: NumberColumn): void {
  const start = writer.begin(COLUMN.numbers);
  let nulls = 0;
  for (let row = 0; row < values.length; row++) if (Number.isNaN(values[row])) nulls++;
  if (nulls > 0)
    writer.blob(
      NUMBERS.present,
      bitmapOf(values.length, (row) => !Number.isNaN(values[row])),
    );
  writer.packedDoubles(NUMBERS.values, values);
  writer.end(start);
}

function bitmapOf(rows: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row++) if (isSet(row)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  return bits;
}
