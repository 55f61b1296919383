import type { MetricRows } from './metric-rows';
import type { Positions } from './positions';
import type { WindowRows } from './window-rows';

/** A row where it stands; read it before anything else is awaited. */
export interface RowRef {
  readonly window: WindowRows;
  readonly slot: number;
}

/** Which rows are asked for. */
export interface RowFilter {
  /** Window starts in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only the newest windows that have rows, of those in the range; null: all. */
  readonly newestWindows: number | null;
  /** Says of a group's JSON text whether it is asked for; null: every group. */
  readonly group: ((group: string) => boolean) | null;
  readonly finalOnly: boolean;
}

/** Where a page ended. */
export interface PageEnd {
  readonly startMs: number;
  readonly group: string;
}

/** A long scan gives `null` each time so many slots have been looked at: a moment to let others work. */
const SLOTS_PER_STEP = 1_000;

/**
 * The rows that pass the filter, by window start, then group (as JSON text, by code units), from the first behind `after`
 * on. Windows and groups that appear meanwhile before the place reached are not seen; nothing is seen twice.
 */
export function* listRows(metric: MetricRows, filter: RowFilter, after: PageEnd | null): Generator<RowRef | null> {
  let looked = 0;
  for (const window of windowsOf(metric, { ...filter, fromMs: Math.max(filter.fromMs, after?.startMs ?? -Infinity) })) {
    const order = window.inGroupOrder();
    const first = after?.startMs === window.startMs ? indexBehind(window, order, after.group) : 0;
    for (let index = first; index < order.length && !window.dropped; index += 1) {
      const slot = order[index]!;
      if (passes(window, slot, filter)) yield { window, slot };
      if (++looked % SLOTS_PER_STEP === 0) yield null;
    }
  }
}

/** What a pass over the changes has come across. */
export interface Pass {
  /** By partition: changes at or after are told. Null: everything there is (a snapshot). */
  readonly cursor: Positions | null;
  /** Windows of the pass before: others are told whole, for they may have been left out then. Null: not known. */
  readonly windowsBefore: ReadonlySet<number> | null;
  /** Starts of this pass's windows. Filled by the pass. */
  readonly windows: Set<number>;
  /** A window was dropped under the pass: what was not yet told of it is lost. Set by the pass. */
  interrupted: boolean;
}

/**
 * Rows that have changed since the pass's cursor, each once with what it is now; rows that are no more come too, if
 * the reader may have been told of them. In no particular order within a window.
 */
export function* changedRows(metric: MetricRows, filter: RowFilter, pass: Pass): Generator<RowRef | null> {
  let looked = 0;
  for (const window of windowsOf(metric, filter)) {
    pass.windows.add(window.startMs);
    const isNew = pass.windowsBefore !== null && !pass.windowsBefore.has(window.startMs);
    const cursor = isNew ? null : pass.cursor;
    if (cursor && !window.changedSince(cursor)) continue;
    const everyRow = cursor === null || window.lateChangedSince(cursor);
    for (let slot = 0; slot < window.size; slot += 1) {
      if (window.dropped) {
        pass.interrupted = true;
        break;
      }
      if (isTold(window, slot, filter, everyRow, cursor)) yield { window, slot };
      if (++looked % SLOTS_PER_STEP === 0) yield null;
    }
  }
}

function isTold(
  window: WindowRows,
  slot: number,
  filter: RowFilter,
  everyRow: boolean,
  cursor: Positions | null,
): boolean {
  if (filter.group && !filter.group(window.groups[slot]!)) return false;
  if (!window.isVisible(slot)) return cursor !== null && window.slotChangedSince(slot, cursor);
  if (filter.finalOnly && !window.isFinal(slot)) return false;
  return everyRow || window.slotChangedSince(slot, cursor!);
}

function windowsOf(metric: MetricRows, filter: RowFilter): readonly WindowRows[] {
  if (filter.newestWindows === null) return metric.between(filter.fromMs, filter.toMs);
  return metric.newest(filter.newestWindows, filter.fromMs, filter.toMs);
}

function passes(window: WindowRows, slot: number, filter: RowFilter): boolean {
  if (filter.finalOnly ? !window.isFinal(slot) : !window.isVisible(slot)) return false;
  return filter.group === null || filter.group(window.groups[slot]!);
}

/** Index in `order` of the first group greater than `group`. */
function indexBehind(window: WindowRows, order: Uint32Array, group: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (window.groups[order[middle]!]! <= group) low = middle + 1;
    else high = middle;
  }
  return low;
}
