import type { BatchPosition, EventBatch } from '@tillstream/core';
import { formatEventTime, lookbackMs } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { newestBatch } from '../task/batch-search';
import { firstBatch, lastBatch } from '../task/readable-batch';
import { StopPartitionError } from '../task/stop-partition';
import type { RowsTail, RowsTails } from './rows-tail';

/** Where a tracker without a checkpoint begins. */
export interface TrackerRebuildStart {
  /** Offset in `enriched` to read from. */
  readonly seek: number;
  readonly next: number;
  readonly before: BatchPosition;
  /** Rows up to this event time may be missing, and nothing that was made of them stands in the log. */
  readonly sinceMs: number;
}

/**
 * Finds where a partition of the tracker must begin when the store knows nothing of it.
 *
 * Through the tails of its rows everything is in the log. So what has to be known again is what was open there: the newest batch
 * will do before which no row belongs to a session that was open, or to one whose end still decided whether others came too late,
 * or is a view of a purchase that was not decided. Rows from the tails on may be told to be late by nobody yet.
 */
export async function findTrackerStart(
  reader: LogReader,
  file: StreamDefinition,
  history: DefinitionHistory,
  tails: RowsTails,
  partition: number,
  task: string,
): Promise<TrackerRebuildStart> {
  const { enriched } = file.topics;
  const begin = await reader.begin(enriched, partition);
  const end = await reader.end(enriched, partition);
  const first = await firstBatch(reader, enriched, partition, begin, end);
  if (!first) throw new Error(`${enriched}/${partition} holds no batch: there is nothing to rebuild from`);
  const reached = [tails.sessions, tails.attribution].filter((tail) => tail !== null);
  if (reached.length === 0) {
    const declares = history.definitions().some(({ sessions, attribution }) => sessions ?? attribution);
    const start = declares ? first : ((await lastBatch(reader, file, partition)) ?? first);
    const { before, rawFrom } = start.batch;
    return { seek: start.offset, next: rawFrom, before, sinceMs: before.maxEventTimeMs };
  }
  const oldestMs = oldestNeededMs(history, tails);
  const saidThrough = Math.min(...reached.map(({ rawNext }) => rawNext));
  const mayBegin = ({ before, rawFrom }: EventBatch): boolean =>
    rawFrom <= saidThrough && (before.maxEventTimeMs === -Infinity || before.maxEventTimeMs < oldestMs);
  if (!mayBegin(first.batch)) {
    throw new StopPartitionError(
      'rebuild-impossible',
      task,
      `the store is empty and ${enriched} no longer holds the rows of what may be open, from ` +
        `${Number.isFinite(oldestMs) ? formatEventTime(oldestMs) : 'its begin'} on; restore a backup of the store, or ` +
        '`till skip` to the end of the log',
    );
  }
  const start = await newestBatch({ reader, topic: enriched, partition, first, end }, mayBegin);
  const { before, rawFrom } = start.batch;
  return { seek: start.offset, next: rawFrom, before, sinceMs: -Infinity };
}

/** No row before this has to be known, under whatever settings the tails were written. */
function oldestNeededMs(history: DefinitionHistory, { sessions, attribution }: RowsTails): number {
  const definitions = history.definitions();
  const longest = (spans: readonly number[]): number => Math.max(0, ...spans);
  const sessionMs = longest(definitions.flatMap((one) => (one.sessions ? sessionSpanMs(one.sessions) : [])));
  const withinMs = longest(definitions.flatMap((one) => one.attribution?.withinMs ?? []));
  const before = (tail: RowsTail | null, spanMs: number): number =>
    tail === null ? Infinity : tail.after.watermarkInputMs - spanMs;
  return Math.min(before(sessions, sessionMs), before(attribution, withinMs));
}

/** From the begin of an open session, and of what must be known before, to the watermark that its rows have reached. */
function sessionSpanMs(sessions: NonNullable<StreamDefinition['sessions']>): number {
  return sessions.maxDurationMs + lookbackMs(sessions);
}
