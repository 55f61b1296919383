import type { EventBatch } from '@tillstream/core';
import type { LogReader } from '../ports/log';
import { recordsBetween } from './log-tail';
import type { PlacedBatch } from './readable-batch';
import { firstBatch, readableBatch } from './readable-batch';

/** Where batches are looked for: a partition of `enriched`, from a batch that is there to an offset. */
export interface SearchedLog {
  readonly reader: LogReader;
  readonly topic: string;
  readonly partition: number;
  readonly first: PlacedBatch;
  readonly end: number;
}

/** A zombie has no more batches under way than this when it comes back. */
export const COPIES_IN_A_ROW = 64;

/**
 * The newest batch of which something holds that holds of the first one and, once it does not, of none behind: a binary
 * search over headers. It is no copy that a zombie has written behind newer batches: reading on from one would meet a hole
 * that is none.
 */
export async function newestBatch(log: SearchedLog, holds: (batch: EventBatch) => boolean): Promise<PlacedBatch> {
  for (let high = log.end; ;) {
    const found = await searchBelow(log, high, holds);
    const newer = await newerBefore(log, found);
    if (newer === null) return found;
    high = newer;
  }
}

async function searchBelow(
  { reader, topic, partition, first }: SearchedLog,
  end: number,
  holds: (batch: EventBatch) => boolean,
): Promise<PlacedBatch> {
  let low = first;
  let high = end;
  while (high - low.offset > 1) {
    const middle = low.offset + Math.floor((high - low.offset) / 2);
    const probe = await firstBatch(reader, topic, partition, middle, high);
    if (probe && holds(probe.batch)) low = probe;
    else high = middle;
  }
  return low;
}

/** Offset of the first batch shortly before this one that reaches further than it does; null for a batch in its place. */
async function newerBefore(
  { reader, topic, partition, first }: SearchedLog,
  { offset, batch }: PlacedBatch,
): Promise<number | null> {
  const from = Math.max(first.offset, offset - COPIES_IN_A_ROW);
  for await (const record of recordsBetween(reader, topic, partition, from, offset)) {
    if ((readableBatch(record)?.rawNext ?? 0) > batch.rawNext) return record.offset;
  }
  return null;
}

/** The first batch behind all those for which something holds, as `newestBatch` finds them; null when it holds for all. */
export async function firstBatchWithout(
  log: SearchedLog,
  holds: (batch: EventBatch) => boolean,
): Promise<PlacedBatch | null> {
  if (!holds(log.first.batch)) return log.first;
  const { reader, topic, partition, end } = log;
  for (let from = (await newestBatch(log, holds)).offset + 1; ;) {
    const next = await firstBatch(reader, topic, partition, from, end);
    if (next === null || !holds(next.batch)) return next;
    from = next.offset + 1; // a copy misled the search
  }
}
