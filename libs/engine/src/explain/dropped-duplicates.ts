import type { EnrichResult, EventBatch, StreamSchema } from '@tillstream/core';
import { RawEnricher } from '@tillstream/core';
import { decodeRawRecord } from '@tillstream/contracts';
import type { LogRecord } from '../ports/log';
import { RowPlaces, eachRow } from '../recompute/row-places';

/** A batch of which only some rows are meant. */
export interface RowsOfBatch {
  readonly batch: EventBatch;
  readonly rows: readonly number[];
}

/** Nothing is ever within it: an enricher with these bounds knows no duplicates. */
const NO_HORIZON = { withinMs: -1, maxRows: 0 } as const;

/**
 * The rows that were left out of a batch because their id, or the id of their write, had stood before: what an enricher
 * without memory accepts beyond it. Records without duplicates are not read again.
 */
export function droppedDuplicates(
  schema: StreamSchema,
  { batch, counts }: EnrichResult,
  records: readonly LogRecord[],
): RowsOfBatch[] {
  if (counts.duplicates === 0) return [];
  const { rawFrom: next, before: position, partition } = batch;
  const enricher = new RawEnricher({ schema: { ...schema, dedupe: NO_HORIZON }, partition, next, position });
  const accepted = new RowPlaces(batch);
  const found: RowsOfBatch[] = [];
  let waiting = records.map(decodeRawRecord);
  while (waiting.length > 0) {
    const { batch: all, consumed } = enricher.apply(waiting);
    waiting = waiting.slice(consumed);
    const rows: number[] = [];
    eachRow(all, (row, offset, index) => {
      if (accepted.find(offset, index) < 0) rows.push(row);
    });
    if (rows.length > 0) found.push({ batch: all, rows });
  }
  return found;
}
