import type { PartitionLog } from '../../metrics/testing/partition-log';
import type { AttributedPurchase, LateTouch } from '../attribution';
import type { AttributionBook } from '../attribution-book';

/** Everything a book tells, in the order in which it is told. */
export interface ToldAttributions {
  readonly decided: AttributedPurchase[];
  readonly late: LateTouch[];
}

/** Applies the entries [from, to) of a log as one batch. */
export function applyEntries(
  book: AttributionBook,
  log: PartitionLog,
  from: number,
  to: number,
  told: ToldAttributions,
): void {
  const batch = log.batch(from, to);
  book.begin(batch);
  let row = 0;
  for (let record = 0; record < batch.records.count; record++) {
    const end = row + (batch.records.rowCounts[record] as number);
    const offset = batch.records.offsets[record] as number;
    book.add(row, end, offset);
    book.advance(batch.records.inputAfterMs[record] as number, offset);
    row = end;
  }
  told.decided.push(...book.takeDecided());
  told.late.push(...book.takeLate());
}
