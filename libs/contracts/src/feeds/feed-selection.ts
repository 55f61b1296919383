import { compileCondition, fieldByName, toColumns } from '@tillstream/core';
import type {
  Column,
  Columns,
  Condition,
  EventBatch,
  Expression,
  FieldType,
  RowField,
  StreamSchema,
} from '@tillstream/core';
import type { SinkFeed } from '../stream-file/sink-definition';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { FeedRow, FeedTable, FeedValue } from './feed';
import { feedTables } from './feed-tables';
import { columnValue } from './field-values';

/** What a sink wants of a feed: which rows, and which columns of these. */
export class FeedSelection {
  /** Of the rows that are wanted, with the columns that are. */
  readonly tables: readonly FeedTable[];
  /** Null: all columns. */
  private readonly kept: ReadonlyMap<string, readonly string[]> | null;
  private readonly metrics: ReadonlySet<string> | null;
  private readonly condition: Condition | null;
  private readonly fields: readonly RowField<FeedRow>[];
  private readonly schema: StreamSchema;

  constructor(definition: StreamDefinition, { feed, filter, columns, metrics }: SinkFeed) {
    const tables = feedTables(definition, feed);
    this.schema = definition.schema;
    this.metrics = metrics === null ? null : new Set(metrics);
    // The table of metrics that are not declared any more has no name of one: its rows say of which they are.
    const wanted = tables.filter(({ metric }) => metric === null || metrics === null || metrics.includes(metric));
    this.tables = columns === null ? wanted : wanted.map((table) => withColumns(table, columns));
    this.kept =
      columns === null
        ? null
        : new Map(this.tables.map((table) => [table.name, table.columns.map(({ name }) => name)]));
    this.condition = filter === null ? null : compileCondition(filter);
    const names = filter === null ? new Set<string>() : namesIn(filter);
    this.fields = [...names].map((name) => this.rowField(name, tables));
  }

  /**
   * Indexes of the rows of a batch that are wanted, ascending.
   *
   * @param from rows of raw records below it are not meant
   */
  events(batch: EventBatch, from = batch.rawFrom): Uint32Array {
    const first = firstRowAt(batch, from);
    if (this.condition === null) return rowsFrom(first, batch.rows);
    const held = this.condition(columnsOf(this.schema, batch));
    let count = 0;
    for (let row = first; row < batch.rows; row++) count += held[row] as number;
    const selected = new Uint32Array(count);
    for (let row = first, at = 0; at < count; row++) if (held[row] === 1) selected[at++] = row;
    return selected;
  }

  /** Those rows that are wanted, in their order, each with the columns that are. */
  rows(rows: readonly FeedRow[]): readonly FeedRow[] {
    const { condition, metrics, kept } = this;
    let wanted = metrics === null ? rows : rows.filter(({ values }) => metrics.has(values['metric'] as string));
    if (condition !== null && wanted.length > 0) {
      const held = condition(this.columnsOfRows(wanted));
      wanted = wanted.filter((_, i) => held[i] === 1);
    }
    return kept === null ? wanted : wanted.map((row) => withValues(row, kept.get(row.table) ?? []));
  }

  private columnsOfRows(rows: readonly FeedRow[]): Columns {
    const columns = toColumns(this.fields, rows);
    const numbers = new Map(this.fields.map(({ name }, i) => [name, i + 1]));
    return { rows: rows.length, column: (name) => columns.get(numbers.get(name) ?? 0) ?? null };
  }

  /** Of finals a filter is over columns that all tables have. */
  private rowField(name: string, [table]: readonly FeedTable[]): RowField<FeedRow> {
    const type = (table?.columns.find((column) => column.name === name)?.type ?? 'string') as FieldType;
    const { exponent } = this.schema.money;
    return { name, type, value: ({ values }) => columnValue(values[name] ?? null, type, exponent) };
  }
}

function withColumns(table: FeedTable, names: readonly string[]): FeedTable {
  return { ...table, columns: table.columns.filter(({ name }) => names.includes(name)) };
}

function withValues(row: FeedRow, names: readonly string[]): FeedRow {
  const values: Record<string, FeedValue> = {};
  for (const name of names) values[name] = row.values[name] ?? null;
  return { ...row, values };
}

function rowsFrom(first: number, end: number): Uint32Array {
  const rows = new Uint32Array(end - first);
  for (let i = 0; i < rows.length; i++) rows[i] = first + i;
  return rows;
}

/** First row of a record at or beyond a raw offset. */
function firstRowAt({ rawFrom, records }: EventBatch, from: number): number {
  if (from <= rawFrom) return 0;
  let row = 0;
  for (let record = 0; record < records.count && (records.offsets[record] as number) < from; record++) {
    row += records.rowCounts[record] as number;
  }
  return row;
}

function columnsOf(schema: StreamSchema, batch: EventBatch): Columns {
  const columnOf = (name: string): Column | null => {
    const field = fieldByName(schema, name);
    return field === null ? null : (batch.columns.get(field.number) ?? null);
  };
  return { rows: batch.rows, column: columnOf };
}

/** Names of the fields or columns that an expression looks at. */
function namesIn(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: Expression): void => {
    if (node.kind === 'field') names.add(node.name);
    for (const part of Object.values(node) as unknown[]) {
      if (typeof part === 'object' && part !== null && 'kind' in part) visit(part as Expression);
    }
  };
  visit(expression);
  return names;
}
