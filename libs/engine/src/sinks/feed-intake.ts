import type { Feed } from '@tillstream/contracts';
import type { LogRecord } from '../ports/log';
import type { FeedPortion } from '../ports/sink';

/** Makes portions of the records of one partition of a feed, in their order and without a gap between them. */
export interface FeedIntake {
  /** The first position that is in no portion yet. Of events a raw offset, of others an offset of their topic. */
  readonly next: number;
  /** Where the topic is read on behind the portion that was given last. */
  readonly seek: number;
  /**
   * @throws StopPartitionError when something is missing in the log that must not be passed
   */
  portionsOf(records: readonly LogRecord[]): AsyncIterable<FeedPortion>;
}

/** Where an intake begins. */
export interface FeedStart {
  /** The first position that is wanted; null: whatever the first batch begins with. */
  readonly next: number | null;
  readonly seek: number;
}

/** The name that gaps of a sink are given for: of events by raw offset, of others by the offset in their topic. */
export function sinkService(sink: string, feed: Feed): string {
  return feed === 'events' ? `sink-writer:${sink}` : `sink-writer:${sink}:${feed}`;
}
