import type { SavedPiece } from '../../metrics/checkpoint/metric-checkpoint';
import type { DeltaSet } from '../../metrics/slices/delta-book';
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

/** What a book has saved, as the store keeps it: deltas in the order of their commits. */
export class SavedAttribution {
  readonly slices = new Map<string, Uint8Array[]>();

  commit({ deltas, rewrites, drops }: DeltaSet): void {
    for (const { slice, bytes } of deltas) this.slices.set(slice, [...(this.slices.get(slice) ?? []), bytes]);
    for (const { slice, bytes } of rewrites) this.slices.set(slice, [bytes]);
    for (const slice of drops) expect(this.slices.delete(slice)).toBe(true);
  }

  /** `repeat`: deltas may stand there more than once. */
  pieces(repeat: boolean): SavedPiece[] {
    return [...this.slices].flatMap(([slice, list]) => {
      const once = list.map((bytes) => ({ slice, bytes }));
      return repeat ? once.flatMap((delta, i) => [...once.slice(Math.max(0, i - 1), i), delta]) : once;
    });
  }
}
