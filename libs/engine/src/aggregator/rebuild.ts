import type { BatchPosition, EventBatch, LateCount, MetricDefinition, MetricSpan } from '@tillstream/core';
import {
  ALWAYS,
  formatEventTime,
  isTotal,
  lookbackMs,
  oldestOpenStart as oldestOpenWindow,
  unsureMs,
} from '@tillstream/core';
import type { Frontier, StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, decodePartsRecord, readMetricsKey } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader, NewRecord } from '../ports/log';
import { newestBatch } from '../task/batch-search';
import { newestFirst, recordsBetween } from '../task/log-tail';
import type { PlacedBatch } from '../task/readable-batch';
import { firstBatch } from '../task/readable-batch';
import { StopPartitionError } from '../task/stop-partition';

/** Where a task without a checkpoint begins. */
export interface RebuildStart {
  /** Offset in `enriched` to read from. */
  readonly seek: number;
  readonly next: number;
  readonly before: BatchPosition;
  /** Windows that begin earlier are not published: they are closed and were published, or are incomplete here. */
  readonly completeFromMs: number;
  /** By identity, which windows the partition has whole of metrics that were not declared all the time. */
  readonly spans?: ReadonlyMap<string, MetricSpan>;
}

/**
 * Finds where a partition of the aggregator must begin when the store knows nothing of it.
 *
 * All output below this partition's last acknowledged frontier is in the log. So the oldest window to rebuild is the
 * first that frontier has not closed, and the newest batch before which no row belongs to that window will do.
 */
export async function findRebuildStart(
  reader: LogReader,
  file: StreamDefinition,
  history: DefinitionHistory,
  partition: number,
  task: string,
): Promise<RebuildStart> {
  const { enriched } = file.topics;
  const begin = await reader.begin(enriched, partition);
  const end = await reader.end(enriched, partition);
  const first = await firstBatch(reader, enriched, partition, begin, end);
  if (!first) throw new Error(`${enriched}/${partition} holds no batch: there is nothing to rebuild from`);
  const frontier = await lastFrontier(reader, file, partition);
  if (frontier === null) {
    if (first.batch.before.rowsSeen === 0) return beginningAt(first, history);
    throw new StopPartitionError(
      'rebuild-impossible',
      task,
      'the store is empty, and neither the beginning of the stream nor a frontier of this partition is retained, so ' +
        'nobody can say which windows were published; restore a backup of the store, or `till skip` to the end of the log',
    );
  }
  const oldestMs = oldestOpenStart(history, frontier);
  if (first.batch.before.rowsSeen === 0 && history.metrics().some(({ window }) => isTotal(window))) {
    // Totals are whole once more when all rows are read; whatever else comes of them has been told, byte for byte.
    return beginningAt(first, history);
  }
  if (first.batch.before.maxEventTimeMs >= oldestMs) {
    throw new StopPartitionError(
      'rebuild-impossible',
      task,
      `the store is empty and ${enriched} no longer holds the rows of the windows from ` +
        `${formatEventTime(oldestMs)} on; restore a backup of the store, or \`till skip\` to the end of the log`,
    );
  }
  const log = { reader, topic: enriched, partition, first, end };
  const start = await newestBatch(log, (batch) => mayBegin(batch, oldestMs, frontier));
  const { before, rawFrom } = start.batch;
  return {
    seek: start.offset,
    next: rawFrom,
    before,
    completeFromMs: before.maxEventTimeMs + 1,
    ...(frontier.spans && { spans: frontier.spans }),
  };
}

/** The begin of a stream. What is made of events may begin behind some: its windows are whole from there on. */
function beginningAt({ offset, batch: { before, rawFrom } }: PlacedBatch, history: DefinitionHistory): RebuildStart {
  const start = { seek: offset, next: rawFrom, before, completeFromMs: -Infinity };
  if (before.maxEventTimeMs === -Infinity) return start;
  const spans = new Map(
    history.metrics().map(({ identity, window }) => {
      return [identity, { ...ALWAYS, fromMs: before.maxEventTimeMs + 1 + unsureMs(window) }];
    }),
  );
  return { ...start, spans };
}

