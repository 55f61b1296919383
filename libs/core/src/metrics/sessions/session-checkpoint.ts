import { sliceAt, sliceStart } from '../../windowing/sliced-windows';
import { ByteReader } from '../checkpoint/byte-reader';
import type { DeltaBook } from '../slices/delta-book';
import type { LateCounts } from '../late-counts';
import type { SavedPiece } from '../checkpoint/metric-checkpoint';
import { LATE_BYTES, nameOf, saveLate, saveSlices } from '../checkpoint/metric-checkpoint';
import type { SessionState } from './session-state';
import { restoreSlice } from '../slices/slice-codec';

/** Writes and restores what a metric of sessions remembers: its slices, and what is left in them of closed sessions. */
export class SessionCheckpoint {
  constructor(
    private readonly state: SessionState,
    private readonly late: LateCounts,
    private readonly book: DeltaBook,
  ) {}

  /** About how many bytes `save` would write now. */
  unsavedBytes(): number {
    let bytes = this.late.unsavedCount * LATE_BYTES;
    for (const slice of this.state.slices.values()) bytes += slice.unsavedBytes;
    return bytes;
  }

  /** Writes everything that has changed since the last call; `watermarkMs` is the metric's. */
  save(watermarkMs: number): void {
    saveSlices(this.state, this.book);
    saveLate(this.state.plan, this.late, this.book, watermarkMs);
  }

  forgetSlice(slice: number): void {
    this.book.drop(nameOf(this.state.plan, 'slice', sliceStart(this.state.plan.windows, slice)));
  }

  /** @throws RangeError for a piece that this metric cannot have saved */
  restore(pieces: readonly SavedPiece[]): void {
    const { state, late } = this;
    const { windows, metric } = state.plan;
    for (const { slice: name, bytes } of pieces) {
      const [what, start] = name.split('/') as [string, string];
      const index = sliceAt(windows, Number(start));
      if (what === 'late') late.restore(new ByteReader(bytes));
      else if (what !== 'slice' || sliceStart(windows, index) !== Number(start)) {
        throw new RangeError(`${name} is nothing that ${metric.identity} has saved: it has sessions`);
      } else restoreSlice(state.slice(index), state, bytes);
    }
    state.readSlices();
  }
}
