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
  readonly name: string;
  readonly type: FeedColumnType;
}

/**
 * Rows of one shape: those of a feed, or, of `finals`, those of one metric. A column is never removed nor given another type
 * under the same `name`; new ones come at the end.
 */
export interface FeedTable {
  readonly feed: Feed;
  /** The feed's name; of finals the metric's identity, `revenue_by_category@0123abcd`. */
  readonly name: string;
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
  /** The value of its record as it stands in the topic (JSON); null for events, which stand there in columns. */
  readonly record: Uint8Array | null;
  /** By column; absent is null. */
  readonly values: Readonly<Record<string, FeedValue>>;
}
