import type { BatchView } from './slices/batch-view';
import type { LateCounts } from './late-counts';
import type { LateLedger } from './late-ledger';
import type { SavedPiece } from './checkpoint/metric-checkpoint';
import type { MetricPlan } from './plan/metric-plan';
import type { MetricSpan } from './metric-span';
import type { ClosedWindow, PartBlock, ResultBlock } from './output';
import type { Slice } from './slices/slice';
import type { SliceSorter } from './slices/slice-sorter';

/** A window closed by the record at index `record` of the batch. */
export interface ClosedAt {
  readonly record: number;
  readonly order: number;
  /** Its number, or any other that orders the windows that a record closes. */
  readonly window: number;
  readonly closed: ClosedWindow;
}

/** What the metrics of a partition share while they take in a batch. */
export interface Intake {
  readonly view: BatchView;
  readonly sorter: SliceSorter;
  readonly ledger: LateLedger;
  readonly closed: ClosedAt[];
  /** First record not yet applied, and the watermark input before it. */
  readonly firstRecord: number;
  readonly inputBeforeMs: number;
}

/** One metric over one partition, whatever its windows are. */
export interface PartitionMetric {
  readonly state: {
    readonly plan: MetricPlan;
    readonly span: MetricSpan;
    readonly completeFromMs: number;
    /** A watermark here has closed all windows that the metric has whole: a retired metric takes no note of late rows any more. */
    readonly runsOutMs: number;
    readonly slices: ReadonlyMap<number, Slice>;
    readonly groups: { readonly size: number };
    /** Of distinct members. */
    readonly counters: readonly { readonly size: number; readonly stepCount: number }[];
  };
  readonly late: LateCounts;
  readonly checkpoint: { unsavedBytes(): number; save(watermarkMs: number): void };
  readonly provisional: {
    isEmpty(): boolean;
    take(revision: number): { results: ResultBlock[]; parts: PartBlock[] };
  };
  /** Raw position up to which everything that has changed in open windows was told. */
  toldNext: number;
  /** Takes up an empty or restored state at a watermark input. */
  start(inputMs: number): void;
  /** Applies the rest of a batch. */
  apply(intake: Intake): void;
  watermarkOf(inputMs: number): number;
  /** The watermark input at which everything open will be closed; -Infinity when nothing is open. */
  openUntilMs(): number;
  /** Takes over saved pieces, by their names without the identity, in the order they were written. */
  restore(pieces: readonly SavedPiece[]): void;
}
