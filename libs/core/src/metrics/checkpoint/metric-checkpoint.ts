import { newestWindowOf, sliceAt, sliceStart } from '../../windowing/sliced-windows';
import { ByteReader } from './byte-reader';
import type { DeltaBook, NamedBytes } from '../slices/delta-book';
import type { LateCounts } from '../late-counts';
import type { MetricPlan } from '../plan/metric-plan';
import type { MetricState } from '../metric-state';
import type { Slice } from '../slices/slice';
import type { SliceOwner } from '../slices/slice-codec';
import { encodeSlice, restoreSlice } from '../slices/slice-codec';

/** State is kept under `<metric identity>/<what>/<start ms>`. */
type What = 'slice' | 'sent' | 'late';

/** About how many bytes one group that was sent, or one window's late count, takes. */
const SENT_BYTES = 16;
export const LATE_BYTES = 16;

/** A piece of a task's state as it comes back from a checkpoint. */
export interface SavedPiece extends NamedBytes {
  /** Raw position of the checkpoint that it was written for; absent: not known. */
  readonly rawNext?: number;
}

/** Writes and restores what one metric remembers, slice by slice. */
export class MetricCheckpoint {
  constructor(
    private readonly state: MetricState,
    private readonly late: LateCounts,
    private readonly book: DeltaBook,
  ) {}

  /** About how many bytes `save` would write now. */
  unsavedBytes(): number {
    let bytes = this.late.unsavedCount * LATE_BYTES + (this.state.sent?.unsavedCount ?? 0) * SENT_BYTES;
    for (const slice of this.state.slices.values()) bytes += slice.unsavedBytes;
    return bytes;
  }

  /** Writes everything that has changed since the last call; `watermarkMs` is the metric's. */
  save(watermarkMs: number): void {
    saveSlices(this.state, this.book);
    this.saveSent();
    saveLate(this.state.plan, this.late, this.book, watermarkMs);
  }

  /** A slice that no open window holds need not be kept. */
  forgetSlice(slice: number): void {
    this.book.drop(this.nameOf('slice', sliceStart(this.state.plan.windows, slice)));
  }

  /** What was sent for a window that is closed need not be kept. */
  forgetWindow(window: number): void {
    this.book.drop(this.nameOf('sent', this.state.startOf(window)));
  }

  /**
   * Takes over saved pieces of this metric (by their names without the identity), in the order they were written.
   *
   * @param toldNext what rows before this raw position have changed need not be told again
   * @throws RangeError for a piece that this metric cannot have saved
   */
  restore(pieces: readonly SavedPiece[], toldNext: number): void {
    const { state, late } = this;
    const { windows } = state.plan;
    const sent: { readonly window: number; readonly bytes: Uint8Array }[] = [];
    for (const { slice: name, bytes, rawNext = Infinity } of pieces) {
      const [what, start] = name.split('/') as [What, string];
      const index = sliceAt(windows, Number(start));
      const newest = newestWindowOf(windows, index);
      if (what === 'late') late.restore(new ByteReader(bytes));
      else if (
        sliceStart(windows, index) !== Number(start) ||
        (what === 'sent' && state.startOf(newest) !== Number(start))
      ) {
        throw new RangeError(
          `${name} of ${state.plan.metric.identity} begins where none of its ${what === 'sent' ? 'window' : 'slice'}s does`,
        );
      } else if (newest < state.firstOpen) this.book.drop(this.nameOf(what, Number(start)));
      else if (what === 'sent') sent.push({ window: newest, bytes });
      else if (what === 'slice') {
        const slice = state.slice(index);
        const entries = restoreSlice(slice, state, bytes);
        if (rawNext > toldNext) for (const entry of entries) slice.touch(entry);
      }
    }
    for (const slice of state.slices.values()) {
      slice.clearUnsaved();
      if (state.isRunning(slice.index)) state.running.shift(slice, 1);
    }
    for (const { window, bytes } of sent) {
      state.sent?.restore(window, new ByteReader(bytes), (reader) => state.groups.find(state.space.read(reader)));
    }
  }

  private saveSent(): void {
    const { sent } = this.state;
    if (sent === null) return;
    for (const window of sent.unsavedWindows()) {
      const whole = () => sent.encode(window, 'all', this.state.writeKey);
      const liveBytes = sent.countOf(window) * SENT_BYTES;
      const name = this.nameOf('sent', this.state.startOf(window));
      this.book.write(name, sent.encode(window, 'changes', this.state.writeKey), liveBytes, whole);
    }
    sent.clearUnsaved();
  }

  private nameOf(what: What, startMs: number): string {
    return nameOf(this.state.plan, what, startMs);
  }
}

/** Name of a piece of a metric's state. */
export function nameOf({ metric }: MetricPlan, what: What, startMs: number): string {
  return `${metric.identity}/${what}/${startMs}`;
}

/** Writes what the checkpoint does not have of some slices. */
export function saveSlices(owner: SliceOwner & { readonly slices: ReadonlyMap<number, Slice> }, book: DeltaBook): void {
  for (const slice of owner.slices.values()) {
    if (!slice.isUnsaved) continue;
    const name = nameOf(owner.plan, 'slice', sliceStart(owner.plan.windows, slice.index));
    book.write(name, encodeSlice(slice, owner, 'changes'), slice.liveBytes, () => encodeSlice(slice, owner, 'all'));
    slice.clearUnsaved();
  }
}

/** Writes late counts that have changed, and forgets those that nothing can change any more. */
export function saveLate(plan: MetricPlan, late: LateCounts, book: DeltaBook, watermarkMs: number): void {
  for (const bucket of late.prune(watermarkMs)) book.drop(nameOf(plan, 'late', bucket));
  const all = late.buckets();
  for (const [bucket, windows] of late.unsavedBuckets()) {
    const members = all.get(bucket) ?? windows;
    const whole = () => late.encode(members);
    book.write(nameOf(plan, 'late', bucket), late.encode(windows), members.length * LATE_BYTES, whole);
  }
  late.clearUnsaved();
}

/** A name of state split into the metric's identity and the rest; null for a name of another kind. */
export function splitName(name: string): { readonly identity: string; readonly rest: string } | null {
  const match = /^(.*)\/((?:slice|sent|late)\/-?\d+)$/.exec(name);
  return match ? { identity: match[1] as string, rest: match[2] as string } : null;
}
