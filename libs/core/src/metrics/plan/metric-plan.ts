import type { FieldType, StreamSchema } from '../../stream/schema';
import type { SlicedWindows } from '../../windowing/sliced-windows';
import { LAST_RANK, REGISTERS } from '../measures/cardinality-sketch';
import type { Measure, MetricDefinition } from '../definition';
import { LAST_BUCKET } from '../measures/quantile-sketch';
import type { TallyKind } from '../measures/tallies';
import type { AmountKind } from '../measures/top-table';

/** Position of the number of rows that satisfy the metric's condition: a group without any has no result. */
export const ROWS = 0;

export interface CountPart {
  readonly kind: 'count';
  readonly condition: number;
  /** Where the number stands among a group's numbers. */
  readonly at: number;
}

/**
 * A sum at `at` and at `at + 1` how many values were added. An exact one is a rest with its carry at `at + 2`; a sum of
 * doubles that is no longer finite is NaN.
 */
export interface SumPart {
  readonly kind: 'sum';
  readonly field: number;
  /** Integers, added exactly; else doubles, whose sum depends on the order. */
  readonly exact: boolean;
  readonly condition: number;
  readonly at: number;
}

/** The smallest or largest value at `at`, NaN for none. */
export interface ExtremePart {
  readonly kind: 'min' | 'max';
  readonly field: number;
  readonly integers: boolean;
  readonly condition: number;
  readonly at: number;
}

/** Number, mean and squared distances of values from `at` on: see moments.ts. */
export interface MomentsPart {
  readonly kind: 'moments';
  readonly field: number;
  readonly condition: number;
  readonly at: number;
}

/**
 * The first or last value by event time: its time at `at`, NaN for none; at `at + 1` whether it was cut; the value itself is
 * number `edge` of the edges.
 */
export interface EdgePart {
  readonly kind: 'edge';
  readonly of: 'first' | 'last';
  readonly field: number;
  readonly type: FieldType;
  readonly maxBytes: number;
  readonly condition: number;
  readonly at: number;
  readonly edge: number;
}

/** How many values there were at `at`; the first of them, within both bounds, in list number `list`. */
export interface CollectPart {
  readonly kind: 'collect';
  readonly field: number;
  readonly type: FieldType;
  readonly limit: number;
  readonly maxBytes: number;
  readonly condition: number;
  readonly at: number;
  readonly list: number;
}

/** Amounts of the values of a field: table number `top`. */
export interface TopPart {
  readonly field: string;
  readonly kind: AmountKind;
  /** Number of the field that is added up or compared; null: rows are counted. */
  readonly amount: number | null;
  readonly maxBytes: number;
  readonly condition: number;
  readonly top: number;
}

/** Number of different values, at `at` of a window's numbers; slices keep members instead. */
export interface DistinctPart {
  readonly kind: 'distinct';
  readonly condition: number;
  readonly at: number;
}

/** A sketch of the values of a field: sketch number `sketch`. */
export interface SketchPart {
  readonly of: 'quantiles' | 'cardinality';
  readonly field: number;
  readonly condition: number;
  readonly sketch: number;
}

/** What the keys and values of sketches are: buckets and how many values, registers and their ranks. */
export const SKETCH_KINDS: Readonly<Record<SketchPart['of'], TallyKind>> = {
  quantiles: { merge: 'add', maxKey: LAST_BUCKET, maxValue: Number.MAX_SAFE_INTEGER },
  cardinality: { merge: 'max', maxKey: REGISTERS - 1, maxValue: LAST_RANK },
};

/**
 * A sketch takes up to 16 KiB of a part, which has to fit into a record with everything else that is kept for its group.
 * Measures of one field and condition share theirs.
 */
export const MAX_SKETCHES = 16;

/**
 * What is kept of a session beside its numbers: at `at` the time of its first event, at `at + 1` that of its last one. Slices
 * are as wide as the gap, so all rows of a group in one slice are of one session.
 */
export interface SessionPart {
  readonly gapMs: number;
  /** Slices between two lines at which a session may be cut. */
  readonly cutSlices: number;
  /**
   * In an entry whose session is closed, which has no rows any more, the begin and the last event of the session stand in
   * their place if it was the session's last; then at `at + 2` the time up to which all of the group is closed, else NaN.
   */
  readonly at: number;
}

/** Numbers that a session keeps. */
export const SESSION_NUMBERS = 3;

/** Distinct counts of one field: they share the members. */
export interface DistinctField {
  readonly field: string;
  readonly parts: readonly DistinctPart[];
}

export type CellPart = CountPart | SumPart | ExtremePart | MomentsPart | EdgePart | CollectPart;

/** How a measure is read from a group's numbers. */
export type MeasurePlan =
  | { readonly kind: 'number'; readonly at: number; readonly type: NumberType; readonly measure: Measure }
  | {
      readonly kind: 'sum' | 'average';
      readonly part: SumPart;
      readonly type: NumberType;
      readonly measure: Measure;
    }
  | {
      readonly kind: 'deviation';
      readonly part: MomentsPart;
      /** Smallest units in one of the result. */
      readonly unit: number;
      readonly type: 'double';
      readonly measure: Measure;
    }
  | { readonly kind: 'edge'; readonly part: EdgePart; readonly measure: Measure }
  | { readonly kind: 'list'; readonly part: CollectPart; readonly measure: Measure }
  | {
      readonly kind: 'ranking';
      readonly part: TopPart;
      readonly limit: number;
      /** What the values and amounts of a result may take together. */
      readonly maxBytes: number;
      readonly valueType: FieldType;
      readonly amountType: NumberType;
      readonly measure: Measure;
    }
  | {
      /** What stands at `at`, or a sum, in units of the result, per second of the window. */
      readonly kind: 'rate';
      readonly part: SumPart | null;
      readonly at: number;
      readonly unit: number;
      readonly type: 'double';
      readonly measure: Measure;
    }
  | {
      readonly kind: 'percentile';
      readonly part: SketchPart;
      readonly percent: number;
      readonly type: NumberType;
      readonly measure: Measure;
    }
  | { readonly kind: 'cardinality'; readonly part: SketchPart; readonly type: 'int'; readonly measure: Measure }
  | {
      /** How many values a table has. */
      readonly kind: 'values';
      readonly part: TopPart;
      readonly type: 'int';
      readonly measure: Measure;
    }
  | {
      readonly kind: 'derived';
      readonly type: NumberType;
      readonly measure: Extract<Measure, { kind: 'derived' }>;
    };

export type NumberType = 'int' | 'double' | 'money' | 'timestamp';

/**
 * What a metric needs to keep, without repetition: `sum(x)` and `avg(x)` share one sum. A group has `width` numbers in
 * each slice; a window's numbers are the same followed by one for each distinct count.
 */
export interface MetricPlan {
  readonly metric: MetricDefinition;
  readonly schema: StreamSchema;
  /** Place among the metrics of the stream. */
  readonly order: number;
  /** Of sessions only the slices count: each is as wide as the gap. */
  readonly windows: SlicedWindows;
  readonly session: SessionPart | null;
  readonly condition: number;
  readonly width: number;
  readonly windowWidth: number;
  readonly counts: readonly CountPart[];
  readonly sums: readonly SumPart[];
  readonly extremes: readonly ExtremePart[];
  readonly moments: readonly MomentsPart[];
  readonly edges: readonly EdgePart[];
  readonly collects: readonly CollectPart[];
  readonly sketches: readonly SketchPart[];
  readonly tops: readonly TopPart[];
  readonly distincts: readonly DistinctField[];
  readonly measures: readonly MeasurePlan[];
}
