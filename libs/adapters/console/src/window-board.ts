import type { FeedRow } from '@tillstream/contracts';

/** The results of a window. */
export interface ShownWindow {
  readonly startMs: number;
  /** By id, in the order in which they came. */
  readonly rows: ReadonlyMap<string, FeedRow>;
  /** There are more, beyond the bound. */
  readonly isCut: boolean;
}

interface OpenWindow {
  readonly startMs: number;
  readonly rows: Map<string, FeedRow>;
  isCut: boolean;
}

/** What stands in the newest windows of each metric, so that a window can be shown whole when a row of it comes. Bounded. */
export class WindowBoard {
  private readonly tables = new Map<string, Map<number, OpenWindow>>();

  constructor(
    private readonly mostWindows: number,
    private readonly mostRows: number,
  ) {}

  /** @returns those windows of the table that rows were put into, the oldest first; of windows that are long past nothing */
  put(table: string, rows: readonly FeedRow[]): readonly ShownWindow[] {
    const windows = this.tables.get(table) ?? new Map<number, OpenWindow>();
    this.tables.set(table, windows);
    const touched = new Set<OpenWindow>();
    for (const row of rows) touched.add(this.putRow(windows, row));
    const starts = [...windows.keys()].sort((a, b) => b - a);
    for (const start of starts.slice(this.mostWindows)) windows.delete(start);
    return [...touched].filter(({ startMs }) => windows.has(startMs)).sort((a, b) => a.startMs - b.startMs);
  }

  private putRow(windows: Map<number, OpenWindow>, row: FeedRow): OpenWindow {
    const window = windows.get(row.timeMs) ?? { startMs: row.timeMs, rows: new Map<string, FeedRow>(), isCut: false };
    windows.set(row.timeMs, window);
    const before = window.rows.get(row.id);
    if (before === undefined && window.rows.size >= this.mostRows) window.isCut = true;
    else if ((before?.version ?? -1) < row.version) window.rows.set(row.id, row);
    return window;
  }
}
