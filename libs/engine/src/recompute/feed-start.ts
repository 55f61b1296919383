import type { BatchPosition } from '@tillstream/core';
import { coversHorizon, emptyPosition } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import type { SearchedLog } from '../task/batch-search';
import { firstBatchWithout, newestBatch } from '../task/batch-search';
import { firstBatch } from '../task/readable-batch';

/** A raw position, and what stood there. */
export interface RawStart {
  readonly next: number;
  readonly position: BatchPosition;
}

/** Where the reading of one partition begins so that some windows come out as they did the first time. */
export interface FeedStart extends RawStart {
  readonly partition: number;
  /** Where the rows begin that decide which of those from `next` on are duplicates; null: there are none. */
  readonly horizon: (RawStart & { readonly seek: number }) | null;
  /** Offset in `enriched` of the batch that begins at `next`; null: from the beginning of the stream. */
  readonly seek: number | null;
  /** All rows of windows that begin here or later are still to come; earlier windows may lack rows. */
  readonly completeFromMs: number;
}

/** What a partition can no longer give. */
export class NothingRetainedError extends Error {
  override readonly name = 'NothingRetainedError';
  readonly code = 'NOTHING_RETAINED';

  constructor(
    readonly partition: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Where to begin reading raw so that every window which begins at `fromMs` or later can be computed anew: the newest
 * place before which no row belongs to such a window, with the rows in front of it that can make others duplicates.
 * What stood there (the watermark, above all) is what the header of the batch says that begins there; from the very
 * beginning of the stream on nothing need be believed.
 *
 * Where too little of raw is retained, `completeFromMs` says which windows still can be.
 *
 * @throws NothingRetainedError when not one window can be
 */
export async function findRawStart(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
  fromMs: number,
  fromTheBeginning = false,
): Promise<FeedStart> {
  const { raw, enriched } = definition.topics;
  const rawBegin = await reader.begin(raw, partition);
  if (rawBegin === 0 && (fromTheBeginning || fromMs === -Infinity)) return theBeginning(partition);
  if (fromTheBeginning) {
    throw new NothingRetainedError(
      partition,
      `${raw}/${partition} no longer holds its beginning: its first record is at offset ${rawBegin}`,
    );
  }
  const log = await searchedLog(reader, enriched, partition);
  const isThere = ({ rawFrom }: { readonly rawFrom: number }): boolean => rawFrom >= rawBegin;
  const first = log && (await firstBatchWithout(log, (batch) => !isThere(batch)));
  if (!log || !first) {
    if (rawBegin === 0) return theBeginning(partition);
    throw new NothingRetainedError(
      partition,
      `nothing in ${enriched}/${partition} says what stood where ${raw}/${partition} begins now, at offset ${rawBegin}`,
    );
  }
  const { dedupe } = definition.schema;
  const kept: SearchedLog = { ...log, first };
  const isBefore = (start: { readonly before: BatchPosition }): boolean => start.before.maxEventTimeMs < fromMs;
  let start = isBefore(first.batch) ? await newestBatch(kept, isBefore) : first;
  if (!coversHorizon(dedupe, first.batch, start.batch.before)) {
    if (rawBegin === 0) return theBeginning(partition);
    const covered = await firstBatchWithout(kept, ({ before }) => !coversHorizon(dedupe, first.batch, before));
    if (!covered) {
      throw new NothingRetainedError(
        partition,
        `${raw}/${partition} begins at offset ${rawBegin}, too late to tell duplicates from others anywhere behind it`,
      );
    }
    start = covered;
  }
  if (rawBegin === 0 && start.batch.before.maxEventTimeMs >= fromMs) return theBeginning(partition);
  const { before, rawFrom } = start.batch;
  const horizon =
    before.rowsSeen === 0
      ? null
      : await newestBatch({ ...kept, end: start.offset + 1 }, (batch) => coversHorizon(dedupe, batch, before));
  return {
    partition,
    next: rawFrom,
    position: before,
    horizon: horizon && { next: horizon.batch.rawFrom, position: horizon.batch.before, seek: horizon.offset },
    seek: start.offset,
    completeFromMs: before.maxEventTimeMs < fromMs ? -Infinity : before.maxEventTimeMs + 1,
  };
}

/**
 * The same for reading `enriched` instead of raw: nothing need be known there of duplicates.
 *
 * @throws NothingRetainedError when the partition holds no batch although raw has had records
 */
export async function findEnrichedStart(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
  fromMs: number,
): Promise<FeedStart> {
  const { enriched, raw } = definition.topics;
  const log = await searchedLog(reader, enriched, partition);
  if (!log) {
    if ((await reader.end(raw, partition)) === 0 || (await reader.begin(enriched, partition)) === 0) {
      return theBeginning(partition);
    }
    throw new NothingRetainedError(partition, `${enriched}/${partition} no longer holds any batch`);
  }
  const isBefore = (start: { readonly before: BatchPosition }): boolean => start.before.maxEventTimeMs < fromMs;
  const start = isBefore(log.first.batch) ? await newestBatch(log, isBefore) : log.first;
  const { before, rawFrom } = start.batch;
  const isWhole = before.maxEventTimeMs < fromMs || before.rowsSeen === 0;
  return {
    partition,
    next: rawFrom,
    position: before,
    horizon: null,
    seek: start.offset,
    completeFromMs: isWhole ? -Infinity : before.maxEventTimeMs + 1,
  };
}

function theBeginning(partition: number): FeedStart {
  return { partition, next: 0, position: emptyPosition(), horizon: null, seek: null, completeFromMs: -Infinity };
}

/** What is retained of a partition of `enriched`; null when it holds no batch. */
async function searchedLog(reader: LogReader, topic: string, partition: number): Promise<SearchedLog | null> {
  const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
  const first = await firstBatch(reader, topic, partition, begin, end);
  return first && { reader, topic, partition, first, end };
}
