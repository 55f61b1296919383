import { decodeMetricsRecord, encodeResults, type MetricsRecord, type StreamDefinition } from '@tillstream/contracts';
import { lookbackMs, type EnrichResult, type LateRow, type MetricDefinition, type ResultBlock } from '@tillstream/core';
import {
  findStarts,
  type LogReader,
  openFeeds,
  Recomputation,
  type RecomputedPartition,
  type StreamPart,
  streamParts,
} from '@tillstream/engine';
import type { WindowSpan } from '../options/window-range';
import type { TriedSinks } from './tried-sinks';

/** One group's window as computed. */
export type TriedResult = Extract<MetricsRecord, { kind: 'result' }>;

/** What became of the rows of raw. */
export interface TriedRows {
  rowsIn: number;
  accepted: number;
  duplicates: number;
  readonly refused: Map<string, number>;
  /** Rows of a metric that came when all their windows had been closed, by name. */
  readonly late: Map<string, number>;
}

export interface TryOptions {
  readonly reader: LogReader;
  /** The stream file that is tried; it need not be the one in force. */
  readonly definition: StreamDefinition;
  readonly metrics: readonly MetricDefinition[];
  /** Windows that are wanted, by their begin. */
  readonly span: WindowSpan;
  /** Takes what sinks would be given. */
  readonly sinks: TriedSinks;
  /** Called now and then with how much of raw has been read; throws to give up. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface Tried {
  readonly rows: TriedRows;
  /** Windows that begin earlier lack rows that raw no longer holds. */
  readonly completeFromMs: number;
}

/**
 * Computes metrics over a raw log off to the side, with the code that computes them live: what is closed is final, what is open when
 * the log ends is told as it stands. Nothing is written.
 *
 * @param take called for each result, windows in the order in which they close
 * @throws NothingRetainedError when raw holds too little
 */
export async function tryMetrics(
  { reader, definition, metrics, span, sinks, onProgress }: TryOptions,
  take: (metric: MetricDefinition, result: TriedResult) => Promise<void>,
): Promise<Tried> {
  const rows: TriedRows = { rowsIn: 0, accepted: 0, duplicates: 0, refused: new Map(), late: new Map() };
  let completeFromMs = -Infinity;
  for (const [index, part] of streamParts(definition, metrics).entries()) {
    // Events are counted once, however often they are read.
    const onEnriched = ({ batch, counts }: EnrichResult): void => {
      if (index > 0) return;
      count(rows, counts);
      sinks.noteEvents(batch);
    };
    const onLate = (late: readonly LateRow[]): void => late.forEach(({ metric }) => add(rows.late, metric.name, 1));
    const fromMs = await tryPart({ reader, definition, span, sinks, onProgress, onEnriched, onLate }, part, take);
    completeFromMs = Math.max(completeFromMs, fromMs);
  }
  return { rows, completeFromMs };
}

interface PartOptions extends Omit<TryOptions, 'metrics'> {
  readonly onEnriched: (result: EnrichResult) => void;
  readonly onLate: (late: readonly LateRow[]) => void;
}

/** @returns windows that begin earlier lack rows */
async function tryPart(
  { reader, definition, span, sinks, onProgress, onEnriched, onLate }: PartOptions,
  { stream, derived, metrics }: StreamPart,
  take: (metric: MetricDefinition, result: TriedResult) => Promise<void>,
): Promise<number> {
  const lookback = Math.max(0, ...metrics.map(({ window }) => lookbackMs(window)));
  const fromMs = span.fromMs - lookback;
  const wanted = { reader, definition, source: 'raw' as const, fromMs, ...(derived && { derived }) };
  const starts = await findStarts(wanted);
  const completeFromMs = starts.fromMs > wanted.fromMs ? starts.fromMs + lookback : -Infinity;
  const partitions = await openFeeds(wanted, starts, (_partition, result) => onEnriched(result));
  const recomputation = new Recomputation({
    definition: stream,
    metrics,
    partitions,
    knownFromMs: starts.fromMs,
    fromMs: Math.max(span.fromMs, completeFromMs),
    toMs: span.toMs,
    onProgress: () => tell(partitions, onProgress),
    onLate: (_partition, late) => onLate(late),
  });
  const takeAll = async (metric: MetricDefinition, block: ResultBlock): Promise<void> => {
    const records = encodeResults(block, stream.schema);
    sinks.noteResults(records);
    for (const record of records) {
      const result = decodeMetricsRecord(record);
      if (result.kind === 'result') await take(metric, result);
    }
  };
  for await (const { metric, results } of recomputation.windows()) if (results) await takeAll(metric, results);
  for (const { metric, results } of recomputation.openWindows()) if (results) await takeAll(metric, results);
  return completeFromMs;
}

function count(rows: TriedRows, counts: EnrichResult['counts']): void {
  rows.rowsIn += counts.rowsIn;
  rows.accepted += counts.accepted;
  rows.duplicates += counts.duplicates;
  for (const [code, refused] of Object.entries(counts.rejected)) add(rows.refused, code, refused);
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function tell(partitions: readonly RecomputedPartition[], onProgress: TryOptions['onProgress']): void {
  const progress = partitions.map(({ feed }) => feed.progress);
  onProgress(
    progress.reduce((sum, { from, next }) => sum + next - from, 0),
    progress.reduce((sum, { from, end }) => sum + end - from, 0),
  );
}
