import { grownBytes, grownInts } from '../windowing/grow';
import { firstOpenWindow, newestWindowOf, oldestWindowOf } from '../windowing/sliced-windows';
import { accumulate } from './slices/accumulate';
import type { BatchView } from './slices/batch-view';
import type { LateCounts } from './late-counts';
import type { MetricCheckpoint, SavedPiece } from './checkpoint/metric-checkpoint';
import type { MetricState } from './metric-state';
import type { Intake, PartitionMetric } from './partition-metric';
import { ProvisionalWindows } from './provisional-windows';
import { ResultBuilder } from './results/result-builder';
import type { RowRun } from './slices/row-run';
import type { Slice } from './slices/slice';
import { WindowCloser } from './window-closer';

/**
 * One metric over one partition: judges rows by the watermark as it stood before their record, adds them to their
 * slices, and closes windows at the record that passes their end.
 */
export class MetricAggregator implements PartitionMetric {
  readonly provisional: ProvisionalWindows;
  /** Raw position up to which everything that has changed in open windows was told. */
  toldNext = 0;
  private readonly closer: WindowCloser;
  private entries = new Int32Array(0);
  private mask = new Uint8Array(0);

  constructor(
    readonly state: MetricState,
    readonly late: LateCounts,
    readonly checkpoint: MetricCheckpoint,
  ) {
    const results = new ResultBuilder(state.plan);
    this.closer = new WindowCloser(state, results, checkpoint);
    this.provisional = new ProvisionalWindows(state, results);
  }

  /**
   * Applies the rest of a batch in runs. A run ends with a record that closes windows: within it the same windows are
   * open for every row, so it is worked off column by column however small its records are.
   */
  apply(intake: Intake): void {
    const { view, firstRecord } = intake;
    const { records } = view.batch;
    let record = firstRecord;
    while (record < records.count) {
      const closing = this.firstClosing(records.inputAfterMs, record, records.count);
      const end = Math.min(closing + 1, records.count);
      this.applyRows(intake, view.rowStarts[record] as number, view.rowStarts[end] as number);
      if (closing < records.count) {
        this.close(intake, closing, records.inputAfterMs[closing] as number, records.offsets[closing] as number);
      }
      record = end;
    }
  }

  /** Takes up an empty or restored state at a watermark input. */
  start(inputMs: number): void {
    const firstOpen = firstOpenWindow(this.state.plan.windows, this.watermarkOf(inputMs));
    this.state.firstOpen = firstOpen;
    for (const counter of this.state.counters) counter.enter(firstOpen);
  }

  restore(pieces: readonly SavedPiece[]): void {
    this.checkpoint.restore(pieces, this.toldNext);
  }

  openUntilMs(): number {
    const { state } = this;
    const { windows, metric } = state.plan;
    let until = -Infinity;
    for (const slice of state.slices.keys()) until = Math.max(until, state.endOf(newestWindowOf(windows, slice)));
    return until + metric.outOfOrdernessMs;
  }

  watermarkOf(inputMs: number): number {
    return inputMs - this.state.plan.metric.outOfOrdernessMs;
  }

  /** Index of the first record from `from` on behind which another window is closed; `count` for none. */
  private firstClosing(inputAfterMs: Float64Array, from: number, count: number): number {
    const { firstOpen, plan } = this.state;
    const closesAtMs = this.state.endOf(firstOpen) + plan.metric.outOfOrdernessMs;
    let low = from;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const input = inputAfterMs[middle] as number;
      if (input >= closesAtMs && input !== -Infinity) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private close({ closed }: Intake, record: number, inputMs: number, offset: number): void {
    const { windows, order } = this.state.plan;
    this.closer.close(firstOpenWindow(windows, this.watermarkOf(inputMs)), offset + 1, (window, result) => {
      closed.push({ record, order, window, closed: result });
    });
  }

  private applyRows(intake: Intake, from: number, to: number): void {
    if (from === to) return;
    const { view, sorter } = intake;
    const { plan } = this.state;
    const present = plan.metric.local ? view.keyPresence() : null;
    const mask = this.state.countedFromMs === -Infinity ? view.mask(plan.condition) : this.counted(view, from, to);
    sorter.sort(plan.windows, view.times, mask, present, from, to);
    this.entries = grownInts(this.entries, to - from);
    sorter.slices.forEach((slice, i) => {
      this.applySlice(intake, slice, sorter.starts[i] as number, sorter.starts[i + 1] as number);
    });
  }

  /** One byte a row of [from, to): 1 where the condition holds and the row is not older than what the total counts. */
  private counted(view: BatchView, from: number, to: number): Uint8Array {
    const { plan, countedFromMs } = this.state;
    const mask = view.mask(plan.condition);
    const { times } = view;
    this.mask = grownBytes(this.mask, to);
    for (let row = from; row < to; row++) {
      const holds = mask === null || mask[row] === 1;
      this.mask[row] = holds && (times[row] as number) >= countedFromMs ? 1 : 0;
    }
    return this.mask;
  }

  /** Rows [from, to) of the sorter, all of one slice, are late or not together. */
  private applySlice(intake: Intake, index: number, from: number, to: number): void {
    const { state } = this;
    const { plan, firstOpen } = state;
    const oldest = oldestWindowOf(plan.windows, index);
    const firstMissed = Math.max(oldest, state.firstSpanned);
    const newest = newestWindowOf(plan.windows, index);
    const lastMissed = Math.min(newest, firstOpen - 1, state.lastTold);
    if (firstMissed <= lastMissed) this.noteLate(intake, firstMissed, lastMissed, from, to);
    if (newest < firstOpen) return; // every window that could hold them is closed
    const { view, sorter } = intake;
    state.space.resolve(sorter.rows, from, to, null);
    const slice = state.slice(index);
    const run = { view, rows: sorter.rows, from, to, entries: this.entries };
    slice.locate(run, state.space.ids, state.groups);
    if (!state.isRunning(index)) {
      this.add(slice, run);
      return;
    }
    const touched = new Set(this.entries.subarray(from, to));
    for (const entry of touched) state.running.shiftEntry(slice, entry, slice.slots[entry] as number, -1);
    this.add(slice, run);
    for (const entry of touched) state.running.shiftEntry(slice, entry, slice.slots[entry] as number, 1);
  }

  private add(slice: Slice, run: RowRun): void {
    accumulate(slice, run);
    for (const { counter, part, count } of this.state.distincts) counter.add(slice, count, part.condition, run);
  }

  private noteLate(
    { view, sorter, ledger, firstRecord, inputBeforeMs }: Intake,
    first: number,
    last: number,
    from: number,
    to: number,
  ): void {
    const { inputAfterMs } = view.batch.records;
    const { plan, runsOutMs } = this.state;
    for (let i = from; i < to; i++) {
      const row = sorter.rows[i] as number;
      const record = view.recordOf(row);
      const input = record === firstRecord ? inputBeforeMs : (inputAfterMs[record - 1] as number);
      const watermarkMs = this.watermarkOf(input);
      if (watermarkMs < runsOutMs) ledger.add(view, row, plan, this.late, first, last, watermarkMs);
    }
  }
}
