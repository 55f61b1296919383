import { entryText, eventPosition, fieldByName, textAt } from '@tillstream/core';
import type { Column, DictionaryColumn, EventBatch, FieldType, StreamSchema } from '@tillstream/core';
import type { FeedRow, FeedTable, FeedValue } from './feed';
import { feedValue } from './field-values';

/** A value of a row of the batch at hand. */
type ReadValue = (row: number) => FeedValue;

/** Makes rows of batches of events, for stores that take rows one by one. */
export class EventRows {
  /** @param table of events: of the columns that are wanted */
  constructor(
    private readonly schema: StreamSchema,
    private readonly table: FeedTable,
  ) {}

  /** @param selected indexes of rows, ascending */
  of(batch: EventBatch, selected: Uint32Array): FeedRow[] {
    const { columns, name } = this.table;
    const { partition, records } = batch;
    let record = 0;
    let end = records.rowCounts[0] ?? 0; // of the record's rows
    let at = 0;
    const readers = columns.map((column): readonly [string, ReadValue] => {
      if (column.of?.kind === 'field') return [column.name, this.reader(column.name, column.of.number, batch)];
      switch (column.name) {
        case '_partition':
          return [column.name, () => partition];
        case '_offset':
          return [column.name, () => records.offsets[record] as number];
        case '_index':
          return [column.name, () => batch.rowIndexes[at] as number];
        default:
          return [column.name, () => records.appendMs[record] as number];
      }
    });
    const timeOf = this.timeReader(batch);
    const rows: FeedRow[] = new Array<FeedRow>(selected.length);
    for (let i = 0; i < selected.length; i++) {
      at = selected[i] as number;
      while (at >= end) end += records.rowCounts[++record] as number;
      const offset = records.offsets[record] as number;
      const index = batch.rowIndexes[at] as number;
      const values: Record<string, FeedValue> = {};
      for (const [column, read] of readers) values[column] = read(at);
      rows[i] = {
        table: name,
        id: eventPosition(partition, { offset, index }),
        version: 0,
        timeMs: timeOf(at) ?? (records.appendMs[record] as number),
        ...{ partition, offset, index },
        record: null,
        values,
      };
    }
    return rows;
  }

  private timeReader(batch: EventBatch): (row: number) => number | null {
    const column = batch.columns.get(fieldByName(this.schema, this.schema.eventTime.field)?.number ?? 0);
    if (column?.kind !== 'number') return () => null;
    return (row) => {
      const timeMs = column.values[row] as number;
      return Number.isNaN(timeMs) ? null : timeMs;
    };
  }

  private reader(name: string, number: number, batch: EventBatch): ReadValue {
    const column = batch.columns.get(number);
    if (column === undefined) return () => null;
    const type = this.table.columns.find((candidate) => candidate.name === name)?.type as FieldType;
    return readerOf(column, type, this.schema.money.exponent);
  }
}

/** The row at one place of a batch. */
export function eventRow(schema: StreamSchema, table: FeedTable, batch: EventBatch, row: number): FeedRow {
  return new EventRows(schema, table).of(batch, Uint32Array.of(row))[0] as FeedRow;
}

function readerOf(column: Column, type: FieldType, moneyExponent: number): ReadValue {
  switch (column.kind) {
    case 'dictionary':
      return dictionaryReader(column);
    case 'text':
      return (row) => textAt(column, row);
    case 'number':
      return (row) => feedValue(column.values[row], type, moneyExponent);
  }
}

/** Each entry becomes a text once, however many rows have it. */
function dictionaryReader(column: DictionaryColumn): ReadValue {
  const texts: string[] = [];
  return (row) => {
    const entry = column.indices[row] as number;
    return entry < 0 ? null : (texts[entry] ??= entryText(column, entry));
  };
}
