import type { FeedColumn, FeedRow, SinkFeed, StreamDefinition } from '@tillstream/contracts';
import { EventRows, FEED_ROLES, FeedSelection, feedDecoder, feedRowText, sharedColumns } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { judgeRange } from '../task/chain';
import { recordsBetween } from '../task/log-tail';
import { firstBatch, readableBatch } from '../task/readable-batch';
import { FinalTable } from '../verify/final-table';
import type { StoredFeed, StoredSpan } from './stored-feed';

/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;
/** Rows that are compared at a time: of each some sixty bytes are kept. */
const MOST_ROWS = 4_000_000;
const MOST_DIFFERENCES = 1_000;
const encoder = new TextEncoder();

export interface VerifyStoredOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** What the store takes of the feed. */
  readonly feed: SinkFeed;
  readonly stored: StoredFeed;
  readonly span: StoredSpan;
  readonly mostRows?: number;
  readonly onProgress?: (compared: number) => void;
}

/** A row that log and store do not agree on. */
export interface StoredDifference {
  /**
   * `differs`: not the same in both. `missing`: the log has it, the store has not. `surplus`: the other way round. `repeated`: the
   * store has it more than once.
   */
  readonly kind: 'differs' | 'missing' | 'surplus' | 'repeated';
  readonly partition: number;
  /** Where it stands in the log, or where the store says that it stood. */
  readonly offset: number;
  /** Null where only its place is known. */
  readonly key: string | null;
}

export interface VerifyStoredReport {
  readonly compared: number;
  readonly equal: number;
  readonly counts: Readonly<Record<StoredDifference['kind'], number>>;
  /** The first of them. */
  readonly differences: readonly StoredDifference[];
  /** Rows behind what the store has come to. */
  readonly awaited: number;
  /** Rows of the store that the log no longer holds. */
  readonly expired: number;
}

/** Compares what a store has of a feed with what the log has: every row of a span, both ways. Writes nothing. */
export async function verifyStored(options: VerifyStoredOptions): Promise<VerifyStoredReport> {
  const { stored, span, mostRows = MOST_ROWS } = options;
  const found = new Comparison(options);
  for (const turn of stored.turns(span, mostRows)) await found.compare(turn);
  return found.report();
}

/** A row of the log, and what it is called. */
interface LoggedRow {
  readonly row: FeedRow;
  readonly key: string;
}

class Comparison {
  private equal = 0;
  private awaited = 0;
  private expired = 0;
  private readonly counts = { differs: 0, missing: 0, surplus: 0, repeated: 0 };
  private readonly differences: StoredDifference[] = [];
  private readonly selection: FeedSelection;
  private readonly columns: readonly FeedColumn[];

  constructor(private readonly options: VerifyStoredOptions) {
    this.selection = new FeedSelection(options.definition, options.feed);
    this.columns = sharedColumns(this.selection.tables);
  }

  report(): VerifyStoredReport {
    const { equal, awaited, expired, counts, differences } = this;
    const compared = equal + counts.differs + counts.missing + counts.surplus; // repeated ones are among them
    return { compared, equal, awaited, expired, counts, differences };
  }

  async compare(span: StoredSpan): Promise<void> {
    const { stored, definition, onProgress } = this.options;
    const table = new FinalTable();
    // Publishers may have told a row twice: each is counted once.
    const wrong = new Set<string>();
    const tell = (kind: 'differs' | 'missing', partition: number, offset: number, key: string): void => {
      const place = `${partition} ${key}`;
      if (!wrong.has(place)) this.tell(kind, partition, offset, key);
      wrong.add(place);
    };
    await stored.read(span, (rows) => {
      for (const { partition, offset, key, text } of rows) {
        const known = table.count;
        const isOne = table.add(partition, encoder.encode(key), encoder.encode(text), offset, 0);
        if (!isOne)
          tell('differs', partition, offset, key); // it is there twice, and not the same
        else if (table.count === known) this.tell('repeated', partition, offset, key);
      }
    });
    const held = table.count;
    const differing = this.counts.differs;
    const begins: number[] = [];
    for (let partition = 0; partition < definition.schema.partitions; partition += 1) {
      begins.push(await this.compareLog(partition, span, table, tell));
    }
    let unseen = 0;
    for (const { partition, offset } of table.unseen()) {
      unseen += 1;
      if (offset < (begins[partition] ?? 0)) this.expired += 1;
      else this.tell('surplus', partition, offset, null);
    }
    this.equal += held - unseen - (this.counts.differs - differing);
    onProgress?.(this.report().compared);
  }

