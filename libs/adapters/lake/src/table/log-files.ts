import type { ObjectStore } from '../store/object-store';

const VERSION_DIGITS = 20;
const COMMIT = /^(\d{20})\.json$/u;
const CHECKPOINT = /^(\d{20})\.checkpoint\.parquet$/u;

/** A file of a table's log: a commit, or everything up to one. */
export interface LogFile {
  readonly path: string;
  readonly version: number;
  readonly kind: 'commit' | 'checkpoint';
  readonly modifiedMs: number;
}

export function commitPath(table: string, version: number): string {
  return `${table}/_delta_log/${digits(version)}.json`;
}

export function checkpointPath(table: string, version: number): string {
  return `${table}/_delta_log/${digits(version)}.checkpoint.parquet`;
}

/** Names the newest checkpoint. A hint: what it says may be older than what there is. */
export function lastCheckpointPath(table: string): string {
  return `${table}/_delta_log/_last_checkpoint`;
}

/** What there is of a table's log, by version. */
export async function* logFiles(store: ObjectStore, table: string): AsyncIterable<LogFile> {
  const directory = `${table}/_delta_log/`;
  for await (const { path, modifiedMs } of store.list(directory)) {
    const name = path.slice(directory.length);
    const commit = COMMIT.exec(name)?.[1];
    const checkpoint = CHECKPOINT.exec(name)?.[1];
    if (commit !== undefined) yield { path, version: Number(commit), kind: 'commit', modifiedMs };
    else if (checkpoint !== undefined) yield { path, version: Number(checkpoint), kind: 'checkpoint', modifiedMs };
  }
}

/** The version of the newest checkpoint as far as the hint says; null: it says nothing. */
export async function hintedCheckpoint(store: ObjectStore, table: string): Promise<number | null> {
  const content = await store.read(lastCheckpointPath(table));
  if (content === null) return null;
  try {
    const { version } = JSON.parse(new TextDecoder().decode(content)) as { readonly version?: unknown };
    return typeof version === 'number' ? version : null;
  } catch {
    return null; // cut short by a store that does not replace in one go
  }
}

function digits(version: number): string {
  return String(version).padStart(VERSION_DIGITS, '0');
}
