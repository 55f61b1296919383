import type { PartitionLog } from '../../metrics/testing/partition-log';
import type { ClosedSession } from '../session';
import type { LateVisit, SessionBook } from '../session-book';

/** Everything a book tells for good. */
export interface ToldVisits {
  readonly closed: ClosedSession[];
  readonly late: LateVisit[];
}

/** Applies the entries [from, to) of a log as one batch, record by record. */
export function applyEntries(book: SessionBook, log: PartitionLog, from: number, to: number, told: ToldVisits): void {
  const batch = log.batch(from, to);
  book.begin(batch);
  const { count, offsets, rowCounts, inputAfterMs } = batch.records;
  let row = 0;
  for (let record = 0; record < count; record++) {
    const end = row + (rowCounts[record] as number);
    book.add(row, end, offsets[record] as number);
    book.advance(inputAfterMs[record] as number, offsets[record] as number);
    row = end;
  }
  told.closed.push(...book.takeClosed());
  told.late.push(...book.takeLate());
}

/** Applies a log in batches that end behind the given entries; the last one ends with the log. */
export function applyVisits(book: SessionBook, log: PartitionLog, ends: readonly number[]): ToldVisits {
  const told: ToldVisits = { closed: [], late: [] };
  let from = 0;
  for (const end of [...ends, log.entries.length]) {
    const to = Math.min(end, log.entries.length);
    if (to < from) continue;
    applyEntries(book, log, from, to, told);
    from = to;
  }
  return told;
}
