import type { ResultView } from '../view/result-view';
import { listRows, type RowFilter, type RowRef } from '../view/row-query';

export const EVERYTHING: RowFilter = {
  fromMs: -Infinity,
  toMs: Infinity,
  newestWindows: null,
  group: null,
  finalOnly: false,
};

/** `start|group` → what is shown of the row. */
export type Shown = ReadonlyMap<string, string>;

export const keyOfRow = ({ window, slot }: RowRef): string => `${window.startMs}|${window.group(slot)}`;

export function textOfRow({ window, slot }: RowRef): string {
  const state = window.isFinal(slot) ? 'final' : 'provisional';
  return `${window.payload(slot)} ${state} ${window.revision(slot)} late ${window.lateRows}`;
}

/** Everything the view shows of a metric. */
export function shownIn(view: ResultView, metric: string, filter: RowFilter = EVERYTHING): Shown {
  const rows = [...listRows(view.metric(metric), filter, null)].filter((row) => row !== null);
  return new Map(rows.map((row) => [keyOfRow(row), textOfRow(row)]));
}
