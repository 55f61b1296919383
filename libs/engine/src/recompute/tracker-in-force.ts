import type { EventBatch, TrackerStart, VisitNews, VisitSettings } from '@tillstream/core';
import { VisitTracker } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import { KeptVisits } from './kept-visits';

/** As a task does whose store takes checkpoints, so that users who do not come for a while take little room. */
const TAKEN_BYTES = 16 * 1024 * 1024;

export interface TrackerInForceOptions {
  /** Whose fields the batches have. */
  readonly definition: StreamDefinition;
  /** Visits are told under the stream file that was in force where they stand; null: all under `definition`. */
  readonly history: DefinitionHistory | null;
  readonly partition: number;
  readonly start: TrackerStart;
}

/** Finds out what visits there are as the service did: under the stream file that was in force where the batches stand. */
export class TrackerInForce {
  private current: StreamDefinition;
  private tracker: VisitTracker;
  private tails: Parameters<typeof VisitTracker.create>[0]['tails'] = { sessions: null, attribution: null };
  private readonly kept = new KeptVisits();

  /** @throws StopPartitionError when nobody has kept what is in force */
  constructor(private readonly options: TrackerInForceOptions) {
    const { definition, history, start } = options;
    this.current = history ? this.inForce(history, start.before.definition) : definition;
    this.tracker = VisitTracker.create(this.settings(this.current), start);
  }

  /** Takes the next batch of the partition; what has come of it. @throws StopPartitionError */
  apply(batch: EventBatch): VisitNews {
    const { history } = this.options;
    if (history && !this.isInForce) this.renew(history);
    else if (this.tracker.dirtyBytes() > TAKEN_BYTES) this.kept.take(this.tracker.takeDeltas());
    this.tracker.apply(batch);
    const news = this.tracker.takeNews();
    this.tails = {
      sessions: news.sessionRows.at(-1) ?? this.tails.sessions,
      attribution: news.attributionRows.at(-1) ?? this.tails.attribution,
    };
    return news;
  }

  private get isInForce(): boolean {
    const { definition } = this.tracker;
    return definition === '' || definition === this.current.sha256;
  }

  /** Goes on under another stream file, as a task does that is opened behind it. */
  private renew(history: DefinitionHistory): void {
    const { next, definition } = this.tracker;
    const earlier = visitsOf(this.current);
    this.current = this.inForce(history, definition);
    this.kept.take(this.tracker.takeDeltas());
    this.tracker = VisitTracker.restore(this.settings(this.current), earlier, this.kept.saved(next));
  }

  private settings(inForce: StreamDefinition): Parameters<typeof VisitTracker.create>[0] {
    const { definition, partition } = this.options;
    return { schema: definition.schema, partition, ...visitsOf(inForce), tails: this.tails };
  }

  private inForce(history: DefinitionHistory, sha256: string): StreamDefinition {
    const { definition, partition } = this.options;
    return definitionInForce(history, sha256, `${definition.schema.stream}:${partition}`, definition.topics);
  }
}

function visitsOf({ sessions, attribution }: StreamDefinition): VisitSettings {
  return { sessions: sessions ?? null, attribution: attribution ?? null };
}
