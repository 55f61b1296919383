import type { EnrichResult, EventBatch, StreamSchema } from '@tillstream/core';
import { RawEnricher } from '@tillstream/core';
import { decodeRawRecord } from '@tillstream/contracts';
import type { LogRecord } from '../ports/log';

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
  const accepted = new Places(batch);
  const found: RowsOfBatch[] = [];
  let waiting = records.map(decodeRawRecord);
  while (waiting.length > 0) {
    const { batch: all, consumed } = enricher.apply(waiting);
    waiting = waiting.slice(consumed);
    const rows: number[] = [];
    eachRow(all, (row, offset, index) => {
      if (!accepted.take(offset, index)) rows.push(row);
    });
    if (rows.length > 0) found.push({ batch: all, rows });
  }
  return found;
}

/** Calls with each row, the raw offset of its record, and its place there, in raw order. */
export function eachRow(batch: EventBatch, call: (row: number, offset: number, index: number) => void): void {
  const { records, rowIndexes } = batch;
  let row = 0;
  for (let record = 0; record < records.count; record++) {
    const offset = records.offsets[record] as number;
    for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
      call(row, offset, rowIndexes[row] as number);
    }
  }
}

/** The places of a batch's rows, asked for in raw order. */
class Places {
  private readonly offsets: number[] = [];
  private readonly indexes: number[] = [];
  private at = 0;

  constructor(batch: EventBatch) {
    eachRow(batch, (_row, offset, index) => {
      this.offsets.push(offset);
      this.indexes.push(index);
    });
  }

  /** Is there a row at a place? Places are asked for in raw order, each once. */
  take(offset: number, index: number): boolean {
    const isThere = this.offsets[this.at] === offset && this.indexes[this.at] === index;
    if (isThere) this.at += 1;
    return isThere;
  }
}
