import type { EnrichResult, EventBatch, RawRecord, StreamSchema } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { decodeRawRecord } from '@tillstream/contracts';
import { withoutRowsOf } from '../task/batch-without-rows';
import { ENRICHER } from '../enricher/enricher-task';
import type { LogReader, LogRecord } from '../ports/log';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { GapLedger } from '../task/gap-ledger';
import { readGaps } from '../task/gap-ledger';
import { recordsBetween } from '../task/log-tail';
import { readableBatch } from '../task/readable-batch';
import type { BatchFeed, FeedSource } from './batch-feed';
import { EnricherInForce } from './enricher-in-force';
import type { FeedStart } from './feed-start';

const READ_WAIT_MS = 5_000;

/** Told of all that an enricher of our own has made of raw records, of the records themselves, and what they were read under. */
export type EnrichListener = (result: EnrichResult, records: readonly LogRecord[], schema: StreamSchema) => void;

export interface RawFeedOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** Rows are read under the stream file that was in force where they stand; absent: all under `definition`. */
  readonly history?: DefinitionHistory;
  readonly start: FeedStart;
  /** Offset of the first raw record that is not read. */
  readonly end: number;
  /** The service that the batches are for: what it has given up has no rows. */
  readonly passedBy: string;
  /** Where the ids in front are read: `raw` believes nobody, `enriched` has them at hand. */
  readonly horizonFrom?: FeedSource;
  readonly onEnriched?: EnrichListener;
  /** Awaited now and then while the ids in front are read. */
  readonly breathe?: () => Promise<void>;
}

/** Makes batches of raw records with an enricher of its own: nothing that services have written decides about a row. */
export class RawFeed implements BatchFeed {
  private waiting: LogRecord[] = [];
  private waitingRaw: RawRecord[] = [];
  private at: number;

  private constructor(
    private readonly options: RawFeedOptions,
    private readonly enricher: EnricherInForce,
    private readonly enricherGaps: GapLedger,
    private readonly readerGaps: GapLedger,
  ) {
    this.at = options.start.next;
  }

  /** Reads the rows in front that can make others duplicates. */
  static async open(options: RawFeedOptions): Promise<RawFeed> {
    const { reader, definition, start, passedBy } = options;
    const { partition } = start;
    const enricherGaps = await readGaps(reader, definition, ENRICHER, partition);
    const readerGaps = await readGaps(reader, definition, passedBy, partition);
    const { next, position } = start;
    const enricher = new EnricherInForce({ definition, history: options.history ?? null, partition, next, position });
    if (start.horizon) {
      const batches = options.horizonFrom === 'enriched' ? keptIds(options) : idsBefore(options, enricherGaps);
      for await (const batch of batches) {
        enricher.remember(batch);
        await options.breathe?.();
      }
    }
    return new RawFeed(options, enricher, enricherGaps, readerGaps);
  }

  get partition(): number {
    return this.options.start.partition;
  }

  get progress(): BatchFeed['progress'] {
    const { start, end } = this.options;
    return { from: start.next, next: this.enricher.next, end };
  }

  async next(): Promise<EventBatch | null> {
    while (this.waiting.length === 0) {
      if (this.at >= this.options.end) return null;
      const records = await readUpTo(this.options, this.at, this.options.end);
      this.at = records.next;
      this.waiting = records.taken.filter(({ offset }) => !this.enricherGaps.holds(offset));
      this.waitingRaw = this.waiting.map(decodeRawRecord);
    }
    const result = this.enricher.apply(this.waitingRaw);
    const { consumed } = result;
    this.options.onEnriched?.(result, this.waiting.slice(0, consumed), this.enricher.schema);
    this.waiting = this.waiting.slice(consumed);
    this.waitingRaw = this.waitingRaw.slice(consumed);
    const { batch } = result;
    const { readerGaps } = this;
    return readerGaps.isEmpty ? batch : withoutRowsOf(batch, (offset) => readerGaps.holds(offset));
  }
}

type HorizonOptions = Pick<RawFeedOptions, 'reader' | 'definition' | 'history' | 'start'>;

/** The rows in front once more, for their ids alone: which of them are valid by themselves depends on nothing before them. */
async function* idsBefore(options: HorizonOptions, gaps: GapLedger): AsyncGenerator<EventBatch, void, void> {
  const { definition, history = null, start } = options;
  if (!start.horizon) return;
  const { next, position } = start.horizon;
  const enricher = new EnricherInForce({ definition, history, partition: start.partition, next, position });
  for (let at = next; at < start.next;) {
    const records = await readUpTo(options, at, start.next);
    at = records.next;
    let raw: RawRecord[] = records.taken.filter(({ offset }) => !gaps.holds(offset)).map(decodeRawRecord);
    while (raw.length > 0) {
      const { batch, consumed } = enricher.apply(raw);
      raw = raw.slice(consumed);
      yield batch;
    }
  }
}

/** The batches in front as they stand in `enriched`. */
async function* keptIds({ reader, definition, start }: HorizonOptions): AsyncGenerator<EventBatch, void, void> {
  const { horizon, seek, partition } = start;
  if (!horizon || seek === null) return;
  for await (const record of recordsBetween(reader, definition.topics.enriched, partition, horizon.seek, seek)) {
    const batch = readableBatch(record);
    if (batch) yield batch;
  }
}

/** Records from `from` on, below `end`, and where to go on; what compaction or a marker has left out is passed over. */
async function readUpTo(
  { reader, definition, start }: HorizonOptions,
  from: number,
  end: number,
): Promise<{ readonly taken: readonly LogRecord[]; readonly next: number }> {
  const records = await reader.read(definition.topics.raw, start.partition, from, READ_WAIT_MS);
  const last = records.at(-1);
  if (!last) return { taken: [], next: end };
  return { taken: records.filter(({ offset }) => offset < end), next: Math.min(last.offset + 1, end) };
}
