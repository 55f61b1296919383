import { entryText, fieldByName, formatMoney, textAt } from '@tillstream/core';
import type { Column, DictionaryColumn, EventBatch, StreamSchema } from '@tillstream/core';
import { isoInstant } from '../results/instant';
import type { FeedColumn, FeedColumnType, FeedRow, FeedTable, FeedValue } from './feed';
import { EVENT_COLUMNS } from './feed-tables';

const PLACES = new Set(EVENT_COLUMNS.map(({ name }) => name));

/**
 * A column's value as JSON for stores outside: instants as ISO 8601 in UTC, amounts of money and other decimals as text (no
 * reader rounds them), bytes in base64.
 */
export function feedValueJson(value: FeedValue, type: FeedColumnType): string {
  if (value === null) return 'null';
  if (type === 'timestamp') return typeof value === 'number' ? `"${isoInstant(value)}"` : 'null';
  if (value instanceof Uint8Array) {
    return `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"`;
  }
  return JSON.stringify(value);
}

/** The columns of a row as members of a JSON object, without its braces and without nulls. */
export class RowJson {
  private readonly columns: readonly { readonly name: string; readonly label: string; readonly type: FeedColumnType }[];

  constructor(table: FeedTable, nameOf: (column: FeedColumn) => string = ({ name }) => name) {
    this.columns = table.columns.map((column) => {
      return { name: column.name, type: column.type, label: `${JSON.stringify(nameOf(column))}:` };
    });
  }

  members({ values }: Pick<FeedRow, 'values'>): string {
    let text = '';
    for (const { name, label, type } of this.columns) {
      const value = values[name];
      if (value === undefined || value === null) continue;
      text += `${text === '' ? '' : ','}${label}${feedValueJson(value, type)}`;
    }
    return text;
  }
}

/** Takes the members of one event: `row` is its index in the batch. */
export type VisitEvent = (
  members: string,
  row: number,
  place: { offset: number; index: number; appendMs: number; timeMs: number },
) => void;

/** As RowJson for events, straight from the columns of their batches; where an event stands is told beside its members. */
export class EventJson {
  private readonly columns: readonly {
    readonly label: string;
    readonly type: FeedColumnType;
    readonly field: number;
  }[];
  private readonly timeField: number;

  constructor(
    private readonly schema: StreamSchema,
    table: FeedTable,
    nameOf: (column: FeedColumn) => string = ({ name }) => name,
  ) {
    this.columns = table.columns.flatMap((column) =>
      column.of?.kind === 'field' && !PLACES.has(column.name)
        ? { label: `${JSON.stringify(nameOf(column))}:`, type: column.type, field: column.of.number }
        : [],
    );
    this.timeField = fieldByName(schema, schema.eventTime.field)?.number ?? 0;
  }

  /** @param selected indexes of rows, ascending */
  each(batch: EventBatch, selected: Uint32Array, visit: VisitEvent): void {
    const { records, rowIndexes } = batch;
    const readers = this.columns.flatMap(({ label, type, field }) => {
      const column = batch.columns.get(field);
      return column === undefined ? [] : [memberReader(label, column, type, this.schema.money.exponent)];
    });
    const times = batch.columns.get(this.timeField);
    const place = { offset: 0, index: 0, appendMs: 0, timeMs: 0 };
    let record = 0;
    let end = records.rowCounts[0] ?? 0; // of the record's rows
    for (const row of selected) {
      while (row >= end) end += records.rowCounts[++record] as number;
      let text = '';
      for (const read of readers) {
        const member = read(row);
        if (member !== '') text += text === '' ? member : `,${member}`;
      }
      place.offset = records.offsets[record] as number;
      place.index = rowIndexes[row] as number;
      place.appendMs = records.appendMs[record] as number;
      const timeMs = times?.kind === 'number' ? (times.values[row] as number) : NaN;
      place.timeMs = Number.isNaN(timeMs) ? place.appendMs : timeMs;
      visit(text, row, place);
    }
  }
}

/** A member of a row; '' for null. */
type ReadMember = (row: number) => string;

function memberReader(label: string, column: Column, type: FeedColumnType, moneyExponent: number): ReadMember {
  switch (column.kind) {
    case 'dictionary':
      return dictionaryReader(label, column);
    case 'text':
      return (row) => {
        const text = textAt(column, row);
        return text === null ? '' : label + JSON.stringify(text);
      };
    case 'number': {
      const { values } = column;
      const json = numberWriter(type, moneyExponent);
      return (row) => {
        const value = values[row] as number;
        return Number.isFinite(value) ? label + json(value + 0) : ''; // -0 is 0
      };
    }
  }
}

/** Each entry is written once, however many rows have it. */
function dictionaryReader(label: string, column: DictionaryColumn): ReadMember {
  const members: string[] = [];
  return (row) => {
    const entry = column.indices[row] as number;
    return entry < 0 ? '' : (members[entry] ??= label + JSON.stringify(entryText(column, entry)));
  };
}

function numberWriter(type: FeedColumnType, moneyExponent: number): (value: number) => string {
  switch (type) {
    case 'money':
      return (value) => `"${formatMoney(value, moneyExponent)}"`;
    case 'timestamp':
      return (value) => `"${isoInstant(value)}"`;
    case 'bool':
      return (value) => (value === 0 ? 'false' : 'true');
    default:
      return String;
  }
}
