import { ID_HASH_BYTES } from '../hash/murmur3';

/** Collects the batch-ids of raw records, and which records of the batch carried them. */
export class BatchIdLog {
  private ids: Uint8Array[] = [];
  private records: number[] = [];

  add(id: Uint8Array, record: number): void {
    this.ids.push(id);
    this.records.push(record);
  }

  /** What was collected; empty afterwards. */
  finish(): { batchIds: Uint8Array; batchIdRecords: Uint32Array } {
    const batchIds = new Uint8Array(ID_HASH_BYTES * this.ids.length);
    this.ids.forEach((id, i) => batchIds.set(id, ID_HASH_BYTES * i));
    const batchIdRecords = Uint32Array.from(this.records);
    this.ids = [];
    this.records = [];
    return { batchIds, batchIdRecords };
  }
}
