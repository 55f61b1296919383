import { openCsv, sourceName } from './csv-file';
import { REES46_COLUMNS, rees46Row, type ReplayRow } from './rees46-row';
import type { ReplayState } from './replay-state';
import { timeSpan } from './time-span';

/** Where a replay begins: so many rows of the file at this index are done. */
export type ReplayStart = Pick<ReplayState, 'file' | 'rowsDone'>;

/** The rows of several files in order, and how much of them has been read. */
export interface Rees46Rows {
  rows(start: ReplayStart, shiftMs: number): AsyncGenerator<ReplayRow, void, void>;
  /** Share of all bytes, from 0 to 1. */
  readShare(): number;
}

export function rees46Rows(files: readonly { readonly path: string; readonly size: number }[]): Rees46Rows {
  const total = Math.max(
    1,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  let before = 0;
  let bytesRead = (): number => 0;
  async function* rows(start: ReplayStart, shiftMs: number): AsyncGenerator<ReplayRow, void, void> {
    before = files.slice(0, start.file).reduce((sum, { size }) => sum + size, 0);
    for (const [file, { path, size }] of files.entries()) {
      if (file < start.file) continue;
      const csv = await openCsv(path, REES46_COLUMNS);
      bytesRead = () => csv.bytesRead();
      const skipped = file === start.file ? start.rowsDone : 0;
      const source = sourceName(path);
      let number = 0;
      for await (const columns of csv.rows()) {
        number += 1;
        if (number > skipped) yield { ...rees46Row(source, number, columns, shiftMs), file };
      }
      before += size;
      bytesRead = () => 0;
    }
  }
  return { rows, readShare: () => Math.min(1, (before + bytesRead()) / total) };
}

/**
 * What to add to all times so that the last event happens when it is sent, and none before its time: at speed `max` now,
 * else when the replay will have come to it.
 */
export async function shiftToNow(paths: readonly string[], speed: number, nowMs: number): Promise<number> {
  const [first, last] = await Promise.all([timeSpan(paths[0] ?? ''), timeSpan(paths.at(-1) ?? '')]);
  const lastsMs = Math.max(0, last.lastMs - first.firstMs) / speed;
  return Math.floor(nowMs + lastsMs - last.lastMs);
}
