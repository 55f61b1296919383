import { compareBytes } from '../../expression/compare-bytes';
import type { MetricPlan } from '../plan/metric-plan';
import type { ClosedWindow, ResultBlock } from '../output';
import { ResultBuilder } from '../results/result-builder';
import { RunningWindow } from '../results/running-window';
import type { Session, SessionState } from './session-state';
import type { Slice } from '../slices/slice';
import { SliceMerger } from '../slices/slice-merger';
import { WindowValues } from '../results/window-values';

/** Closes the sessions of one metric: puts together what the slices of each have. */
export class SessionCloser {
  private readonly results: ResultBuilder;
  private readonly values: WindowValues;
  private readonly merger: SliceMerger;
  private readonly sums: RunningWindow;

  constructor(private readonly state: SessionState) {
    const plan: MetricPlan = state.plan;
    this.results = new ResultBuilder(plan);
    this.values = new WindowValues(plan, state.topMembers);
    this.merger = new SliceMerger(plan);
    this.sums = new RunningWindow(plan);
  }

  /** Closes every session that a watermark closes; returns those that are told, by begin, then by group. */
  close(watermarkMs: number, revision: number): ClosedWindow[] {
    const { state } = this;
    const told: ClosedWindow[] = [];
    while (state.timers.nextMs <= watermarkMs) {
      const slot = state.timers.takeNext();
      let session = state.oldestSession(slot);
      for (; session !== null && session.closesAtMs <= watermarkMs; session = state.oldestSession(slot)) {
        const closed = state.isTold(session.firstMs) ? this.closed(slot, session, revision) : null;
        if (closed) told.push(closed);
        state.close(slot, session);
      }
      if (session !== null) state.timers.advance(slot, session.closesAtMs);
    }
    return told.sort((a, b) => a.startMs - b.startMs || compareGroups(a, b));
  }

  /** Null when the session does not satisfy `having`. */
  private closed(slot: number, session: Session, revision: number): ClosedWindow | null {
    const { state, values, merger, sums } = this;
    const { metric } = state.plan;
    const key = state.groups.key(slot);
    values.clear();
    sums.clear();
    const row = values.add(slot);
    for (let index = session.fromSlice; index <= session.toSlice; index++) {
      const slice = state.slices.get(index) as Slice;
      sums.shiftEntry(slice, slice.find(key), 0, 1);
    }
    sums.read(0, values.numbers, 0);
    if (merger.isNeeded) {
      for (let index = session.fromSlice; index <= session.toSlice; index++) {
        const slice = state.slices.get(index) as Slice;
        merger.merge(values, row, slice, slice.find(key));
      }
    }
    const bounds = { startMs: session.firstMs, endMs: session.endMs };
    const results = this.results.build(values, { ...bounds, final: true, revision }, state.writeKey, null);
    return results && { metric, ...bounds, results, part: null };
  }
}

/** Sessions have one group each. */
function compareGroups(a: ClosedWindow, b: ClosedWindow): number {
  const left = (a.results as ResultBlock).groups.bytes;
  const right = (b.results as ResultBlock).groups.bytes;
  return compareBytes(left, 0, left.length, right, 0, right.length);
}
