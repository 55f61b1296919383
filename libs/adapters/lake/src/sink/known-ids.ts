import type { FeedRow } from '@tillstream/contracts';

import type { DuckDbSession } from '../duckdb/duckdb-session';
import type { RowSource } from '../duckdb/row-source';
import { writeValues } from '../duckdb/write-values';
import { readFiles } from '../sql/read-files';
import type { LakeTable } from '../table/lake-table';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';

/**
 * Which of these rows, of one partition, the table has already. Publishers tell what they told before a crash once more, and that may
 * be long after; so all files are looked at that may have such a row by their statistics, however old they are.
 *
 * @param sameFor what rows with one id have in common besides, as a column of the table
 */
export async function knownIds(
  session: DuckDbSession,
  table: LakeTable,
  snapshot: TableSnapshot,
  rows: readonly FeedRow[],
  sameFor: SharedValue,
): Promise<readonly string[]> {
  const range = rangeOf(rows, sameFor);
  const partition = rows[0]?.partition ?? 0;
  const files = [...snapshot.files.values()].filter(
    (file) =>
      mayHold(file, '_partition', partition, partition) && mayHold(file, sameFor.column, range.least, range.most),
  );
  if (files.length === 0 || rows.length === 0) return [];
  const readable = await Promise.all(
    files.map(async (file) => ({ local: await table.local(file), partition: file.partition })),
  );
  const stored = readFiles([{ name: 'id', type: 'string' }], [], readable);
  return session.withRows(idSource(rows), async (from) => {
    const found = await session.rows(`SELECT DISTINCT id FROM (${stored}) SEMI JOIN ${from} AS added USING (id)`);
    return found.map(({ id }) => id as string);
  });
}

/** A value that rows with the same id share. */
export interface SharedValue {
  readonly column: string;
  /** Null: not known of this row. */
  readonly of: (row: FeedRow) => number | null;
}

function rangeOf(rows: readonly FeedRow[], { of }: SharedValue): { readonly least: number; readonly most: number } {
  let [least, most] = [Infinity, -Infinity];
  for (const row of rows) {
    const value = of(row);
    if (value === null) return { least: -Infinity, most: Infinity };
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { least, most };
}

function mayHold({ min, max }: DataFile, column: string, least: number, most: number): boolean {
  const [from, to] = [min[column], max[column]];
  return typeof from !== 'number' || typeof to !== 'number' || (from <= most && to >= least);
}

function idSource(rows: readonly FeedRow[]): RowSource {
  return {
    columns: [{ name: 'id', type: 'string' }],
    rows: rows.length,
    write: (_column, vector, writer, from, count) =>
      writeValues(
        vector,
        writer,
        'string',
        rows.slice(from, from + count).map(({ id }) => id),
      ),
  };
}
