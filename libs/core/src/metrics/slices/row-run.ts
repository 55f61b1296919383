import type { BatchView } from './batch-view';

/** Rows of a batch that are all of one slice. Made once for a slice and batch. */
export interface RowRun {
  readonly view: BatchView;
  /** The rows are rows[from, to); entries[from, to) are those of their groups in the slice. */
  readonly rows: Int32Array;
  readonly from: number;
  readonly to: number;
  readonly entries: Int32Array;
}
