import { SinkUnavailableError } from '@tillstream/engine';

import type { DuckDbSession } from '../duckdb/duckdb-session';
import type { RowSource } from '../duckdb/row-source';
import type { TypedColumn } from '../sql/column-type';
import { quoteText } from '../sql/quote';
import { fileError } from '../store/file-errors';
import type { DataFile } from '../table/table-snapshot';

/** What a Parquet file that was written is, but for its name and place. */
export type WrittenFile = Pick<DataFile, 'bytes' | 'rows' | 'min' | 'max'>;

/**
 * Rows of a row group where each has its record beside it, which is most of what it takes, and of which a row group is read whole if
 * any: a page of 1,000 is read five times as cheaply as from DuckDB's 122,880, a scan as before, and files grow by a twentieth.
 */
const RECORD_GROUP_ROWS = 20_480;

/**
 * Writes rows as they stand into a new Parquet file on this machine.
 *
 * @param notes for the footer, so that a file says by itself what it holds
 * @param store for messages
 * @throws SinkUnavailableError, SinkRefusedError
 */
export function writeParquet(
  session: DuckDbSession,
  source: RowSource,
  file: string,
  notes: Readonly<Record<string, string>>,
  store: string,
): Promise<WrittenFile> {
  return session.withRows(source, (from) => writeQuery(session, `FROM ${from}`, source.columns, file, notes, store));
}

/**
 * As `writeParquet`, of what a query gives.
 *
 * @param columns of the query
 */
export async function writeQuery(
  session: DuckDbSession,
  query: string,
  columns: readonly TypedColumn[],
  file: string,
  notes: Readonly<Record<string, string>>,
  store: string,
): Promise<WrittenFile> {
  const footer = Object.entries(notes).map(([name, note]) => `${quoteText(name)}: ${quoteText(note)}`);
  const metadata = footer.length === 0 ? '' : `KV_METADATA {${footer.join(', ')}}, `;
  const groups = columns.some(({ name }) => name === 'record') ? `ROW_GROUP_SIZE ${RECORD_GROUP_ROWS}, ` : '';
  const options = `FORMAT parquet, COMPRESSION zstd, ${groups}${metadata}RETURN_STATS`;
  try {
    const [told] = await session.rows(`COPY (${query}) TO ${quoteText(file)} (${options})`);
    return writtenFile(told as unknown as CopyRow, columns);
  } catch (cause) {
    throw duckdbError(cause, store);
  }
}

/** What `COPY … (RETURN_STATS)` tells of a file. */
interface CopyRow {
  readonly count: string;
  readonly file_size_bytes: string;
  readonly column_statistics: readonly {
    readonly key: string;
    readonly value: readonly { readonly key: string; readonly value: string }[];
  }[];
}

type Bounds = Record<string, string | number | null>;

function writtenFile(
  { count, file_size_bytes, column_statistics }: CopyRow,
  columns: readonly TypedColumn[],
): WrittenFile {
  const min: Bounds = {};
  const max: Bounds = {};
  const told = new Map(
    column_statistics.map(({ key, value }) => [key, new Map(value.map((one) => [one.key, one.value]))]),
  );
  for (const column of columns) {
    const statistics = told.get(`"${column.name.replaceAll('"', '""')}"`);
    if (statistics === undefined || statistics.get('has_nan') === 'true') continue;
    const [least, most] = [bound(column, statistics.get('min')), bound(column, statistics.get('max'))];
    if (least === null || most === null) continue;
    min[column.name] = least;
    max[column.name] = most;
  }
  return { bytes: Number(file_size_bytes), rows: Number(count), min, max };
}

/** Null: not known, or not said of such columns. */
function bound({ type }: TypedColumn, text: string | undefined): string | number | null {
  if (text === undefined) return null;
  switch (type) {
    case 'string':
      return text;
    case 'long':
    case 'double':
      return Number(text);
    case 'timestamp': {
      const ms = Date.parse(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
      return Number.isNaN(ms) ? null : ms;
    }
    default:
      return null;
  }
}

/** What operating systems say, as DuckDB passes it on, by the code that they have for it. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/No space left on device/i, 'ENOSPC'],
  [/Disk quota exceeded/i, 'EDQUOT'],
  [/Permission denied/i, 'EACCES'],
  [/Operation not permitted/i, 'EPERM'],
  [/Read-only file system/i, 'EROFS'],
  [/Input\/output error/i, 'EIO'],
  [/Too many open files/i, 'EMFILE'],
  [/Stale file handle/i, 'ESTALE'],
];

/** What DuckDB failed of, as the port of a sink says it; another error is left as it is. */
export function duckdbError(error: unknown, store: string): unknown {
  // Not asked by its class: a native module makes errors of its own realm.
  if (typeof error !== 'object' || error === null || !('message' in error)) return error;
  const message = String(error.message);
  if (message.startsWith('Out of Memory Error')) {
    return new SinkUnavailableError(
      `the lake at ${store} needs more memory to write or read a file than it may have: ${message}. Raise \`memory\` of the lake ` +
        'in the stream file, or lower `roll.rows`.',
      null,
      { cause: error },
    );
  }
  const code = SAID.find(([words]) => words.test(message))?.[1];
  return code === undefined ? error : fileError(Object.assign(error, { code }), store);
}
