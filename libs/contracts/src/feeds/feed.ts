/**
 * What leaves a stream for stores outside: its accepted events, final results, sessions that are over, attributed purchases, late
 * rows and dead letters. As stream files call them.
 */
export const FEEDS = ['events', 'finals', 'sessions', 'attributions', 'late', 'dead_letters'] as const;
export type Feed = (typeof FEEDS)[number];

/**
 * Types of a feed's columns, and what a value of one is: `int` a safe integer, `timestamp` epoch ms, `money` decimal text of the
 * stream's exponent, `decimal` other decimal text, `json` anything that JSON can say, `bytes` a Uint8Array.
 */
export type FeedColumnType =
  'string' | 'int' | 'double' | 'money' | 'decimal' | 'bool' | 'timestamp' | 'strings' | 'json' | 'bytes';

export interface FeedColumn {
  /** Unique within its table, ignoring case: stores that do not tell `User` from `user` can have all of them. */
  readonly name: string;
  readonly type: FeedColumnType;
  /** What it holds, where that is declared in the stream file: a field of events, or a group field or measure of a metric. */
  readonly of?: ColumnOrigin;
}

export type ColumnOrigin =
  | { readonly kind: 'field'; readonly name: string; readonly number: number }
  | { readonly kind: 'group' | 'measure'; readonly name: string };

/**
 * Rows of one shape: those of a feed, or, of `finals`, those of one metric (and those of metrics that the file does not declare
 * any more, in the table `finals`). A column is never given another type under the same `name`; new ones come at the end.
 */
export interface FeedTable {
  readonly feed: Feed;
  /** The feed's name; of finals the metric's identity, `revenue_by_category@0123abcd`. */
  readonly name: string;
  /** Of finals: the metric's name; null for those of metrics that are not declared any more, and for other feeds. */
  readonly metric: string | null;
  readonly columns: readonly FeedColumn[];
}

export type FeedValue =
  null | string | number | boolean | Uint8Array | readonly FeedValue[] | { readonly [name: string]: FeedValue };

/** A row by itself, for stores that take rows one by one. */
export interface FeedRow {
  /** `name` of its table. */
  readonly table: string;
  /** The same whenever and by whomever it is stored; unique within the table. */
  readonly id: string;
  /** Of two rows with an id the one with the higher version holds. A safe integer, from 0. */
  readonly version: number;
  /** What its date is taken from: event time; of a window its start, of a session its end. */
  readonly timeMs: number;
  /** Where it stands: partition and offset in the feed's topic (of events: in the raw topic), and which row of that record. */
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  /**
   * The value of its record as it stands in the topic (JSON), of late rows their line; null for events, which stand there in
   * columns, and for dead letters, whose value is a column.
   */
  readonly record: Uint8Array | null;
  /** By column; absent is null. */
  readonly values: Readonly<Record<string, FeedValue>>;
}
