import type {
  Column,
  DictionaryColumn,
  EventBatch,
  Field,
  GroupValue,
  MetricDefinition,
  StreamSchema,
} from '@tillstream/core';
import { columnOf, entryText, fieldByName, formatMoney, textAt } from '@tillstream/core';
import { parseInstant } from '@tillstream/contracts';

type RowTest = (row: number) => boolean;

const EVERY: RowTest = () => true;
const NONE: RowTest = () => false;

/** Which rows are of one group of a metric. */
export class GroupRows {
  private readonly wanted: readonly { readonly field: Field; readonly value: GroupValue }[];
  private tests: readonly RowTest[] = [];

  /** @throws RangeError for a group of another number of values, or of a field that the schema does not have */
  constructor(
    private readonly schema: StreamSchema,
    metric: MetricDefinition,
    /** In the order of groupBy. */
    group: readonly GroupValue[],
  ) {
    if (group.length !== metric.groupBy.length) {
      throw new RangeError(`a group of ${metric.name} has ${metric.groupBy.length} values, not ${group.length}`);
    }
    this.wanted = metric.groupBy.map((name, index) => {
      const field = fieldByName(schema, name);
      if (!field) throw new RangeError(`group field ${name} is not declared in stream ${schema.stream}`);
      return { field, value: group[index] ?? null };
    });
  }

  /** Takes up a batch; what is asked from here on is about its rows. */
  begin(batch: EventBatch): void {
    this.tests = this.wanted.map(({ field, value }) => testOf(columnOf(batch, field), value));
  }

  has(row: number): boolean {
    return this.tests.every((test) => test(row));
  }

  /** The same of a row as one JSON object, as it stands in the late ledger. */
  hasJson(json: string): boolean {
    const row = JSON.parse(json) as Readonly<Record<string, unknown>>;
    return this.wanted.every(({ field, value }) => {
      const there = row[field.name] ?? null;
      if (there === null || value === null) return there === value;
      if (field.type === 'timestamp') return parseInstant(there) === value;
      if (field.type === 'money') return there === Number(formatMoney(Number(value), this.schema.money.exponent));
      return there === value;
    });
  }
}

function testOf(column: Column | null, value: GroupValue): RowTest {
  if (column === null) return value === null ? EVERY : NONE;
  if (column.kind === 'number') {
    const { values } = column;
    if (value === null) return (row) => Number.isNaN(values[row]);
    const wanted = Number(value);
    return (row) => values[row] === wanted;
  }
  if (column.kind === 'dictionary') {
    const { indices } = column;
    const entry = value === null ? -1 : entryOf(column, String(value));
    return entry === null ? NONE : (row) => indices[row] === entry;
  }
  return (row) => textAt(column, row) === value;
}

/** Null: no row of the batch has the text. */
function entryOf(column: DictionaryColumn, text: string): number | null {
  for (let entry = 0; entry < column.offsets.length - 1; entry++) if (entryText(column, entry) === text) return entry;
  return null;
}
