import type { EventBatch } from '@tillstream/core';
import { EventBatchFormatError, decodeEventBatch } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader, LogRecord } from '../ports/log';
import { newestFirst, recordsBetween } from './log-tail';

/** A batch and where it stands in `enriched`. */
export interface PlacedBatch {
  readonly offset: number;
  readonly batch: EventBatch;
}

/**
 * The batch of a record of `enriched`; null for a record that holds none: a marker, what somebody else has written to the
 * topic, a batch that was damaged. That nothing is lost with such a record shows in the batch behind it, which says where
 * it begins.
 */
export function readableBatch({ value }: Pick<LogRecord, 'value'>): EventBatch | null {
  if (!value) return null;
  try {
    return decodeEventBatch(value);
  } catch (cause) {
    if (cause instanceof EventBatchFormatError) return null;
    throw cause;
  }
}

/** The oldest batch in [from, to); null when there is none. */
export async function firstBatch(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  to: number,
): Promise<PlacedBatch | null> {
  for await (const record of recordsBetween(reader, topic, partition, from, to)) {
    const batch = readableBatch(record);
    if (batch) return { offset: record.offset, batch };
  }
  return null;
}

/** The newest batch of a partition of `enriched`; null when there is none. */
export async function lastBatch(
  reader: LogReader,
  { topics }: StreamDefinition,
  partition: number,
): Promise<PlacedBatch | null> {
  for await (const record of newestFirst(reader, topics.enriched, partition)) {
    const batch = readableBatch(record);
    if (batch) return { offset: record.offset, batch };
  }
  return null;
}
