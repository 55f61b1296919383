import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDbSession } from '../duckdb/duckdb-session';
import { quoteText } from '../sql/quote';
import type { Action } from './delta-actions';
import { deltaAction, PROTOCOL } from './delta-actions';
import type { TableSnapshot } from './table-snapshot';

/** A file that is no longer part of the table is remembered for so long; whoever removes files has removed it by then. */
export const REMEMBER_REMOVED_MS = 7 * 24 * 60 * 60 * 1_000;

const MEMORY_BYTES = 512 * 1024 ** 2;

const COLUMNS: Readonly<Record<string, string>> = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add:
    'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, ' +
    'stats VARCHAR)',
  remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN)',
  metaData:
    'STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), ' +
    'schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)',
};

/** Everything that a snapshot says, as a checkpoint of the Delta protocol: a Parquet file in `scratch`. */
export async function writeCheckpoint(snapshot: TableSnapshot, scratch: string, nowMs: number): Promise<string> {
  const lines = join(scratch, 'checkpoint.json');
  const file = join(scratch, 'checkpoint.parquet');
  const actions = actionsOf(snapshot, nowMs);
  await writeFile(lines, actions.map((action) => JSON.stringify(deltaAction(action, snapshot.columns))).join('\n'));
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoteText(type)}`);
  const read = `read_json(${quoteText(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  await inDuckDb(`COPY (SELECT * FROM ${read}) TO ${quoteText(file)} (FORMAT parquet, COMPRESSION zstd)`);
  await rm(lines);
  return file;
}

/** The lines that a checkpoint stands for, as a commit would have them. */
export async function readCheckpoint(checkpoint: Uint8Array, scratch: string): Promise<unknown[]> {
  const file = join(scratch, 'checkpoint.parquet');
  await writeFile(file, checkpoint);
  const lines = join(scratch, 'checkpoint.json');
  // Whoever wrote it may have more columns, and fields in them, than we know.
  const columns = Object.keys(COLUMNS).map((name) => `to_json(${name}) AS ${name}`);
  await inDuckDb(
    `COPY (SELECT ${columns.join(', ')} FROM read_parquet(${quoteText(file)})) TO ${quoteText(lines)} (FORMAT json)`,
  );
  const content = await readFile(lines, 'utf8');
  await rm(lines);
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function actionsOf(snapshot: TableSnapshot, nowMs: number): Action[] {
  const { columns, partitionBy, identity } = snapshot;
  return [
    { kind: 'protocol', ...PROTOCOL },
    { kind: 'metadata', identity, schema: { columns, partitionBy } },
    ...Array.from(snapshot.positions, ([appId, next]): Action => ({ kind: 'position', appId, next, nowMs })),
    ...Array.from(snapshot.removed)
      .filter(([, removedMs]) => removedMs > nowMs - REMEMBER_REMOVED_MS)
      .map(([path, removedMs]): Action => ({ kind: 'remove', path, removedMs, dataChange: false })),
    ...Array.from(snapshot.files.values(), (file): Action => ({ kind: 'add', file, dataChange: false })),
  ];
}

async function inDuckDb(sql: string): Promise<void> {
  const session = await DuckDbSession.open({ memoryBytes: MEMORY_BYTES, threads: 1, temporary: null });
  try {
    await session.use((connection) => connection.run(sql));
  } finally {
    await session.close();
  }
}
