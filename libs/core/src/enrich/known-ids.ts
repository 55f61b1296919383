import type { BatchPosition, EventBatch } from '../batch/event-batch';
import { ID_HASH_BYTES } from '../hash/murmur3';
import { paddedView } from '../hash/word-slack';
import type { DedupeBounds } from '../stream/schema';

import { DedupeHorizon } from './dedupe-horizon';

/** Which ids, of rows and of batches as gateways write them, stood in one partition within the bounds of its dedupe horizon. */
export class KnownIds {
  readonly ofRows: DedupeHorizon;
  readonly ofBatches: DedupeHorizon;
  /** First raw offset behind the batches that were remembered; -1 before the first. */
  private remembered = -1;

  constructor(bounds: DedupeBounds) {
    this.ofRows = new DedupeHorizon(bounds);
    this.ofBatches = new DedupeHorizon(bounds);
  }

  /** `rowsSeen` rows stand before the record, `appendMs` is the newest append time with its own. */
  beginRecord(rowsSeen: number, appendMs: number): void {
    this.ofRows.beginRecord(rowsSeen, appendMs);
    this.ofBatches.beginRecord(rowsSeen, appendMs);
  }

  /**
   * Takes in the ids of a batch, as far as its records stand before `next` and behind what was remembered before.
   *
   * @throws RangeError for a hole between this batch and the one before
   */
  remember(batch: EventBatch, next: number): void {
    if (this.remembered >= 0 && batch.rawFrom > this.remembered) {
      throw new RangeError(`raw records [${this.remembered}, ${batch.rawFrom}) are missing from the dedupe horizon`);
    }
    const { records, validCounts, idCounts, ids, idRows, batchIds, batchIdRecords } = batch;
    const idView = paddedView(ids);
    const batchIdView = paddedView(batchIds);
    let { rowsSeen, maxAppendMs } = batch.before;
    let id = 0;
    let batchId = 0;
    for (let record = 0; record < records.count; record++) {
      const offset = records.offsets[record] as number;
      const valid = validCounts[record] as number;
      const idsEnd = id + (idCounts[record] as number);
      maxAppendMs = Math.max(maxAppendMs, records.appendMs[record] as number);
      const isNew = offset >= this.remembered && offset < next;
      if (isNew) this.beginRecord(rowsSeen, maxAppendMs);
      for (let place = 0; id < idsEnd; id++, place++) {
        if (isNew) this.ofRows.take(idView, ID_HASH_BYTES * id, idRows?.[id] ?? place);
      }
      if (batchIdRecords[batchId] === record) {
        if (isNew && valid > 0) this.ofBatches.take(batchIdView, ID_HASH_BYTES * batchId, valid - 1);
        batchId++;
      }
      rowsSeen += valid;
    }
    this.remembered = Math.max(this.remembered, batch.rawNext);
  }
}

/**
 * Whether no row before `batch` can make a row at or after `position` a duplicate: the batch to begin with when the
 * horizon at `position` is rebuilt.
 */
export function coversHorizon(
  { withinMs, maxRows }: DedupeBounds,
  batch: EventBatch,
  position: BatchPosition,
): boolean {
  const { before } = batch;
  if (before.rowsSeen === 0) return true;
  return position.maxAppendMs - before.maxAppendMs > withinMs || position.rowsSeen + 1 - before.rowsSeen > maxRows;
}
