import type { TableSnapshot } from '@tillstream/adapter-lake';
import type { Feed } from '@tillstream/contracts';
import { bytesText } from '../words';

/** Files below this are put together sooner or later. */
const SMALL_BYTES = 64 * 1024 ** 2;

/** What a table of the lake holds. */
export interface TableStatus {
  readonly table: Feed;
  /** Null, as the days: there is no such table yet, or nothing in it. */
  readonly version: number | null;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  readonly smallFiles: number;
  readonly firstDay: string | null;
  readonly lastDay: string | null;
  /** By partition: the first position that is not in the table. */
  readonly next: Readonly<Record<string, number>>;
}

export function tableStatus(feed: Feed, snapshot: TableSnapshot | null): TableStatus {
  const files = [...(snapshot?.files.values() ?? [])];
  const day = snapshot?.partitionBy[0] ?? '';
  const days = files.flatMap(({ partition }) => partition[day] ?? []).sort();
  const prefix = `${feed}/`;
  const own = [...(snapshot?.positions ?? [])].filter(([appId]) => appId.startsWith(prefix));
  return {
    table: feed,
    version: snapshot?.version ?? null,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.length,
    smallFiles: files.filter(({ bytes }) => bytes < SMALL_BYTES).length,
    firstDay: days[0] ?? null,
    lastDay: days.at(-1) ?? null,
    next: Object.fromEntries(own.map(([appId, next]) => [appId.slice(prefix.length), next])),
  };
}

/** As a line of a table of texts. */
export function describeTable(status: TableStatus): readonly (string | number)[] {
  const { table, version, rows, bytes, files, smallFiles, firstDay, lastDay, next } = status;
  const days = firstDay === null ? '–' : firstDay === lastDay ? firstDay : `${firstDay} to ${lastDay}`;
  const positions = Object.entries(next).map(([partition, position]) => `${partition}:${position}`);
  return [table, version ?? '–', rows, bytesText(bytes), files, smallFiles, days, positions.join(' ') || '–'];
}
