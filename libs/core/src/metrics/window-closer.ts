import { grownInts } from '../windowing/grow';
import { firstSliceOf, oldestWindowOf, sliceBehind } from '../windowing/sliced-windows';
import type { MetricState } from './metric-state';
import type { ClosedWindow } from './output';
import { encodePart } from './merge/part-codec';
import type { ResultBuilder } from './results/result-builder';
import type { Slice } from './slices/slice';
import { SliceMerger } from './slices/slice-merger';
import { WindowValues } from './results/window-values';

/** Is told what need not be kept any more. */
export interface Forgetting {
  forgetSlice(slice: number): void;
  forgetWindow(window: number): void;
}

/**
 * Closes the windows of one metric, oldest first. From each window to the next it adds the slices of one hop and subtracts those of one, so a
 * row costs the same however many windows hold it.
 */
export class WindowCloser {
  private readonly values: WindowValues;
  private readonly merger: SliceMerger;
  /** Row of each group slot in the values of the window at hand. */
  private rowOfSlot = new Int32Array(0);

  constructor(
    private readonly state: MetricState,
    private readonly results: ResultBuilder,
    private readonly forgetting: Forgetting,
  ) {
    this.values = new WindowValues(state.plan, state.topMembers);
    this.merger = new SliceMerger(state.plan);
  }

  /** Closes every window below `firstOpen`; tells those that hold rows. */
  close(firstOpen: number, revision: number, tell: (window: number, closed: ClosedWindow) => void): void {
    const { state } = this;
    const { windows } = state.plan;
    const live = state.sortedSlices();
    let oldest = 0; // in `live`: the first slice not dropped
    let window = state.firstOpen;
    while (oldest < live.length) {
      const next = live[oldest] as Slice;
      // Windows without rows are passed over at once: the next row may lie years ahead.
      window = Math.max(window, oldestWindowOf(windows, next.index));
      if (window >= firstOpen) break;
      this.enter(window);
      const behind = sliceBehind(windows, window);
      for (let index = behind - windows.perHop; index < behind; index++) {
        const newest = state.slices.get(index);
        if (newest) state.running.shift(newest, 1);
      }
      const closed = state.isTold(window) ? this.closed(window, revision, live, oldest) : null;
      if (closed) tell(window, closed);
      state.sent?.drop(window);
      this.forgetting.forgetWindow(window);
      this.enter(window + 1);
      for (window++; (live[oldest]?.index ?? Infinity) < firstSliceOf(windows, window); oldest++) {
        const last = live[oldest] as Slice;
        state.running.shift(last, -1);
        state.drop(last);
        this.forgetting.forgetSlice(last.index);
      }
      state.firstOpen = window;
    }
    this.enter(firstOpen);
    state.firstOpen = firstOpen;
  }

  private enter(window: number): void {
    for (const counter of this.state.counters) counter.enter(window);
  }

  private closed(window: number, revision: number, live: readonly Slice[], oldest: number): ClosedWindow {
    const { state, values } = this;
    const { metric } = state.plan;
    this.fill(window, live, oldest);
    const bounds = { startMs: state.startOf(window), endMs: state.endOf(window) };
    const results = metric.local
      ? this.results.build(values, { ...bounds, final: true, revision }, state.writeKey, null)
      : null;
    const part = metric.local ? null : encodePart(values, window, true, revision, state.writeKey);
    return { metric, ...bounds, results, part };
  }

  /** Values of all groups that have rows in the window. */
  private fill(window: number, live: readonly Slice[], oldest: number): void {
    const { state, values, merger } = this;
    const { windowWidth, windows } = state.plan;
    const { limit } = state.groups;
    values.clear();
    this.rowOfSlot = grownInts(this.rowOfSlot, limit);
    for (let slot = 0; slot < limit; slot++) {
      if (state.running.rows(slot) === 0) continue;
      const row = values.add(slot);
      this.rowOfSlot[slot] = row;
      state.running.read(slot, values.numbers, row * windowWidth);
      for (const { part, counter, count } of state.distincts) {
        values.numbers[row * windowWidth + part.at] = counter.total(slot, count);
      }
    }
    if (!merger.isNeeded) return;
    for (let i = oldest; i < live.length; i++) {
      const slice = live[i] as Slice;
      if (slice.index >= sliceBehind(windows, window)) break;
      for (let entry = 0; entry < slice.count; entry++) {
        merger.merge(values, this.rowOfSlot[slice.slots[entry] as number] as number, slice, entry);
      }
    }
  }
}
