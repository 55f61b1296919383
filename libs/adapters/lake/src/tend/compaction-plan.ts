import type { DataFile, TableSnapshot } from '../table/table-snapshot';

/** When files are put together. */
export interface CompactionBounds {
  /** Files of half of it and more are left alone; no larger one is made. */
  readonly targetBytes: number;
  /** In directories that still get files, so many have to be there; what is fewer will soon be more. */
  readonly files: number;
  /** Without a new file for so long a directory is settled: few files are put together there as well. */
  readonly settledMs: number;
}

export const COMPACTION: CompactionBounds = {
  targetBytes: 128 * 1024 ** 2,
  files: 8,
  settledMs: 60 * 60 * 1_000,
};

/** A file may be so many times as large as the smaller ones together, to be written again with them. */
const GROWTH = 2;
const GROWTH_WHERE_SETTLED = 8;
/** Of files up to this the number is what they cost. */
const SMALL_BYTES = 256 * 1024;

/** Files of one directory that are to become one, the smallest first. */
export type FileGroup = readonly DataFile[];

/**
 * What is to be put together. A file is written again only with at least half as much as it holds itself, so a row is written about
 * as often as its file can grow by half, however long its directory gets files.
 */
export function planCompaction(
  { files, partitionBy }: TableSnapshot,
  bounds: CompactionBounds,
  nowMs: number,
): readonly FileGroup[] {
  const directories = Map.groupBy(files.values(), ({ partition }) =>
    JSON.stringify(partitionBy.map((name) => partition[name] ?? null)),
  );
  return Array.from(directories.values()).flatMap((own) => groupOf(own, bounds, nowMs));
}

function groupOf(files: readonly DataFile[], bounds: CompactionBounds, nowMs: number): FileGroup[] {
  const isSettled = files.every(({ addedMs }) => addedMs <= nowMs - bounds.settledMs);
  const growth = isSettled ? GROWTH_WHERE_SETTLED : GROWTH;
  const small = files.filter(({ bytes }) => bytes < bounds.targetBytes / 2).sort((a, b) => a.bytes - b.bytes);
  const least = isSettled ? 2 : bounds.files;
  for (let start = 0; start + least <= small.length; start++) {
    const group = groupFrom(small, start, growth, bounds.targetBytes);
    if (group.length >= least) return [group];
  }
  return [];
}

/** As many of the files, which go from small to large, as it is worth to put together with the one at `start`. */
function groupFrom(files: readonly DataFile[], start: number, growth: number, targetBytes: number): DataFile[] {
  let bytes = 0;
  let end = start;
  for (let file = files[end]; file !== undefined; file = files[++end]) {
    const isWorthIt = end === start || file.bytes <= SMALL_BYTES || file.bytes <= growth * bytes;
    if (!isWorthIt || bytes + file.bytes > targetBytes) break;
    bytes += file.bytes;
  }
  return files.slice(start, end);
}
