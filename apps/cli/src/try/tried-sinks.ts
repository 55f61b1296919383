import type { Feed, NewRecord, SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { FeedSelection, LAKE, feedDecoder } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { table } from '../table';

/** One sink's part of a feed. */
interface TriedFeed {
  readonly sink: string;
  readonly feed: Feed;
  readonly selection: FeedSelection;
  rows: number;
}

const TRIED: readonly Feed[] = ['events', 'finals'];

/** How many events and final results each sink of a stream file would be given. */
export class TriedSinks {
  private readonly feeds: readonly TriedFeed[];
  private readonly decode: ReturnType<typeof feedDecoder>;
  private events = 0;
  private finals = 0;

  constructor(definition: StreamDefinition) {
    this.decode = feedDecoder(definition, 'finals');
    this.feeds = (definition.sinks ?? [])
      .filter(isChoosy)
      .flatMap(({ name, feeds }) =>
        feeds
          .filter(({ feed }) => TRIED.includes(feed))
          .map((feed) => ({ sink: name, feed: feed.feed, selection: new FeedSelection(definition, feed), rows: 0 })),
      );
  }

  noteEvents(batch: EventBatch): void {
    this.events += batch.rows;
    for (const each of this.feeds) if (each.feed === 'events') each.rows += each.selection.events(batch).length;
  }

  /** @param records of a metrics topic */
  noteResults(records: readonly NewRecord[]): void {
    if (this.feeds.length === 0) return;
    const rows = records.flatMap(({ key, value }) =>
      this.decode({ key, value, offset: 0, timestampMs: 0, headers: {} }, 0),
    );
    this.finals += rows.length;
    for (const each of this.feeds) if (each.feed === 'finals') each.rows += each.selection.rows(rows).length;
  }

  /** '' where there is nothing to tell. */
  describe(): string {
    if (this.feeds.length === 0) return '';
    const rows = this.feeds.map(({ sink, feed, rows: taken }) => {
      return [sink, feed, taken, feed === 'events' ? this.events : this.finals];
    });
    return table(['sink', 'feed', 'rows', 'of'], rows);
  }
}

/** A lake that has everything goes without saying. */
function isChoosy({ name, feeds }: SinkDefinition): boolean {
  return name !== LAKE || feeds.some(({ filter, metrics }) => filter !== null || metrics !== null);
}
