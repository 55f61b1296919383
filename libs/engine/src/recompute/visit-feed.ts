import type { EventBatch } from '@tillstream/core';
import { emptyPosition, lookbackMs } from '@tillstream/core';
import type { DerivedOf, StreamDefinition } from '@tillstream/contracts';
import type { GapLedger } from '../task/gap-ledger';
import { withoutRowsOf } from '../task/batch-without-rows';
import type { BatchFeed } from './batch-feed';
import type { FeedStart } from './feed-start';
import type { TrackerInForce } from './tracker-in-force';

/** The rows of a derived stream, made of the batches of events by a tracker of its own: nothing that services have written decides about them. */
export class VisitFeed implements BatchFeed {
  /** @param gaps what the aggregator of the derived stream has given up */
  constructor(
    private readonly of: DerivedOf,
    private readonly events: BatchFeed,
    private readonly tracker: TrackerInForce,
    private readonly gaps: GapLedger,
  ) {}

  get partition(): number {
    return this.events.partition;
  }

  get progress(): BatchFeed['progress'] {
    return this.events.progress;
  }

  async next(): Promise<EventBatch | null> {
    for (let batch = await this.events.next(); batch; batch = await this.events.next()) {
      const news = this.tracker.apply(batch);
      const [rows] = this.of === 'sessions' ? news.sessionRows : news.attributionRows;
      if (rows) return this.gaps.isEmpty ? rows : withoutRowsOf(rows, (offset) => this.gaps.holds(offset));
    }
    return null;
  }
}

/** How much earlier events are needed than the rows of a derived stream that are wanted. */
export function eventsBeforeMs({ sessions, attribution }: StreamDefinition, of: DerivedOf): number {
  if (of === 'sessions') return sessions ? lookbackMs(sessions) : 0;
  return attribution ? attribution.withinMs + 1 : 0;
}

/** Where the rows of a derived stream begin, when events are read from a place on. */
export function rowsStart(start: FeedStart): FeedStart {
  const { maxAppendMs, held, definition } = start.position;
  return { ...start, position: { ...emptyPosition(), maxAppendMs, held, definition } };
}