/** Start of the oldest window that a frontier leaves open, of all metrics that were computed there, less what sessions need before. */
function oldestOpenStart(history: DefinitionHistory, { definition, spans, watermarkInputMs }: Frontier): number {
  const declared = new Set(history.find(definition ?? '')?.metrics.map(({ identity }) => identity));
  return history.metrics().reduce((oldest, metric) => {
    const span = spans?.get(metric.identity);
    if (!span && !declared.has(metric.identity)) return oldest;
    const openMs = Math.max(firstOpenStart(metric, watermarkInputMs), span?.fromMs ?? -Infinity);
    return Math.min(oldest, openMs - lookbackMs(metric.window));
  }, Infinity);
}

/** No window of a metric that is open at a watermark input begins before this. */
export function firstOpenStart({ window, outOfOrdernessMs }: MetricDefinition, watermarkInputMs: number): number {
  return oldestOpenWindow(window, watermarkInputMs - outOfOrdernessMs);
}

/**
 * Takes back what is told of running totals that begin anew: of a group that has no rows any more nobody would say so.
 *
 * @param metrics all that the partition is final for itself
 */
export async function staleTotals(
  reader: LogReader,
  { topics: { metrics: topic } }: StreamDefinition,
  metrics: readonly MetricDefinition[],
  partition: number,
): Promise<NewRecord[]> {
  const totals = new Set(
    metrics.filter(({ window, local }) => local && isTotal(window)).map(({ identity }) => identity),
  );
  const stale = new Map<string, NewRecord>();
  if (totals.size === 0) return [];
  const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
  for await (const record of recordsBetween(reader, topic, partition, begin, end)) {
    const { key, value } = record;
    const read = key && readMetricsKey(key);
    if (!read || read.of !== 'provisional' || !totals.has(read.identity)) continue;
    const name = new TextDecoder().decode(key);
    if (value === null) stale.delete(name);
    else stale.set(name, { key, value: null });
  }
  return [...stale.values()];
}

/** The newest late counts of this partition, for `seedLateCounts`. */
export async function lastLateCounts(
  reader: LogReader,
  { topics: { metrics: topic } }: StreamDefinition,
  metrics: readonly MetricDefinition[],
  partition: number,
): Promise<LateCount[]> {
  const byIdentity = new Map(metrics.map((metric) => [metric.identity, metric]));
  const newest = new Map<string, LateCount>();
  const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
  for await (const record of recordsBetween(reader, topic, partition, begin, end)) {
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind !== 'late-count') continue;
    const metric = byIdentity.get(decoded.identity);
    if (!metric) continue;
    const key = `${decoded.identity}/${decoded.startMs}`;
    const known = newest.get(key);
    if (known && known.revision >= decoded.revision) continue;
    const { startMs, endMs, count, revision } = decoded;
    newest.set(key, { metric, startMs, endMs, count, revision });
  }
  return [...newest.values()];
}

/**
 * Watermark input of the newest frontier this partition has sent and had acknowledged; null when none is retained, or only
 * such as were sent before the first row. A zombie's older frontier in its place leads further back, which is as right.
 */
async function lastFrontier(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
): Promise<Frontier | null> {
  for await (const record of newestFirst(reader, definition.topics.parts, partition)) {
    const decoded = decodePartsRecord(record);
    if (decoded.kind !== 'frontier' || decoded.source !== partition) continue;
    if (decoded.frontier.watermarkInputMs !== -Infinity) return decoded.frontier;
  }
  return null;
}

/**
 * May a rebuild begin with a batch? No row before it belongs to a window that begins at `oldestMs` or later. Rows from
 * the published position on may have missed windows without anybody having been told; and what another definition that comes
 * into force there begins and retires is decided by whoever passes the record that says so.
 */
function mayBegin({ rawFrom, before }: EventBatch, oldestMs: number, published: Frontier): boolean {
  if (before.maxEventTimeMs >= oldestMs) return false;
  return rawFrom < published.rawNext || (rawFrom === published.rawNext && before.definition === published.definition);
}
