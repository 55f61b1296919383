import type { Expression, ExpressionType } from '../expression/ast';
import type { FieldType } from '../stream/schema';

/** Windows of sizeMs, one starting every hopMs ≤ sizeMs, aligned to the epoch. Tumbling: hopMs === sizeMs. */
export interface HoppingSpec {
  readonly sizeMs: number;
  readonly hopMs: number;
}

/**
 * A window for each stretch of a group's events that are at most gapMs apart. It begins with its first event and ends
 * gapMs behind its last one; one that goes on and on is cut, so that none is longer than maxDurationMs.
 */
export interface SessionSpec {
  readonly gapMs: number;
  /** At least four gaps. */
  readonly maxDurationMs: number;
}

export type WindowSpec = HoppingSpec | SessionSpec;

/** What one measure of a metric computes over the rows of a group in a window. */
export type Measure = { readonly name: string } & (
  | { readonly kind: 'count'; readonly where: Expression | null }
  | {
      readonly kind: 'sum' | 'avg' | 'min' | 'max';
      readonly field: string;
      readonly fieldType: 'int' | 'double' | 'money' | 'timestamp';
      readonly where: Expression | null;
    }
  | {
      /** Exact number of distinct values; across partitions only of the stream's key. Nulls do not count. */
      readonly kind: 'distinct';
      readonly field: string;
      readonly where: Expression | null;
    }
  | {
      /**
       * The first or last non-null value by event time; of equal times by raw order, then partition. Texts are cut where they
       * would make the lists and texts of the result longer than MAX_COLLECTED_BYTES: truncated.
       */
      readonly kind: 'first' | 'last';
      readonly field: string;
      readonly fieldType: FieldType;
      readonly where: Expression | null;
    }
  | {
      /** Rows, or the sum of a field, per second of the window. */
      readonly kind: 'rate';
      readonly field: string | null;
      readonly fieldType: 'int' | 'double' | 'money' | null;
      readonly where: Expression | null;
    }
  | {
      /** Standard deviation of a sample; of money in its major unit. Null for less than two values. */
      readonly kind: 'stddev';
      readonly field: string;
      readonly fieldType: 'int' | 'double' | 'money';
      readonly where: Expression | null;
    }
  | {
      /** The value below which `percent` of 100 of the values are, within QUANTILE_ERROR of it. */
      readonly kind: 'percentile';
      readonly field: string;
      readonly fieldType: 'int' | 'double' | 'money';
      readonly percent: number;
      readonly where: Expression | null;
    }
  | {
      /** Number of distinct values across partitions, of any field, with CARDINALITY_ERROR. Nulls do not count. */
      readonly kind: 'approx_distinct';
      readonly field: string;
      readonly where: Expression | null;
    }
  | {
      /**
       * The first `limit` non-null values in row order (partition, offset, index), up to the first that would make the lists of
       * the result longer than MAX_COLLECTED_BYTES; beyond: truncated.
       */
      readonly kind: 'collect';
      readonly field: string;
      readonly fieldType: FieldType;
      readonly limit: number;
      readonly where: Expression | null;
    }
  | {
      /**
       * The `limit` values of a field with the largest amounts, of equal ones the smaller value; rows where the value or what is
       * added up is null do not count. Beyond MAX_TOP_BYTES of different values, amounts may be too small: truncated.
       */
      readonly kind: 'top';
      readonly field: string;
      readonly fieldType: Exclude<FieldType, 'double'>;
      readonly limit: number;
      readonly by: TopAmount;
      readonly where: Expression | null;
    }
  | {
      /** A formula over measures declared before it. */
      readonly kind: 'derived';
      readonly value: Expression;
      readonly type: ExpressionType;
    }
);

/** What the values of a `top` are ordered by: how many rows each has, a sum over them, or their largest number. */
export type TopAmount =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum'; readonly field: string; readonly fieldType: 'int' | 'double' | 'money' }
  | { readonly kind: 'max'; readonly field: string; readonly fieldType: 'int' | 'double' | 'money' | 'timestamp' };

/** Cadence of provisional results. */
export interface EmitSpec {
  readonly everyMs: number;
  /** The cadence stretches so that no more than this many upserts a second leave a task for this metric. */
  readonly maxPerSecond: number;
}

/** An earlier window that each window of a metric is compared with. */
export interface ComparedWindow {
  /** `previous`, or how much earlier it began, such as `1d`. */
  readonly name: string;
  /** Its start is so much earlier: a multiple of the hop. */
  readonly lagMs: number;
}

/** A number that comes of a metric's own earlier finals of the same group. */
export interface HistoryValue {
  /** As it was written, such as `robust_z(revenue, 1d, 7)`: the name it has in expressions. */
  readonly name: string;
  /**
   * `change`: how much more than in the window `lagMs` earlier; `change_percent`: in per cent of what it was; `robust_z`: how many
   * robust standard deviations it is above the median of the `count` windows that begin 1, 2, … times `lagMs` earlier.
   */
  readonly kind: 'change' | 'change_percent' | 'robust_z';
  readonly measure: string;
  readonly lagMs: number;
  /** 1 but for `robust_z`. */
  readonly count: number;
}

export type AlertSeverity = 'info' | 'warning' | 'critical';

/** When a metric's results are worth an alert. */
export interface AlertDefinition {
  /** The metric's name, `@`, and 8 hex digits of a hash of everything that decides the alerts. */
  readonly identity: string;
  /** Over measures and values of their history. */
  readonly when: Expression;
  readonly history: readonly HistoryValue[];
  /** An alert is opened by so many windows in a row that satisfy `when`. */
  readonly forWindows: number;
  readonly severity: AlertSeverity;
}

/** A metric as declared, after validation. */
export interface MetricDefinition {
  readonly name: string;
  /** `name@` and the first 8 hex digits of the hash of everything that decides its values. */
  readonly identity: string;
  readonly where: Expression | null;
  readonly groupBy: readonly string[];
  readonly window: WindowSpec;
  readonly outOfOrdernessMs: number;
  readonly measures: readonly Measure[];
  /** Over measures; a result row that does not satisfy it is not published. */
  readonly having: Expression | null;
  readonly emit: EmitSpec;
  /** Absent: results are compared with no others. */
  readonly compare?: readonly ComparedWindow[];
  /** Absent: nobody is alerted. */
  readonly alert?: AlertDefinition;
  /** groupBy contains the stream's (only) key: final in its own partition. Else merged through parts. */
  readonly local: boolean;
}

/** A metric whose windows are where they are, whatever events there are. */
export type HoppingMetric = MetricDefinition & { readonly window: HoppingSpec };
