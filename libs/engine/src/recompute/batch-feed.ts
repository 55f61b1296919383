import type { EventBatch } from '@tillstream/core';

/** Which log windows are computed from. */
export type FeedSource = 'raw' | 'enriched';

/** The batches of one partition in the order of their ranges, without holes: each record of raw once. */
export interface BatchFeed {
  readonly partition: number;
  /** The next batch; null at the end of what is to be read. @throws Error when records are missing in between */
  next(): Promise<EventBatch | null>;
  /** How far the reading has come, in raw offsets. */
  readonly progress: { readonly from: number; readonly next: number; readonly end: number };
}
