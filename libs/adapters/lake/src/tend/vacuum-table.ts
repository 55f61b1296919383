import type { TableSnapshot } from '../table/table-snapshot';
import type { TableInCare } from './rewriting';

/** Readers of an older snapshot have so long for it; and whoever has put a file, to name it. */
export const VACUUM_AFTER_MS = 24 * 60 * 60 * 1_000;

/** What a vacuum has removed. */
export interface Vacuumed {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Removes files that are not, or no longer, part of the table: those that others stand in place of, expired ones, and orphans of
 * whoever lost a race or ended in the middle.
 *
 * A file that was put long ago, by a process that has slept since, is not named after this: a commit is made first, so that the sleeper
 * has to look at the table once more, and sees how old its file is (`MAX_UNNAMED_MS`).
 *
 * @throws SinkUnavailableError, SinkRefusedError
 */
export async function vacuumTable({ table, store, nowMs, signal }: TableInCare): Promise<Vacuumed> {
  const before = await table.snapshot();
  if (before === null) return { files: 0, bytes: 0 };
  const cutMs = nowMs() - VACUUM_AFTER_MS;
  const candidates = new Map<string, number>();
  for await (const { path, bytes, modifiedMs } of store.list(`${table.path}/`)) {
    if (signal.aborted) return { files: 0, bytes: 0 };
    const own = path.slice(table.path.length + 1);
    if (own.endsWith('.parquet') && !own.startsWith('_') && isSpent(before, own, modifiedMs, cutMs))
      candidates.set(own, bytes);
  }
  if (candidates.size === 0) return { files: 0, bytes: 0 };
  const now = await table.commit(() => ({ add: [], remove: [], dataChange: false }));
  const spent = [...candidates].filter(([path]) => now !== null && !now.files.has(path));
  await store.remove(spent.map(([path]) => table.storePath({ path })));
  return { files: spent.length, bytes: spent.reduce((sum, [, bytes]) => sum + bytes, 0) };
}

function isSpent({ files, removed }: TableSnapshot, path: string, modifiedMs: number, cutMs: number): boolean {
  return !files.has(path) && Math.max(removed.get(path) ?? 0, modifiedMs) < cutMs;
}
