import type { DataFile, TableSnapshot } from '../table/table-snapshot';
import { relationOf, rewriteFiles, type TableInCare } from './rewriting';

/** What has been erased of a table. */
export interface Erased {
  readonly rows: number;
  /** Files that held them; they are removed from the store with the next vacuum. */
  readonly files: number;
}

/**
 * Writes the files anew that hold rows for which `condition` holds, without these. Each file is swapped by a commit of its own, so it
 * goes on where it was interrupted; it ends when no file of the table holds such a row, also none that came meanwhile.
 *
 * @param condition SQL over the table's columns
 * @throws SinkUnavailableError, SinkRefusedError
 */
export async function eraseRows(care: TableInCare, condition: string): Promise<Erased> {
  const done = { rows: 0, files: 0 };
  const clean = new Set<string>();
  for (;;) {
    const snapshot = await care.table.snapshot();
    const unseen = [...(snapshot?.files.values() ?? [])].filter(({ path }) => !clean.has(path));
    if (snapshot === null || unseen.length === 0) return done;
    for (const file of unseen) {
      care.signal.throwIfAborted();
      const rows = await countRows(care, snapshot, file, condition);
      if (rows === 0) clean.add(file.path);
      else if (await eraseFrom(care, snapshot, file, condition)) {
        done.rows += rows;
        done.files++;
      }
    }
  }
}

/** How many rows of a table the condition holds for. */
export async function countRowsOf(care: TableInCare, condition: string): Promise<number> {
  const snapshot = await care.table.snapshot();
  let rows = 0;
  for (const file of snapshot?.files.values() ?? []) {
    care.signal.throwIfAborted();
    if (snapshot !== null) rows += await countRows(care, snapshot, file, condition);
  }
  return rows;
}

/** False: the file is no longer part of the table; its rows are looked for where they are now. */
async function eraseFrom(
  care: TableInCare,
  snapshot: TableSnapshot,
  file: DataFile,
  condition: string,
): Promise<boolean> {
  const { table, store } = care;
  const without = await rewriteFiles(care, snapshot, [file], condition);
  let isMade = false;
  await table.commit((now) => {
    isMade = now?.files.has(file.path) === true;
    return isMade ? { add: without === null ? [] : [without], remove: [file.path], dataChange: true } : null;
  });
  if (!isMade && without !== null) await store.remove([table.storePath(without)]);
  return isMade;
}

async function countRows(
  care: TableInCare,
  snapshot: TableSnapshot,
  file: DataFile,
  condition: string,
): Promise<number> {
  const relation = await relationOf(care, snapshot, [file]);
  const [told] = await care.session.rows(`SELECT count(*) AS rows FROM (${relation}) WHERE ${condition}`);
  return Number(told?.['rows']);
}
