import { SinkRefusedError } from '@tillstream/engine';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';
import type { CompactionBounds, FileGroup } from './compaction-plan';
import { planCompaction } from './compaction-plan';
import { rewriteFiles, type TableInCare } from './rewriting';

/** What a compaction has done. */
export interface Compacted {
  /** Files that are no longer part of the table, and how many stand in their place. */
  readonly files: number;
  readonly into: number;
}

/** So many groups are swapped in one commit: one for each would make the log long. */
const GROUPS_A_COMMIT = 32;

/** Files that have been put in place of others, and are not named yet. */
interface Swap {
  readonly group: FileGroup;
  readonly file: DataFile;
}

/**
 * Puts small files of a table together. A reader has either the small ones or the large one, by the snapshot that it reads; others may
 * write, compact and remove at the same time: what has lost a file meanwhile is given up.
 *
 * @throws SinkUnavailableError, SinkRefusedError
 */
export async function compactTable(care: TableInCare, bounds: CompactionBounds): Promise<Compacted> {
  const snapshot = await care.table.snapshot();
  if (snapshot === null) return { files: 0, into: 0 };
  const done = { files: 0, into: 0 };
  let swaps: Swap[] = [];
  for (const group of planCompaction(snapshot, bounds, care.nowMs())) {
    if (care.signal.aborted) break;
    swaps.push(await mergeGroup(care, snapshot, group));
    if (swaps.length < GROUPS_A_COMMIT) continue;
    add(done, await commitSwaps(care, swaps));
    swaps = [];
  }
  add(done, await commitSwaps(care, swaps));
  return done;
}

async function mergeGroup(care: TableInCare, snapshot: TableSnapshot, group: FileGroup): Promise<Swap> {
  const file = await rewriteFiles(care, snapshot, group, null);
  const rows = group.reduce((sum, { rows: own }) => sum + own, 0);
  if (file?.rows === rows) return { group, file };
  if (file !== null) await care.store.remove([care.table.storePath(file)]);
  throw new SinkRefusedError(
    `${group.length} files of the table ${care.table.path} of the lake hold ${file?.rows ?? 0} rows, and ${rows} by its log, so they are left ` +
      `as they are: ${group.map(({ path }) => path).join(', ')}. Something else has changed them; restore them from a backup.`,
  );
}

async function commitSwaps({ table, store }: TableInCare, swaps: readonly Swap[]): Promise<Compacted> {
  if (swaps.length === 0) return { files: 0, into: 0 };
  let made: readonly Swap[] = [];
  await table.commit((now) => {
    made = swaps.filter(({ group }) => group.every(({ path }) => now?.files.has(path)));
    if (made.length === 0) return null;
    const remove = made.flatMap(({ group }) => group.map(({ path }) => path));
    return { add: made.map(({ file }) => file), remove, dataChange: false };
  });
  const lost = swaps.filter((swap) => !made.includes(swap));
  await store.remove(lost.map(({ file }) => table.storePath(file)));
  return { files: made.reduce((sum, { group }) => sum + group.length, 0), into: made.length };
}

function add(sum: { files: number; into: number }, more: Compacted): void {
  sum.files += more.files;
  sum.into += more.into;
}
