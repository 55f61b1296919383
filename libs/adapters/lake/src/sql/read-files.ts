import { sqlType, type TypedColumn } from './column-type';
import { isWholePath, partitionPath, type PartitionValues } from './partition-path';
import { quoteName, quoteText } from './quote';

export interface ReadableFile {
  /** Where it stands on this machine; it ends with the path that it has in its table. */
  readonly local: string;
  readonly partition: PartitionValues;
}

/**
 * SQL of a query over these files of one table, to be put into brackets behind FROM: `columns` in their order, among them those that
 * come from the directories, and null where a file is older than a column. Conditions on it reach the files: those in other directories
 * are not opened, row groups whose statistics rule them out are not read.
 *
 * @param columns all columns of the table
 * @param partitionBy those of them that are not in the files
 */
export function readFiles(
  columns: readonly TypedColumn[],
  partitionBy: readonly string[],
  files: readonly ReadableFile[],
): string {
  const names = columns.map((column) => quoteName(column.name)).join(', ');
  const parts = [
    ...wholePathScan(columns, partitionBy, files.filter(saysItsPartition)),
    ...files.filter((file) => !saysItsPartition(file)).map((file) => cutPathScan(columns, partitionBy, file)),
    // Columns that no file has yet.
    `SELECT ${columns.map(({ name, type }) => `NULL::${sqlType(type)} AS ${quoteName(name)}`).join(', ')} WHERE false`,
  ];
  return `SELECT ${names} FROM (${parts.join(' UNION ALL BY NAME ')})`;
}

/**
 * As `readFiles`, for some of the columns, each of which at least one file has: DuckDB refuses it otherwise. Of a struct it reads only
 * those fields that are asked for; a union with rows of no file, as there, lets no such wish through.
 *
 * @returns null where that cannot be had
 */
export function readColumns(
  names: readonly string[],
  columns: readonly TypedColumn[],
  partitionBy: readonly string[],
  files: readonly ReadableFile[],
): string | null {
  const [scan] = wholePathScan(columns, partitionBy, files);
  if (scan === undefined || !files.every(saysItsPartition)) return null;
  return `SELECT ${names.map(quoteName).join(', ')} FROM (${scan})`;
}

function saysItsPartition({ local, partition }: ReadableFile): boolean {
  return isWholePath(partition) && local.replaceAll('\\', '/').includes(`/${partitionPath(partition)}/`);
}

function wholePathScan(
  columns: readonly TypedColumn[],
  partitionBy: readonly string[],
  files: readonly ReadableFile[],
): string[] {
  if (files.length === 0) return [];
  const list = files.map((file) => quoteText(file.local)).join(', ');
  const types = partitionColumns(columns, partitionBy).map(({ name, type }) => `${quoteText(name)}: ${sqlType(type)}`);
  const hive =
    types.length === 0 ? 'hive_partitioning = false' : `hive_partitioning = true, hive_types = {${types.join(', ')}}`;
  return [`SELECT * FROM read_parquet([${list}], union_by_name = true, ${hive})`];
}

function cutPathScan(
  columns: readonly TypedColumn[],
  partitionBy: readonly string[],
  { local, partition }: ReadableFile,
): string {
  const values = partitionColumns(columns, partitionBy).map(({ name, type }) => {
    const value = partition[name] ?? null;
    return `${value === null ? 'NULL' : quoteText(value)}::${sqlType(type)} AS ${quoteName(name)}`;
  });
  return `SELECT ${['*', ...values].join(', ')} FROM read_parquet([${quoteText(local)}], hive_partitioning = false)`;
}

function partitionColumns(columns: readonly TypedColumn[], partitionBy: readonly string[]): readonly TypedColumn[] {
  return columns.filter((column) => partitionBy.includes(column.name));
}
