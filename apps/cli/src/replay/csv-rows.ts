import { openCsv, sourceName } from './csv-file';
import type { CsvKind } from './csv-kind';
import type { ReplayRow, ReplayRows, ReplayStart } from './replay-source';
import { timeSpan } from './time-span';

/** The rows of several files of one kind, in order. */
export function csvRows(kind: CsvKind, files: readonly { readonly path: string; readonly size: number }[]): ReplayRows {
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
      const csv = await openCsv(path, kind);
      bytesRead = () => csv.bytesRead();
      const skipped = file === start.file ? start.rowsDone : 0;
      const source = sourceName(path);
      let number = 0;
      for await (const columns of csv.rows()) {
        number += 1;
        if (number > skipped) yield { ...kind.row(source, number, columns, shiftMs), file };
      }
      before += size;
      bytesRead = () => 0;
    }
  }
  return { rows, readShare: () => Math.min(1, (before + bytesRead()) / total) };
}

/** See `ReplaySource`. */
export async function shiftToNow(
  kind: CsvKind,
  paths: readonly string[],
  speed: number,
  nowMs: number,
): Promise<number> {
  const [first, last] = await Promise.all([timeSpan(kind, paths[0] ?? ''), timeSpan(kind, paths.at(-1) ?? '')]);
  const lastsMs = Math.max(0, last.lastMs - first.firstMs) / speed;
  return Math.floor(nowMs + lastsMs - last.lastMs);
}
