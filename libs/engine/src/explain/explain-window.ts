import type { MetricsRecord, StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, encodeResults, groupJsonText, parseInstant } from '@tillstream/contracts';
import type { GroupValue, MetricDefinition } from '@tillstream/core';
import { isSession, isTotal } from '@tillstream/core';
import { readDefinitions } from '../definitions/definition-history';
import { latePlaceAt, lateRowsFrom } from '../late/late-log';
import type { LogReader } from '../ports/log';
import type { BatchFeed } from '../recompute/batch-feed';
import type { WantedRows } from '../recompute/open-feeds';
import { findStarts, openFeeds } from '../recompute/open-feeds';
import type { RecomputedWindow } from '../recompute/recomputation';
import { Recomputation } from '../recompute/recomputation';
import type { EnrichedRecords, PartitionCensus } from './row-census';
import { RowCensus } from './row-census';
import type { SampleRow } from './sample-rows';
import type { ToldHistory } from './told-history';
import { readToldHistory } from './told-history';

/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;
const MOST_SAMPLES = 20;

type Result = Extract<MetricsRecord, { kind: 'result' }>;

export interface ExplainOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  readonly metric: MetricDefinition;
  /** A multiple of the metric's hop. */
  readonly startMs: number;
  /** In the order of groupBy: money in minor units, timestamps in epoch ms. */
  readonly group: readonly GroupValue[];
  /** No more than 20. */
  readonly mostSamples?: number;
  /** Awaited after each batch: lets others work, and throws to give up. */
  readonly breathe?: () => Promise<void>;
}

/** How what stands and what raw gives go together. */
export type ExplainVerdict =
  /** The final that stands is what raw gives, byte for byte. */
  | 'equal'
  /** It is not. */
  | 'differs'
  /** Raw gives a final, and it does not stand there although its window is said to be complete. */
  | 'missing'
  /** A final stands there that raw does not give. */
  | 'surplus'
  /** Raw gives a final, and services have not told it: they have not come so far, or never had to. */
  | 'untold'
  /** The window is not closed: what stands and what was computed may be of different moments. */
  | 'open'
  /** There is no result, and none stands there: no row counts, or `having` leaves it out. */
  | 'none';

export interface Explanation {
  readonly startMs: number;
  readonly endMs: number;
  readonly verdict: ExplainVerdict;
  readonly history: ToldHistory;
  /** What raw gives; null: nothing. */
  readonly recomputed: Result | null;
  /** Raw has closed the window in every partition that decides about it. */
  readonly isClosed: boolean;
  /** By partition of raw. */
  readonly partitions: readonly PartitionCensus[];
  readonly samples: readonly SampleRow[];
  /** Of sampled writes that have brought counted rows. */
  readonly traceIds: readonly string[];
}

/** Raw no longer holds all rows of a window. */
export class WindowNotRetainedError extends Error {
  override readonly name = 'WindowNotRetainedError';
  readonly code = 'WINDOW_NOT_RETAINED';

  constructor(
    readonly startMs: number,
    /** Windows that begin here or later can be explained. */
    readonly earliestMs: number,
  ) {
    super(`raw no longer holds all rows of the window that begins at epoch ms ${startMs}`);
  }
}

/**
 * How one number came about: computes a group's window once more from raw, counts what became of each row that could be in it,
 * and reads what services have told of it. Writes nothing. Holds no more than what the computation of one window needs, and
 * some samples.
 *
 * @throws WindowNotRetainedError, NothingRetainedError when raw no longer holds what is needed; RangeError for a group
 * that the metric cannot have, and for other windows than those of one size
 */
