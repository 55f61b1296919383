import type { MetricDefinition } from './definition';
import type { ItemValues } from './measures/item-values';

/**
 * Byte strings laid end to end: item i is bytes[offsets[i], offsets[i + 1]). `offsets` has count + 1 entries.
 * Blocks are shared, not copied: treat them as immutable once handed out.
 */
export interface ByteStrings {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Values of one measure for the groups of a block. */
export type MeasureColumn =
  | { readonly kind: 'number'; readonly type: 'int' | 'double' | 'money' | 'timestamp'; readonly values: Float64Array }
  /** Averages of money: decimal text, 6 digits, half even; null where there is nothing to average. */
  | { readonly kind: 'decimal'; readonly texts: readonly (string | null)[] }
  | {
      /** A value of any type. */
      readonly kind: 'value';
      readonly items: ItemValues;
      /** By group: its item, -1 for null. */
      readonly at: Int32Array;
    }
  | {
      readonly kind: 'list';
      /** Items of all groups; those of the group at i are items[starts[i], starts[i + 1]). */
      readonly items: ItemValues;
      readonly starts: Uint32Array;
    }
  | {
      /** Values with their amounts, the largest first. */
      readonly kind: 'ranking';
      readonly items: ItemValues;
      /** By item; NaN where it is beyond what is exact. */
      readonly amounts: Float64Array;
      readonly amountType: 'int' | 'double' | 'money' | 'timestamp';
      /** As of a list. */
      readonly starts: Uint32Array;
    };

/** Results of one metric and window for some groups; in a number column NaN is null. */
export interface ResultBlock {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  readonly final: boolean;
  /** Raw position that this content is a function of: raw offset + 1 (merged: the sum over partitions). */
  readonly revision: number;
  /** Group keys as encoded by `encodeGroupKey`; one empty key for a metric without groupBy. */
  readonly groups: ByteStrings;
  /** In the order of metric.measures. */
  readonly measures: readonly MeasureColumn[];
  /** 1: the group was sent before and no longer satisfies `having`. Null: none. Never in a final block. */
  readonly retracted: Uint8Array | null;
  /** 1: a bounded measure left values out. Null: none. */
  readonly truncated: Uint8Array | null;
}

/** One partition's share of a window of a merged metric. */
export interface PartBlock {
  /** MetricDefinition.identity */
  readonly metric: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Immutable: the window is closed in this partition. */
  readonly frozen: boolean;
  readonly revision: number;
  readonly groups: ByteStrings;
  /** Accumulators of the group at the same index, in the metric's own binary form. */
  readonly accumulators: ByteStrings;
}

/** What a partition's closing of one window leaves behind. */
export interface ClosedWindow {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  /** Local metrics: the final rows (having applied), null when the window had none. */
  readonly results: ResultBlock | null;
  /** Merged metrics: the frozen part, null when the partition has no rows in the window. */
  readonly part: PartBlock | null;
}

/** A row that missed windows of one metric; it counted in those still open. */
export interface LateRow {
  readonly metric: MetricDefinition;
  readonly rawOffset: number;
  readonly index: number;
  /** Starts of the windows it missed, ascending. */
  readonly missedStartsMs: readonly number[];
  /** How far the newest window that could hold it had been closed: watermark − event time. */
  readonly latenessMs: number;
  /** The row's fields as one JSON object, keys in order of declaration, nulls left out. */
  readonly json: string;
}

/** Rows that a window of this partition has missed so far; an upsert of its own, so that finals stay immutable. */
export interface LateCount {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  /** Raw offset + 1 of the last late row counted. */
  readonly revision: number;
}
