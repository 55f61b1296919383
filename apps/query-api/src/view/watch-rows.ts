import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@tillstream/engine';
import { hasReached, type Positions } from './positions';
import type { ResultView } from './result-view';
import { changedRows, type Pass, type RowFilter, type RowRef } from './row-query';

/** Some of what a watcher is to be told. Rows are references: read them before asking for the next step. */
export interface WatchStep {
  /** A snapshot begins: what was told before is void. */
  readonly snapshot: boolean;
  readonly rows: readonly RowRef[];
  /** Set when the watcher is up to date, with the positions it is up to date with. */
  readonly positions: Positions | null;
}

export interface Watch {
  /** Identity of the metric. */
  readonly metric: string;
  readonly filter: RowFilter;
  /** Where an earlier watch stopped; null: begin with a snapshot. */
  readonly resumeAt: Positions | null;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface WatchPace {
  readonly clock: Clock;
  /** At least so long between two passes over the changes. */
  readonly everyMs: number;
  /** When nothing that is watched changes, but something else does: tell the positions so often. */
  readonly positionsEveryMs: number;
}

/** A step holds at most so many rows, and is full when their text is this long. */
const ROWS_PER_STEP = 500;
const BYTES_PER_STEP = 64 * 1024;

/**
 * Tells a watcher what stands and what changes. Nothing is queued for it: each pass compares the view with the positions
 * of the last one, so a watcher that is slow gets the latest of each row, and one that stands still costs nothing.
 *
 * Guarantee: whoever has taken all steps up to one with positions holds the rows of the view at those positions, or newer
 * ones; a watch resumed there, on any replica, tells every row that has changed since.
 */
export async function* watchRows(view: ResultView, watch: Watch, pace: WatchPace): AsyncGenerator<WatchStep> {
  const { metric, filter, signal } = watch;
  let cursor = watch.resumeAt;
  let windowsBefore: ReadonlySet<number> | null = null;
  let toldAtMs = -Infinity;
  if (cursor) await reach(view, cursor, signal);
  while (!signal.aborted) {
    // 1. What is told now is what stands at these positions, or newer.
    const positions = view.positions;
    if (cursor && view.hasForgottenSince(metric, cursor)) cursor = null;
    const pass: Pass = { cursor, windowsBefore, windows: new Set(), interrupted: false };

    // 2. Full steps as they fill, while the reader takes them.
    let snapshot = cursor === null;
    let step = new StepBuilder();
    for (const row of changedRows(view.metric(metric), filter, pass)) {
      if (row) step.add(row);
      else await nextTurn();
      if (signal.aborted) return;
      if (!step.isFull) continue;
      yield { snapshot, rows: step.rows, positions: null };
      snapshot = false;
      step = new StepBuilder();
    }

    // 3. The rest, with the positions. Not if there is nothing to say: others' changes wake this watch too.
    const isDue = pace.clock.monotonicMs() - toldAtMs >= pace.positionsEveryMs;
    if (pass.interrupted) {
      cursor = null;
      continue;
    }
    if (snapshot || step.rows.length > 0 || isDue) {
      yield { snapshot, rows: step.rows, positions };
      toldAtMs = pace.clock.monotonicMs();
    }

    // 4. Wait for more.
    cursor = positions;
    if (filter.newestWindows !== null) windowsBefore = pass.windows;
    await pace.clock.sleep(pace.everyMs);
    if (hasReached(cursor, view.positions)) await view.changes.next(signal);
  }
}

class StepBuilder {
  readonly rows: RowRef[] = [];
  private bytes = 0;

  get isFull(): boolean {
    return this.rows.length >= ROWS_PER_STEP || this.bytes >= BYTES_PER_STEP;
  }

  add(row: RowRef): void {
    this.rows.push(row);
    this.bytes += row.window.textBytes(row.slot);
  }
}

/** Waits until the view has applied everything below `positions`. */
async function reach(view: ResultView, positions: Positions, signal: AbortSignal): Promise<void> {
  while (!hasReached(view.positions, positions) && !signal.aborted) await view.changes.next(signal);
}
