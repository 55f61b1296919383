import type { Vector } from '@duckdb/node-bindings';
import type { Column, DictionaryColumn, EventBatch, NumberColumn, TextColumn } from '@tillstream/core';

import type { RowSource } from '../duckdb/row-source';
import type { VectorWriter } from '../duckdb/vector-writer';
import type { TypedColumn } from '../sql/column-type';

/** What a column of a table of events holds. */
export type EventColumn = TypedColumn &
  (
    | { readonly from: 'partition' | 'offset' | 'index' | 'append_time' }
    | { readonly from: 'field'; readonly number: number }
  );

/** Rows of batches in any order: row i is row `rows[i]` of batch `batches[batchOf[i]]`. */
export interface PickedRows {
  readonly batches: readonly EventBatch[];
  readonly batchOf: Uint32Array;
  readonly rows: Uint32Array;
}

/** Events as DuckDB reads them: from the columns of their batches, without anything being made for each row. */
export class EventSource implements RowSource {
  readonly rows: number;
  private readonly records: readonly RowRecords[];

  constructor(
    readonly columns: readonly EventColumn[],
    private readonly picked: PickedRows,
  ) {
    this.rows = picked.rows.length;
    this.records = picked.batches.map(recordsOf);
  }

  write(index: number, vector: Vector, writer: VectorWriter, from: number, count: number): void {
    const column = this.columns[index] as EventColumn;
    const { batches, batchOf } = this.picked;
    writer.begin(vector, count);
    // Rows that stand near each other in time mostly come from one batch.
    for (let start = 0, end = 0; start < count; start = end) {
      const batch = batchOf[from + start] as number;
      while (end < count && batchOf[from + end] === batch) end++;
      const run = { writer, rows: this.picked.rows.subarray(from + start, from + end), to: start };
      this.writeRun(column, batches[batch] as EventBatch, this.records[batch] as RowRecords, run);
    }
    if (column.type === 'string') writer.endTexts();
    else if (column.type === 'double') writer.endDoubles();
    else if (column.type === 'boolean') writer.endBooleans();
    else writer.endLongs();
  }

  private writeRun(column: EventColumn, batch: EventBatch, records: RowRecords, run: Run): void {
    switch (column.from) {
      case 'partition':
        return writeConstant(run, batch.partition);
      case 'offset':
        return writeLongs(run, records.offsets);
      case 'index':
        return writeLongs(run, batch.rowIndexes);
      case 'append_time':
        return writeTimestamps(run, records.appendMs);
      case 'field':
        return writeField(run, column.type, batch.columns.get(column.number) ?? null);
    }
  }
}

/** Rows of one batch, which go into a vector from row `to` on. */
interface Run {
  readonly writer: VectorWriter;
  readonly rows: Uint32Array;
  readonly to: number;
}

/** What the raw record says of each row of a batch. */
interface RowRecords {
  readonly offsets: Float64Array;
  readonly appendMs: Float64Array;
}

function recordsOf({ records, rows }: EventBatch): RowRecords {
  const offsets = new Float64Array(rows);
  const appendMs = new Float64Array(rows);
  for (let record = 0, row = 0; record < records.count; record++) {
    const end = row + (records.rowCounts[record] as number);
    offsets.fill(records.offsets[record] as number, row, end);
    appendMs.fill(records.appendMs[record] as number, row, end);
    row = end;
  }
  return { offsets, appendMs };
}

function writeField(run: Run, type: TypedColumn['type'], column: Column | null): void {
  if (column === null) return writeNulls(run, type === 'string');
  if (column.kind === 'text') return writeTexts(run, column);
  if (column.kind === 'dictionary') return writeEntries(run, column);
  if (type === 'double') return writeDoubles(run, column);
  if (type === 'boolean') return writeBooleans(run, column);
  if (type === 'timestamp') return writeTimestamps(run, column.values);
  return writeLongs(run, column.values);
}

function writeConstant({ writer, rows, to }: Run, value: number): void {
  for (let i = 0; i < rows.length; i++) writer.setLong(to + i, value);
}

function writeNulls({ writer, rows, to }: Run, ofTexts: boolean): void {
  for (let i = 0; i < rows.length; i++) {
    if (ofTexts) writer.setNullText(to + i);
    else writer.setNull(to + i);
  }
}

/** Whole numbers, and money, which is whole in minor units. */
function writeLongs({ writer, rows, to }: Run, values: Float64Array | Uint32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number;
    if (Number.isNaN(value)) writer.setNull(to + i);
    else writer.setLong(to + i, value);
  }
}

function writeTimestamps({ writer, rows, to }: Run, values: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number;
    if (Number.isNaN(value)) writer.setNull(to + i);
    else writer.setTimestamp(to + i, value);
  }
}

function writeDoubles({ writer, rows, to }: Run, { values }: NumberColumn): void {
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number;
    if (Number.isNaN(value)) writer.setNull(to + i);
    else writer.setDouble(to + i, value + 0); // -0 is 0
  }
}

function writeBooleans({ writer, rows, to }: Run, { values }: NumberColumn): void {
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number;
    if (Number.isNaN(value)) writer.setNull(to + i);
    else writer.setBoolean(to + i, value !== 0);
  }
}

function writeTexts(run: Run, column: TextColumn): void {
  const { writer, rows, to } = run;
  const { bytes, offsets, nulls } = column;
  const [first, last] = rangeOf(rows);
  const from = offsets[first] as number;
  // Where these are nearly all the rows between the first and the last of them, one copy does for all.
  const isDense = last - first < 1.25 * rows.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = isDense ? writer.share(bytes.subarray(from, offsets[last + 1])) : 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const start = offsets[row] as number;
    const end = offsets[row + 1] as number;
    if (nulls !== null && nulls[row] === 1) writer.setNullText(to + i);
    else if (isDense) writer.setTextOf(to + i, bytes, start, end, at + start - from);
    else writer.setTextByWords(to + i, bytes, view, start, end);
  }
}

function rangeOf(rows: Uint32Array): readonly [number, number] {
  let [first, last] = [Infinity, 0];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (row < first) first = row;
    if (row > last) last = row;
  }
  return [first, last];
}

function writeEntries({ writer, rows, to }: Run, { indices, bytes, offsets }: DictionaryColumn): void {
  /** Row + 1 of the vector that an entry was written to first. */
  const written = new Int32Array(offsets.length - 1);
  for (let i = 0; i < rows.length; i++) {
    const entry = indices[rows[i] as number] as number;
    if (entry < 0) {
      writer.setNullText(to + i);
    } else if (written[entry] !== 0) {
      writer.repeatText(to + i, (written[entry] as number) - 1);
    } else {
      writer.setText(to + i, bytes, offsets[entry] as number, offsets[entry + 1] as number);
      written[entry] = to + i + 1;
    }
  }
}
