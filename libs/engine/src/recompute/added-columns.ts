import type { EventBatch, Field, RawRecord, StreamSchema } from '@tillstream/core';
import { RawEnricher } from '@tillstream/core';
import { selectRows } from '../task/batch-without-rows';
import { RowPlaces, eachRow } from './row-places';

/** Nothing is ever within it: which rows are duplicates has been decided. */
const NO_HORIZON = { withinMs: -1, maxRows: 0 } as const;

/** Fields that were declared later than the stream file that batches are made under. */
export interface AddedFields {
  /** Declares them. */
  readonly newest: StreamSchema;
  /** Of the stream file that the batches are made under. */
  readonly inForce: StreamSchema;
  readonly fields: readonly Field[];
}

/**
 * The batch of some records with what these say of fields that were declared later: null in a row that does not say it as
 * declared.
 *
 * @param records all that the batch was made of
 */
export function withAddedFields(
  { newest, inForce, fields }: AddedFields,
  batch: EventBatch,
  records: readonly RawRecord[],
): EventBatch {
  const schema = { ...newest, eventTime: inForce.eventTime, dedupe: NO_HORIZON };
  const { partition, rawFrom: next, before: position } = batch;
  const { batch: read, consumed } = new RawEnricher({ schema, partition, next, position }).apply(records);
  if (consumed < records.length) throw new RangeError('a batch was made of more records than go into one');
  const places = new RowPlaces(read);
  const rows: number[] = [];
  eachRow(batch, (_row, offset, index) => rows.push(places.find(offset, index)));
  const columns = new Map(batch.columns);
  for (const { number } of fields) {
    const column = read.columns.get(number);
    if (column) columns.set(number, selectRows(column, rows));
  }
  return { ...batch, columns };
}
