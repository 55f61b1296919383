import { compareGroups } from './group-order';
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
  /** Null: every group. */
  readonly group: GroupFilter | null;
  readonly finalOnly: boolean;
}

/** Which groups are asked for, by their JSON texts: one, or those that a test lets pass. */
export type GroupFilter = { readonly only: string } | { readonly matches: (group: string) => boolean };

/** Where a page ended. */
export interface PageEnd {
  readonly startMs: number;
  readonly group: string;
}

/** A long scan gives `null` each time so many slots have been looked at: a moment to let others work. */
const SLOTS_PER_STEP = 1_000;

/**
 * The rows that pass the filter, by window start, then group (as JSON text, by code points), from the first behind `after`
 * on. Windows and groups that appear meanwhile before the place reached are not seen; nothing is seen twice.
 */
export function* listRows(metric: MetricRows, filter: RowFilter, after: PageEnd | null): Generator<RowRef | null> {
  let looked = 0;
  for (const window of windowsOf(metric, { ...filter, fromMs: Math.max(filter.fromMs, after?.startMs ?? -Infinity) })) {
    const order = slotsInOrder(window, filter.group);
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
    const isComparedAnew = cursor !== null && metric.isComparedAnew(window, cursor);
    if (cursor && !isComparedAnew && !window.changedSince(cursor)) continue;
    const everyRow = cursor === null || isComparedAnew || window.lateChangedSince(cursor);
    const { from, to } = slotsOf(window, filter.group);
    for (let slot = from; slot < (to ?? window.size); slot += 1) {
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
  const isChanged = cursor !== null && window.slotChangedSince(slot, cursor);
  if (!window.isVisible(slot)) return isChanged && isAskedFor(window, slot, filter);
  if (filter.finalOnly && !window.isFinal(slot)) return false;
  return (everyRow || isChanged) && isAskedFor(window, slot, filter);
}

/** Looks at the text last: of most slots, something cheaper says that they are not told. */
function isAskedFor(window: WindowRows, slot: number, { group }: RowFilter): boolean {
  return group === null || 'only' in group || group.matches(window.group(slot));
}

/** The slots among which those of the filter are; `to` null: all there are, those that come meanwhile, too. */
function slotsOf(window: WindowRows, group: GroupFilter | null): { readonly from: number; readonly to: number | null } {
  if (group === null || !('only' in group)) return { from: 0, to: null };
  const slot = window.slotOf(group.only);
  return slot === undefined ? { from: 0, to: 0 } : { from: slot, to: slot + 1 };
}

/** The same in the order of their groups. */
function slotsInOrder(window: WindowRows, group: GroupFilter | null): Uint32Array {
  const { from, to } = slotsOf(window, group);
  return to === null ? window.inGroupOrder() : Uint32Array.from({ length: to - from }, () => from);
}

function windowsOf(metric: MetricRows, filter: RowFilter): readonly WindowRows[] {
  if (filter.newestWindows === null) return metric.between(filter.fromMs, filter.toMs);
  return metric.newest(filter.newestWindows, filter.fromMs, filter.toMs);
}

function passes(window: WindowRows, slot: number, filter: RowFilter): boolean {
  if (filter.finalOnly ? !window.isFinal(slot) : !window.isVisible(slot)) return false;
  return isAskedFor(window, slot, filter);
}

/** Index in `order` of the first group greater than `group`. */
function indexBehind(window: WindowRows, order: Uint32Array, group: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareGroups(window.group(order[middle]!), group) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