  /** @returns the first position that the log holds */
  private async compareLog(
    partition: number,
    { fromMs, toMs }: StoredSpan,
    table: FinalTable,
    tell: (kind: 'differs' | 'missing', partition: number, offset: number, key: string) => void,
  ): Promise<number> {
    const next = this.options.stored.next(partition);
    const take = ({ row, key }: LoggedRow): void => {
      if (row.timeMs < fromMs || row.timeMs >= toMs) return;
      const text = feedRowText(row, this.columns);
      const verdict = table.check(partition, encoder.encode(key), encoder.encode(text));
      if (verdict === 'equal') return;
      if (verdict !== 'missing') tell('differs', partition, row.offset, key);
      else if (row.offset >= next) this.awaited += 1;
      else tell('missing', partition, row.offset, key);
    };
    const isOfEvents = this.options.feed.feed === 'events';
    return isOfEvents ? this.eachEvent(partition, fromMs, take) : this.eachRow(partition, fromMs, take);
  }

  private async eachRow(partition: number, fromMs: number, take: (row: LoggedRow) => void): Promise<number> {
    const { reader, definition, feed } = this.options;
    if (feed.feed === 'events') throw new Error('events stand in batches');
    const topic = definition.topics[FEED_ROLES[feed.feed]];
    const decode = feedDecoder(definition, feed.feed);
    const { begin, from, end } = await this.range(topic, partition, fromMs);
    for await (const record of recordsBetween(reader, topic, partition, from, end)) {
      for (const row of this.selection.rows(decode(record, partition))) take({ row, key: row.id });
    }
    return begin;
  }

  private async eachEvent(partition: number, fromMs: number, take: (row: LoggedRow) => void): Promise<number> {
    const { reader, definition } = this.options;
    const { enriched } = definition.topics;
    const [table] = this.selection.tables;
    if (table === undefined) throw new Error('events have a table');
    const rows = new EventRows(definition.schema, table);
    const { begin, from, end } = await this.range(enriched, partition, fromMs);
    const first = await firstBatch(reader, enriched, partition, begin, end);
    let next = 0;
    for await (const record of recordsBetween(reader, enriched, partition, from, end)) {
      const batch = readableBatch(record);
      if (batch === null || judgeRange(batch, next) === 'drop') continue;
      for (const row of rows.of(batch, this.selection.events(batch, next))) {
        take({ row, key: `${row.offset}|${row.index}` });
      }
      next = batch.rawNext;
    }
    return first?.batch.rawFrom ?? Infinity;
  }

  /** What was appended long before the span cannot be of it: no row is further ahead of its append time than is tolerated. */
  private async range(topic: string, partition: number, fromMs: number) {
    const { reader, definition } = this.options;
    const oldestMs = fromMs - definition.schema.eventTime.futureToleranceMs - CLOCK_SLACK_MS;
    const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
    const from = oldestMs > 0 ? await reader.offsetAtOrAfter(topic, partition, oldestMs) : begin;
    return { begin, from: from ?? end, end };
  }

  private tell(kind: StoredDifference['kind'], partition: number, offset: number, key: string | null): void {
    this.counts[kind] += 1;
    if (this.differences.length < MOST_DIFFERENCES) this.differences.push({ kind, partition, offset, key });
  }
}
