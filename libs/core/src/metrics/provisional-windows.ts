import { grownDoubles } from '../windowing/grow';
import { firstSliceOf, newestWindowOf, oldestWindowOf, sliceBehind } from '../windowing/sliced-windows';
import type { MetricState } from './metric-state';
import type { PartBlock, ResultBlock } from './output';
import { encodePart } from './merge/part-codec';
import type { ResultBuilder } from './results/result-builder';
import { RunningWindow } from './results/running-window';
import type { Slice } from './slices/slice';
import { SliceMerger } from './slices/slice-merger';
import { WindowValues } from './results/window-values';

/** Windows from `from` to `to` in which a group has changed. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Tells what open windows hold so far, for the groups that have changed since it was last asked. */
export class ProvisionalWindows {
  /** A window that moves over the slices of one group at a time. */
  private readonly moving: RunningWindow;
  private readonly merger: SliceMerger;
  private counted = new Float64Array(0);

  constructor(
    private readonly state: MetricState,
    private readonly results: ResultBuilder,
  ) {
    this.moving = new RunningWindow(state.plan);
    this.merger = new SliceMerger(state.plan);
  }

  /** Has no group of an open window changed? */
  isEmpty(): boolean {
    const { slices, firstTold, lastTold, plan } = this.state;
    for (const { index, changed } of slices.values()) {
      if (changed.length === 0) continue;
      if (newestWindowOf(plan.windows, index) >= firstTold && oldestWindowOf(plan.windows, index) <= lastTold)
        return false;
    }
    return true;
  }

  take(revision: number): { results: ResultBlock[]; parts: PartBlock[] } {
    const { state } = this;
    const { metric } = state.plan;
    const changed = new Map<number, Stretch[]>();
    this.eachStretch((slot, stretch) => {
      const stretches = changed.get(slot);
      if (stretches) stretches.push(stretch);
      else changed.set(slot, [stretch]);
    });
    for (const slice of state.slices.values()) slice.clearChanged();

    const results: ResultBlock[] = [];
    const parts: PartBlock[] = [];
    for (const [window, values] of this.valuesOf(changed)) {
      if (!metric.local) {
        const part = encodePart(values, window, false, revision, state.writeKey);
        // The share of a total says from when on it counts.
        parts.push({ ...part, startMs: Math.max(part.startMs, state.countedFromMs) });
      } else {
        const sent = state.sent?.of(window) ?? null;
        const head = { startMs: state.startOf(window), endMs: state.endOf(window), final: false, revision };
        const block = this.results.build(values, head, state.writeKey, sent);
        if (block) results.push(block);
      }
    }
    return { results, parts };
  }

  /** Each changed group with the open windows that hold its changed slices, none twice and oldest first. */
  private eachStretch(visit: (slot: number, stretch: Stretch) => void): void {
    const { state } = this;
    const touched = state.sortedSlices().filter(({ changed }) => changed.length > 0);
    this.counted = grownDoubles(this.counted, state.groups.limit);
    this.counted.fill(-Infinity);
    for (const slice of touched) {
      const oldest = Math.max(state.firstTold, oldestWindowOf(state.plan.windows, slice.index));
      for (let i = 0; i < slice.changed.length; i++) {
        const slot = slice.slots[slice.changed.at(i)] as number;
        const from = Math.max(oldest, (this.counted[slot] as number) + 1);
        const to = Math.min(newestWindowOf(state.plan.windows, slice.index), state.lastTold);
        if (from > to) continue;
        this.counted[slot] = to;
        visit(slot, { from, to });
      }
    }
  }

  /** Values of the changed groups, by window, oldest first. */
  private valuesOf(changed: ReadonlyMap<number, readonly Stretch[]>): [number, WindowValues][] {
    const { plan } = this.state;
    const live = this.state.sortedSlices();
    const byWindow = new Map<number, WindowValues>();
    for (const [slot, stretches] of changed) {
      const key = this.state.groups.key(slot);
      const own = live.flatMap((slice) => {
        const entry = slice.find(key);
        return entry < 0 ? [] : [{ slice, entry }];
      });
      this.fillGroup(slot, own, stretches, (window) => {
        let values = byWindow.get(window);
        if (!values) {
          values = new WindowValues(plan, this.state.topMembers);
          byWindow.set(window, values);
        }
        return values;
      });
    }
    return [...byWindow].sort(([a], [b]) => a - b);
  }

  private fillGroup(
    slot: number,
    own: readonly { readonly slice: Slice; readonly entry: number }[],
    stretches: readonly Stretch[],
    valuesAt: (window: number) => WindowValues,
  ): void {
    const { state, moving, merger } = this;
    const { windows, windowWidth } = state.plan;
    const distinct = new DistinctWalk(state, slot, own[0]?.slice.index ?? 0);
    moving.clear();
    let oldest = 0; // own[oldest, newest) are in the window
    let newest = 0;
    for (const { from, to } of stretches) {
      for (let window = from; window <= to; window++) {
        for (let next = own[newest]; next && next.slice.index < sliceBehind(windows, window); next = own[++newest]) {
          moving.shiftEntry(next.slice, next.entry, 0, 1);
        }
        for (let last = own[oldest]; last && last.slice.index < firstSliceOf(windows, window); last = own[++oldest]) {
          moving.shiftEntry(last.slice, last.entry, 0, -1);
        }
        const values = valuesAt(window);
        const row = values.add(slot);
        moving.read(0, values.numbers, row * windowWidth);
        distinct.write(window, values.numbers, row * windowWidth);
        if (!merger.isNeeded) continue;
        for (const { slice, entry } of own.slice(oldest, newest)) merger.merge(values, row, slice, entry);
      }
    }
  }
}

/** The distinct counts of one group from window to window. */
class DistinctWalk {
  private window: number;
  private readonly totals: number[];

  constructor(
    private readonly state: MetricState,
    private readonly slot: number,
    oldestSlice: number,
  ) {
    const before = oldestWindowOf(state.plan.windows, oldestSlice) - 1;
    this.window = Math.max(state.firstOpen, before);
    // Before the first window is closed no total is kept: everything is still steps.
    this.totals = state.distincts.map(({ counter, count }) =>
      state.firstOpen >= before ? counter.total(slot, count) : 0,
    );
  }

  /** Moves on to a window and writes its counts into a group's numbers. */
  write(window: number, numbers: Float64Array, at: number): void {
    const { state, slot, totals } = this;
    state.distincts.forEach(({ part, counter, count }, d) => {
      for (let next = this.window + 1; next <= window; next++) {
        totals[d] = (totals[d] as number) + counter.step(next, slot, count);
      }
      numbers[at + part.at] = totals[d] as number;
    });
    this.window = window;
  }
}