export async function explainWindow(options: ExplainOptions): Promise<Explanation> {
  const { reader, definition, metric, startMs, group } = options;
  const { schema } = definition;
  const { window: windows } = metric;
  if (isSession(windows) || isTotal(windows)) {
    throw new RangeError(`${metric.name} has no windows of one size: only these are explained`);
  }
  const breathe = options.breathe ?? (() => Promise.resolve());
  const groupText = groupJsonText(group, metric, schema);
  const definitions = await readDefinitions(reader, definition);
  const wanted: WantedRows = { reader, definition, history: definitions, source: 'raw', fromMs: startMs, breathe };
  const starts = await findStarts(wanted);
  if (starts.fromMs > startMs) throw new WindowNotRetainedError(startMs, starts.fromMs);

  const mostSamples = Math.min(options.mostSamples ?? MOST_SAMPLES, MOST_SAMPLES);
  const census = new RowCensus({ schema, metric, startMs, endMs: startMs + windows.sizeMs, group }, mostSamples);
  const read = new Map<number, EnrichedRecords>();
  const feeds = await openFeeds(wanted, starts, (partition, result, records, readUnder) =>
    read.set(partition, { result, records, schema: readUnder }),
  );
  for (const { start } of feeds) {
    const partition = census.partitions[start.partition] as PartitionCensus;
    partition.readFrom = partition.readNext = start.next;
  }
  const recomputation = new Recomputation({
    definition,
    metrics: [metric],
    partitions: feeds.map(({ start, feed }) => ({ start, feed: observed(feed, census, read, breathe) })),
    fromMs: startMs,
    toMs: startMs + 1,
  });

  let found: FoundResult | null = null;
  for await (const window of recomputation.windows()) found ??= resultIn(window, groupText, definition);
  const closed = census.partitions.filter(({ closedAt }) => closedAt !== null);
  if (!found) {
    for (const window of recomputation.openWindows()) found ??= resultIn(window, groupText, definition);
  }
  await addLedger(options, census, breathe);

  const counting = census.partitions.filter(({ rows }) => rows.counted > 0).map(({ partition }) => partition);
  const all = census.partitions.map(({ partition }) => partition);
  const toldIn = found ? [found.partition] : metric.local && counting.length > 0 ? counting : all;
  const history = await readToldHistory(
    reader,
    definition,
    { metric, startMs, groupText, partitions: toldIn },
    breathe,
  );
  const isClosed =
    metric.local && counting.length > 0
      ? counting.every((partition) => census.partitions[partition]?.closedAt !== null)
      : closed.length === census.partitions.length;
  return {
    startMs,
    endMs: startMs + windows.sizeMs,
    verdict: verdictOf(history, found, isClosed),
    history,
    recomputed: found?.result ?? null,
    isClosed,
    partitions: census.partitions,
    samples: census.sampleRows,
    traceIds: [...census.traceIds],
  };
}

interface FoundResult {
  readonly result: Result;
  readonly value: Uint8Array;
  /** Of `metrics`. */
  readonly partition: number;
}

/** A feed that shows each batch to the census before it goes on. */
function observed(
  feed: BatchFeed,
  census: RowCensus,
  read: Map<number, EnrichedRecords>,
  breathe: () => Promise<void>,
): BatchFeed {
  return {
    partition: feed.partition,
    get progress() {
      return feed.progress;
    },
    next: async () => {
      await breathe();
      const batch = await feed.next();
      const made = read.get(feed.partition);
      if (batch && made) census.add(batch, made);
      read.delete(feed.partition);
      return batch;
    },
  };
}

function resultIn(
  { results, partition }: RecomputedWindow,
  groupText: string,
  { schema }: StreamDefinition,
): FoundResult | null {
  if (!results) return null;
  for (const record of encodeResults(results, schema)) {
    const result = decodeMetricsRecord(record);
    if (result.kind !== 'result' || result.groupKey !== groupText || result.retracted) continue;
    return { result, value: record.value ?? new Uint8Array(0), partition };
  }
  return null;
}

/** Rows that came when the window was long closed stand behind what was read: the ledger knows them. */
async function addLedger(
  { reader, definition, metric, startMs }: ExplainOptions,
  census: RowCensus,
  breathe: () => Promise<void>,
): Promise<void> {
  const { topics, schema } = definition;
  const appendMs = startMs - schema.eventTime.futureToleranceMs - CLOCK_SLACK_MS;
  for (const { partition, readNext } of census.partitions) {
    const place = await latePlaceAt(reader, definition, partition, appendMs);
    const end = await reader.end(topics.late, partition);
    for await (const { entry } of lateRowsFrom(reader, definition, partition, place, end)) {
      if (!entry) await breathe();
      else if (entry.identity === metric.identity && entry.offset >= readNext && entry.missedMs.includes(startMs)) {
        census.addLate(entry, eventTimeOf(entry.json, definition));
      }
    }
  }
}

function eventTimeOf(json: string, { schema }: StreamDefinition): number {
  const row = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return parseInstant(row[schema.eventTime.field]) ?? NaN;
}

function verdictOf(
  { told, isClosed: isToldClosed }: ToldHistory,
  found: FoundResult | null,
  isClosed: boolean,
): ExplainVerdict {
  if (!isClosed) return 'open';
  if (told?.result.final === true) {
    if (!found) return 'surplus';
    return Buffer.compare(told.value, found.value) === 0 ? 'equal' : 'differs';
  }
  if (!found) return 'none';
  return isToldClosed ? 'missing' : 'untold';
}
