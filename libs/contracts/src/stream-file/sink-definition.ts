import type { Expression } from '@tillstream/core';
import type { Feed, FeedValue } from '../feeds/feed';

/** Kinds of stores that ship. */
export const SINK_TYPES = ['lake', 'opensearch', 'postgres', 'webhook', 'console'] as const;
export type SinkType = (typeof SINK_TYPES)[number];

/** Those that may refuse a row for good: what they refuse is kept in a topic of its own. */
const REFUSING_TYPES: readonly SinkType[] = ['opensearch', 'postgres', 'webhook'];

export function mayRefuse({ type }: Pick<SinkDefinition, 'type'>): boolean {
  return REFUSING_TYPES.includes(type);
}

/** One of a sink's feeds, and which part of it. */
export interface SinkFeed {
  readonly feed: Feed;
  /** Only rows for which this holds, over the feed's columns; null: all. Of `finals`: over the columns all metrics share. */
  readonly filter: Expression | null;
  /** Only these columns; null: all. */
  readonly columns: readonly string[] | null;
  /** Only finals of these metrics, by name; null: all. */
  readonly metrics: readonly string[] | null;
}

/** A store outside that a stream file declares. */
export interface SinkDefinition {
  /** Unique within the file: of its consumer group, its lag, its messages. */
  readonly name: string;
  readonly type: SinkType;
  readonly feeds: readonly SinkFeed[];
  /** A directory or an address without credentials (these come from the environment); null: from the environment too. */
  readonly where: string | null;
  /** What only stores of its type know: read, and refused by name and place, by their adapter. */
  readonly settings: Readonly<Record<string, FeedValue>>;
  /** Line and column in the file: of the sink itself under `''`, and of each setting by dotted name, `roll.every`. */
  readonly places: ReadonlyMap<string, { readonly line: number; readonly column: number }>;
}
