import type { EventBatch } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { withoutRowsOf } from '../task/batch-without-rows';
import type { LogReader, LogRecord } from '../ports/log';
import { judgeRange } from '../task/chain';
import type { GapLedger } from '../task/gap-ledger';
import { readGaps } from '../task/gap-ledger';
import { readableBatch } from '../task/readable-batch';
import type { BatchFeed } from './batch-feed';
import type { FeedStart } from './feed-start';

const READ_WAIT_MS = 5_000;

export interface EnrichedFeedOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  readonly start: FeedStart;
  /** The service that the batches are for: what it has given up has no rows. */
  readonly passedBy: string;
  /** Offset in `enriched` of the first record that is not read. */
  readonly end: number;
}

/** The batches that stand in `enriched`, each raw record once, as the aggregator takes them. */
export class EnrichedFeed implements BatchFeed {
  private waiting: LogRecord[] = [];
  private rawNext: number;
  private rawEnd = 0;

  private constructor(
    private readonly options: EnrichedFeedOptions,
    private readonly gaps: GapLedger,
    private at: number,
  ) {
    this.rawNext = options.start.next;
  }

  static async open(options: EnrichedFeedOptions): Promise<EnrichedFeed> {
    const { reader, definition, start, passedBy } = options;
    const { raw, enriched } = definition.topics;
    const { partition } = start;
    const feed = new EnrichedFeed(
      options,
      await readGaps(reader, definition, passedBy, partition),
      start.seek ?? (await reader.begin(enriched, partition)),
    );
    feed.rawEnd = await reader.end(raw, partition);
    return feed;
  }

  get partition(): number {
    return this.options.start.partition;
  }

  get progress(): BatchFeed['progress'] {
    return { from: this.options.start.next, next: this.rawNext, end: Math.max(this.rawEnd, this.rawNext) };
  }

  async next(): Promise<EventBatch | null> {
    for (;;) {
      const record = await this.nextRecord();
      if (!record) return null;
      const batch = readableBatch(record);
      if (!batch) continue;
      const verdict = judgeRange(batch, this.rawNext);
      if (verdict === 'drop') continue;
      if (verdict === 'hole' && this.gaps.behind(this.rawNext) < batch.rawFrom) this.refuseHole(batch, record);
      this.rawNext = batch.rawNext;
      return this.gaps.isEmpty ? batch : withoutRowsOf(batch, (offset) => this.gaps.holds(offset));
    }
  }

  private async nextRecord(): Promise<LogRecord | undefined> {
    const { reader, definition, end } = this.options;
    while (this.waiting.length === 0 && this.at < end) {
      const records = await reader.read(definition.topics.enriched, this.partition, this.at, READ_WAIT_MS);
      this.at = (records.at(-1)?.offset ?? end) + 1;
      this.waiting = records.filter(({ offset }) => offset < end);
    }
    return this.waiting.shift();
  }

  private refuseHole(batch: EventBatch, { offset }: LogRecord): never {
    const { enriched } = this.options.definition.topics;
    throw new Error(
      `raw records [${this.rawNext}, ${batch.rawFrom}) are missing before offset ${offset} of ${enriched}/${this.partition}`,
    );
  }
}
