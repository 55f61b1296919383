import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '@tillstream/engine';
import type { DuckDbSession } from '../duckdb/duckdb-session';
import { writeQuery } from '../sink/write-parquet';
import { quoteName } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import type { ObjectStore } from '../store/object-store';
import type { LakeTable } from '../table/lake-table';
import { putDataFile } from '../table/put-data-file';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';

/** A table, and what is needed to write files of it anew. */
export interface TableInCare {
  readonly store: ObjectStore;
  readonly session: DuckDbSession;
  readonly table: LakeTable;
  /** Columns that rows of a file are sorted by, where the table has them. */
  readonly orderBy: readonly string[];
  /** Runs so many at a time as there is memory for. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly random: Random;
  readonly nowMs: () => number;
  /** Ends what is under way between two files. */
  readonly signal: AbortSignal;
}

/**
 * Writes the rows of some files of one directory into one new file, which is put, and which no table names yet.
 *
 * @param except rows for which this condition holds are left out; null: none is
 * @returns null when no row is left
 * @throws SinkUnavailableError, SinkRefusedError
 */
export async function rewriteFiles(
  care: TableInCare,
  snapshot: TableSnapshot,
  files: readonly DataFile[],
  except: string | null,
): Promise<DataFile | null> {
  const { store, session, table, inTurn, random, nowMs } = care;
  const partition = files[0]?.partition ?? {};
  const scratch = await store.scratch();
  try {
    const local = join(scratch, 'rows.parquet');
    const columns = snapshot.columns.filter(({ name }) => !snapshot.partitionBy.includes(name));
    const sql = await queryOf(care, snapshot, files, except);
    const notes = { 'tillstream.files': String(files.length) };
    const written = await inTurn(() => writeQuery(session, sql, columns, local, notes, store.address));
    if (written.rows === 0) return null;
    const name = `c-${random.hex(8)}.parquet`;
    return await putDataFile(store, table, { name, local, partition, written }, nowMs());
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** SQL of the rows of some files, to be put into brackets behind FROM. */
export async function relationOf(
  { table }: TableInCare,
  { columns, partitionBy }: TableSnapshot,
  files: readonly DataFile[],
): Promise<string> {
  const readable: { local: string; partition: DataFile['partition'] }[] = [];
  for (const file of files) readable.push({ local: await table.local(file), partition: file.partition });
  return readFiles(columns, partitionBy, readable);
}

async function queryOf(
  care: TableInCare,
  snapshot: TableSnapshot,
  files: readonly DataFile[],
  except: string | null,
): Promise<string> {
  const { columns, partitionBy } = snapshot;
  const own = columns.filter(({ name }) => !partitionBy.includes(name)).map(({ name }) => quoteName(name));
  const order = care.orderBy.filter((name) => columns.some((column) => column.name === name)).map(quoteName);
  return (
    `SELECT ${own.join(', ')} FROM (${await relationOf(care, snapshot, files)})` +
    (except === null ? '' : ` WHERE (${except}) IS NOT TRUE`) +
    (order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`)
  );
}
