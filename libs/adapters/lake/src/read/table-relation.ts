import { instantSql } from '../sql/instant';
import { quoteName } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import type { LakeTable } from '../table/lake-table';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';

/** Rows whose instant in `column` is in [fromMs, toMs); null in place of `column`: all rows. */
export interface TimeSpan {
  readonly column: string | null;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything of a table. */
export const ALL_TIMES: TimeSpan = { column: null, fromMs: -Infinity, toMs: Infinity };

/**
 * SQL of the rows of a table in a span of time, to be put into brackets behind FROM. Only files that may have any are in it, and they
 * are on this machine when it resolves.
 */
export async function tableRelation(table: LakeTable, snapshot: TableSnapshot, span: TimeSpan): Promise<string> {
  const files: { local: string; partition: DataFile['partition'] }[] = [];
  for (const file of snapshot.files.values()) {
    if (mayHave(file, span)) files.push({ local: await table.local(file), partition: file.partition });
  }
  const all = readFiles(snapshot.columns, snapshot.partitionBy, files);
  const conditions = conditionsOf(span);
  return conditions.length === 0 ? all : `SELECT * FROM (${all}) WHERE ${conditions.join(' AND ')}`;
}

/** Whether a file may have any such rows, by what its table says of it. */
export function mayHave({ min, max }: DataFile, { column, fromMs, toMs }: TimeSpan): boolean {
  if (column === null) return true;
  const [oldest, newest] = [min[column], max[column]];
  return !(typeof oldest === 'number' && oldest >= toMs) && !(typeof newest === 'number' && newest < fromMs);
}

function conditionsOf({ column, fromMs, toMs }: TimeSpan): string[] {
  if (column === null) return [];
  const name = quoteName(column);
  return [
    ...(Number.isFinite(fromMs) ? [`${name} >= ${instantSql(fromMs)}`] : []),
    ...(Number.isFinite(toMs) ? [`${name} < ${instantSql(toMs)}`] : []),
  ];
}
