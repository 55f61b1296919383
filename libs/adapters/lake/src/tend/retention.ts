import type { TableSnapshot } from '../table/table-snapshot';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Files of days that are over for longer than `keepMs`. What has no day stays. @param day the column that days keep files apart by */
export function expiredFiles({ files }: TableSnapshot, day: string, keepMs: number, nowMs: number): readonly string[] {
  return Array.from(files.values())
    .filter(({ partition }) => {
      const startMs = Date.parse(`${partition[day] ?? ''}T00:00:00Z`);
      return startMs + DAY_MS <= nowMs - keepMs;
    })
    .map(({ path }) => path);
}
