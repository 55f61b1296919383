import type { StoredRecord } from '../record';
import type { StreamDefinition } from '../stream-file/stream-definition';
import { attributionDecoder } from './decode-attributions';
import { deadLetterDecoder } from './decode-dead-letters';
import { finalDecoder } from './decode-finals';
import { lateDecoder } from './decode-late';
import { sessionDecoder } from './decode-sessions';
import type { Feed, FeedRow } from './feed';

/** Feeds whose topics hold records with ids of their own; events stand in batches. */
export type KeyedFeed = Exclude<Feed, 'events'>;

/**
 * The rows that a record of a feed's topic holds, each of one of the feed's tables. None for what is of no feed (provisional
 * results, tombstones) or was not written by this project. Never throws.
 */
export type FeedDecoder = (record: StoredRecord, partition: number) => readonly FeedRow[];

/** Reads the records of a keyed feed, as of a stream file. */
export function feedDecoder(definition: StreamDefinition, feed: KeyedFeed): FeedDecoder {
  switch (feed) {
    case 'finals':
      return finalDecoder(definition);
    case 'sessions':
      return sessionDecoder(definition);
    case 'attributions':
      return attributionDecoder(definition);
    case 'late':
      return lateDecoder(definition);
    case 'dead_letters':
      return deadLetterDecoder();
  }
}
