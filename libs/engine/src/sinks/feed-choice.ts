import type { EventBatch } from '@tillstream/core';
import type { FeedRow, FeedTable, SinkFeed } from '@tillstream/contracts';

/** The part of a feed that a sink wants. */
export interface FeedChoice {
  /** With the columns that are wanted. */
  readonly tables: readonly FeedTable[];
  /** Indexes of the rows that are wanted, ascending. */
  ofBatch(batch: EventBatch): Uint32Array;
  isWanted(row: FeedRow): boolean;
}

/** @param tables all of the feed */
export function feedChoice({ metrics }: SinkFeed, tables: readonly FeedTable[]): FeedChoice {
  const wanted = metrics === null ? tables : tables.filter(({ metric }) => metric !== null && metrics.includes(metric));
  const names = new Set(wanted.map(({ name }) => name));
  return {
    tables: wanted,
    ofBatch: ({ rows }) => Uint32Array.from({ length: rows }, (_, row) => row),
    isWanted: ({ table }) => names.has(table),
  };
}
