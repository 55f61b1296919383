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
  /** Rows that one batch of events has brought about come in several batches where they are many. */
  private readonly waiting: EventBatch[] = [];

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
    while (this.waiting.length === 0) {
      const batch = await this.events.next();
      if (!batch) return null;
      const { sessionRows, attributionRows } = this.tracker.apply(batch);
      this.waiting.push(...(this.of === 'sessions' ? sessionRows : attributionRows));
    }
    const rows = this.waiting.shift() ?? null;
    return !rows || this.gaps.isEmpty ? rows : withoutRowsOf(rows, (offset) => this.gaps.holds(offset));
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
