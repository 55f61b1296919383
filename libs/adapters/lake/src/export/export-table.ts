import type { DuckDbSession } from '../duckdb/duckdb-session';
import { sqlType, type ColumnType } from '../sql/column-type';
import { quoteName, quoteText } from '../sql/quote';
import { tableRelation, type TimeSpan } from '../read/table-relation';
import type { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A column of an export, and where its values are. */
export interface ExportColumn {
  readonly name: string;
  /** A column of the table, or a field of one that holds several. */
  readonly from: readonly [column: string, field?: string];
  /** What of it, where it is text that is JSON: `$.measures`. Absent: all. */
  readonly path?: string;
  /** Text that is JSON: what is exported as JSON holds it as such. */
  readonly isJson: boolean;
}

export interface ExportRequest {
  readonly session: DuckDbSession;
  readonly table: LakeTable;
  readonly snapshot: TableSnapshot;
  readonly columns: readonly ExportColumn[];
  readonly span: TimeSpan;
  /** Only rows in which this column has a value. */
  readonly having: string | null;
  /** Columns of the table that rows are sorted by. */
  readonly orderBy: readonly string[];
  readonly format: ExportFormat;
  /** Must not be there; appears when it is complete. */
  readonly file: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const FORMATS: Readonly<Record<ExportFormat, string>> = {
  csv: 'FORMAT csv, HEADER',
  ndjson: 'FORMAT json',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
};

/**
 * Writes rows of a table into a file, in a stable order.
 *
 * @returns how many
 */
export async function exportTable(request: ExportRequest): Promise<number> {
  const { session, table, snapshot, span, having, orderBy, format, file, signal } = request;
  const relation = await tableRelation(table, snapshot, span);
  const wanted = request.columns.map((column) => `${valueSql(column, snapshot, format)} AS ${quoteName(column.name)}`);
  const query =
    `SELECT ${wanted.join(', ')} FROM (${relation})` +
    (having === null ? '' : ` WHERE ${quoteName(having)} IS NOT NULL`) +
    (orderBy.length === 0 ? '' : ` ORDER BY ${orderBy.map(quoteName).join(', ')}`);
  return session.use(async (connection) => {
    const interrupt = (): void => connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      signal.throwIfAborted();
      const copied = await connection.runAndReadAll(
        `COPY (${query}) TO ${quoteText(file)} (${FORMATS[format]}, USE_TMP_FILE true)`,
      );
      return Number(copied.getRows()[0]?.[0] ?? 0);
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  });
}

/** As the format says such a value: Parquet has types, CSV and JSON have texts for most of them. */
function valueSql(
  { from: [column, field], path, isJson }: ExportColumn,
  snapshot: TableSnapshot,
  format: ExportFormat,
): string {
  const whole = field === undefined ? quoteName(column) : `${quoteName(column)}.${quoteName(field)}`;
  const value = path === undefined ? whole : `json_extract(${whole}, ${quoteText(path)})::VARCHAR`;
  if (format === 'parquet') return value;
  const type = typeOf(snapshot, column, field);
  if (type === 'timestamp') return `strftime(epoch_ms(epoch_ms(${value})), '%Y-%m-%dT%H:%M:%S.%gZ')`;
  if (type === 'binary') return `base64(${value})`;
  if (format === 'csv')
    return typeof type === 'object' && type.kind !== 'decimal' ? `to_json(${value})::VARCHAR` : value;
  if (isJson) return `${value}::JSON`;
  return typeof type === 'object' && type.kind === 'decimal' ? `${value}::VARCHAR` : value;
}

/** @throws Error for a column that the table does not have */
function typeOf(snapshot: TableSnapshot, column: string, field: string | undefined): ColumnType {
  const type = snapshot.columns.find(({ name }) => name === column)?.type;
  if (type === undefined) throw new Error(`the table has no column ${column}`);
  if (field === undefined) return type;
  const inner =
    typeof type === 'object' && type.kind === 'struct' ? type.fields.find(({ name }) => name === field) : null;
  if (!inner) throw new Error(`the column ${column} (${sqlType(type)}) has no field ${field}`);
  return inner.type;
}
