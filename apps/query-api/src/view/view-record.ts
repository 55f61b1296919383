import type { TextBytes } from '@tillstream/contracts';

/** Where a record of the results topic stands, and when it got there. */
export interface RecordPosition {
  readonly partition: number;
  readonly offset: number;
  readonly appendMs: number;
}

/** What one record of the results topic says, as far as the view cares. Metrics by identity, windows by start. */
export type ViewRecord =
  | {
      readonly kind: 'row';
      readonly metric: string;
      readonly startMs: number;
      /** JSON array of the group's values in the order of the metric's groupBy: equal groups, equal text. */
      readonly group: string;
      readonly final: boolean;
      readonly revision: number;
      /** The group was sent before and has no row any more; never together with `final`. */
      readonly retracted: boolean;
      /** What the row says beyond its group, in whatever form the reader of the view understands. */
      readonly payload: string;
    }
  /** The record with this key has been taken out of the log. */
  | {
      readonly kind: 'row-removed';
      readonly metric: string;
      readonly startMs: number;
      readonly group: string;
      readonly final: boolean;
    }
  /** The partition has sent every final of the window. */
  | { readonly kind: 'closed'; readonly metric: string; readonly startMs: number }
  /** Rows of one source partition that the window has missed so far. */
  | {
      readonly kind: 'late';
      readonly metric: string;
      readonly startMs: number;
      /** Partition of the stream that the rows stand in. */
      readonly source: number;
      readonly count: number;
      readonly revision: number;
    }
  | { readonly kind: 'late-removed'; readonly metric: string; readonly startMs: number; readonly source: number };

/** A partition of the stream has all rows of the windows that begin at or after `fromMs`. */
export interface SpanRecord {
  readonly kind: 'span';
  readonly metric: string;
  readonly source: number;
  readonly fromMs: number;
}

/** Every final of windows of the metric that end by then stands in front of it in its partition. */
export interface ProgressRecord {
  readonly kind: 'progress';
  readonly metric: string;
  readonly closedUntilMs: number;
}

/** What a partition of the stream lacked of the windows that begin in [fromMs, untilMs) was computed afterwards. */
export interface BackfillRecord {
  readonly kind: 'backfill';
  readonly metric: string;
  readonly source: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A row whose texts are bytes that are overwritten once it has been applied: nearly all records are rows. */
export interface PackedRow {
  readonly kind: 'packed-row';
  readonly metric: string;
  readonly startMs: number;
  readonly group: TextBytes;
  readonly final: boolean;
  readonly revision: number;
  readonly payload: TextBytes;
}

/** A record of the results topic in its place. */
export interface PlacedRecord {
  readonly offset: number;
  readonly appendMs: number;
  /** Null: nothing the view knows (another metric's, another version's, unreadable). It only moves the position. */
  readonly record: ViewRecord | SpanRecord | BackfillRecord | ProgressRecord | PackedRow | null;
}
