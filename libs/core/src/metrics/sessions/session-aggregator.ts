import { sliceStart } from '../../windowing/sliced-windows';
import { grownBytes, grownInts } from '../../windowing/grow';
import { accumulate } from '../slices/accumulate';
import type { LateCounts } from '../late-counts';
import type { Intake, PartitionMetric } from '../partition-metric';
import type { SavedPiece } from '../checkpoint/metric-checkpoint';
import type { SessionCheckpoint } from './session-checkpoint';
import { SessionCloser } from './session-closer';
import type { SessionState } from './session-state';

/** Sessions are told when they are over: until then they may grow, move their begin and become one. */
const NOTHING_PROVISIONAL = { isEmpty: () => true, take: () => ({ results: [], parts: [] }) };

/**
 * A metric of sessions over one partition. A row is late when the watermark before its record is more than the gap ahead
 * of it, or when it is no more than the gap behind the end of its group's newest closed session. What it belongs to otherwise is
 * found out when the watermark passes.
 */
export class SessionAggregator implements PartitionMetric {
  readonly provisional = NOTHING_PROVISIONAL;
  toldNext = 0;
  private readonly closer: SessionCloser;
  /** By row of the batch: 1 where it is taken. */
  private taken = new Uint8Array(0);
  private kept = new Int32Array(0);
  private entries = new Int32Array(0);
  private startedMs = -Infinity;

  constructor(
    readonly state: SessionState,
    readonly late: LateCounts,
    readonly checkpoint: SessionCheckpoint,
  ) {
    this.closer = new SessionCloser(state);
  }

  /** Applies the rest of a batch in runs. A run ends with the first record behind which some session may be closed. */
  apply(intake: Intake): void {
    const { view, firstRecord, closed } = intake;
    const { records, rows } = view.batch;
    const { state } = this;
    this.taken = grownBytes(this.taken, rows);
    for (let record = firstRecord; record < records.count;) {
      const end = this.take(intake, record);
      this.applyRows(intake, view.rowStarts[record] as number, view.rowStarts[end] as number);
      const watermarkMs = this.watermarkOf(records.inputAfterMs[end - 1] as number);
      if (state.timers.nextMs <= watermarkMs) {
        const revision = (records.offsets[end - 1] as number) + 1;
        for (const session of this.closer.close(watermarkMs, revision)) {
          closed.push({ record: end - 1, order: state.plan.order, window: session.startMs, closed: session });
        }
      }
      record = end;
    }
    const lastMs = this.watermarkOf(records.inputAfterMs[records.count - 1] as number);
    for (const slice of state.dropPast(lastMs)) this.checkpoint.forgetSlice(slice);
  }

  start(inputMs: number): void {
    this.startedMs = this.watermarkOf(inputMs);
  }

  restore(pieces: readonly SavedPiece[]): void {
    this.checkpoint.restore(pieces);
    // What the watermark had closed was told. A store that was interrupted may still have some of it.
    this.closer.close(this.startedMs, 0);
    for (const slice of this.state.dropPast(this.startedMs)) this.checkpoint.forgetSlice(slice);
    for (const slice of this.state.slices.values()) slice.clearUnsaved();
  }

  watermarkOf(inputMs: number): number {
    return inputMs - this.state.plan.metric.outOfOrdernessMs;
  }

  openUntilMs(): number {
    const { plan, part, slices } = this.state;
    let until = -Infinity;
    for (const index of slices.keys()) until = Math.max(until, sliceStart(plan.windows, index + 3));
    return slices.size === 0 ? until : until + plan.metric.outOfOrdernessMs + part.gapMs;
  }

  /** Decides which rows from a record on are taken, up to the end of the run; returns the record behind it. */
  private take(intake: Intake, from: number): number {
    const { view, firstRecord, inputBeforeMs } = intake;
    const { state, taken } = this;
    const { inputAfterMs, count } = view.batch.records;
    const { gapMs } = state.part;
    const { times } = view;
    const mask = view.mask(state.plan.condition);
    const present = view.keyPresence();
    let closesAtMs = state.timers.nextMs;
    for (let record = from; record < count; record++) {
      const inputMs = record === firstRecord ? inputBeforeMs : (inputAfterMs[record - 1] as number);
      const oldestMs = this.watermarkOf(inputMs) - gapMs;
      const end = view.rowStarts[record + 1] as number;
      for (let row = view.rowStarts[record] as number; row < end; row++) {
        taken[row] = 0;
        const timeMs = times[row] as number;
        if (present[row] === 0 || (mask !== null && mask[row] === 0) || Number.isNaN(timeMs)) continue;
        if (timeMs < oldestMs) {
          // It would have been, or begun, a session of its own.
          this.noteLate(intake, row, timeMs, oldestMs + gapMs);
          continue;
        }
        taken[row] = 1;
        closesAtMs = Math.min(closesAtMs, timeMs + gapMs + 1);
      }
      if (this.watermarkOf(inputAfterMs[record] as number) >= closesAtMs) return record + 1;
    }
    return count;
  }

  private applyRows(intake: Intake, from: number, to: number): void {
    if (from === to) return;
    const { view, sorter } = intake;
    sorter.sort(this.state.plan.windows, view.times, this.taken, null, from, to);
    sorter.slices.forEach((slice, i) => {
      this.applySlice(intake, slice, sorter.starts[i] as number, sorter.starts[i + 1] as number);
    });
  }

  private applySlice(intake: Intake, index: number, from: number, to: number): void {
    const { view, sorter } = intake;
    const { state } = this;
    const { space } = state;
    space.resolve(sorter.rows, from, to, null);
    const count = this.keep(intake, from, to);
    if (count === 0) return;
    const slice = state.slice(index);
    this.entries = grownInts(this.entries, count);
    const { kept, entries } = this;
    const run = { view, rows: kept, from: 0, to: count, entries };
    slice.locate(run, space.ids, state.groups);
    const { times } = view;
    for (let i = 0; i < count; i++) state.noteTime(slice, entries[i] as number, times[kept[i] as number] as number);
    accumulate(slice, run);
    for (let i = 0; i < count; i++) state.setTimer(slice, entries[i] as number);
  }

  /** The rows of rows[from, to) whose sessions are not closed; returns how many. */
  private keep(intake: Intake, from: number, to: number): number {
    const { view, sorter, firstRecord, inputBeforeMs } = intake;
    const { state } = this;
    const { ids } = state.space;
    const { times } = view;
    this.kept = grownInts(this.kept, to - from);
    let count = 0;
    for (let i = from; i < to; i++) {
      const row = sorter.rows[i] as number;
      const missedMs = state.missedBy(ids[row] as number, times[row] as number);
      if (Number.isNaN(missedMs)) {
        this.kept[count++] = row;
        continue;
      }
      const record = view.recordOf(row);
      const inputMs = record === firstRecord ? inputBeforeMs : (view.batch.records.inputAfterMs[record - 1] as number);
      const watermarkMs = this.watermarkOf(inputMs);
      if (!state.isTold(missedMs) || watermarkMs >= state.runsOutMs) continue;
      this.late.add(missedMs, view.batch.records.offsets[record] as number, watermarkMs);
      this.noteLate(intake, row, missedMs, watermarkMs);
    }
    return count;
  }

  private noteLate({ view, ledger }: Intake, row: number, missedMs: number, watermarkMs: number): void {
    const { plan, span, runsOutMs } = this.state;
    if (missedMs < span.fromMs || missedMs >= span.untilMs || watermarkMs >= runsOutMs) return;
    ledger.note(view, row, plan, [missedMs], watermarkMs);
  }
}
