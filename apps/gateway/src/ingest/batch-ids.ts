import { createHash, randomFillSync } from 'node:crypto';

/** What makes a body's batch-ids the same each time the client sends it. */
export interface Idempotency {
  readonly stream: string;
  /** Keys of different callers never meet. */
  readonly callerId: string;
  readonly key: string;
}

/** Gives each raw record of a body its batch-id: 16 bytes. */
export type BatchIdSource = (partition: number, recordNumber: number, value: Uint8Array) => Uint8Array;

const BATCH_ID_BYTES = 16;
const POOLED_IDS = 256;
let pool = new Uint8Array(0);

/** Ids that never come again: the writer repeats a record's bytes, so its own retries are recognised. */
export const randomBatchId: BatchIdSource = () => {
  if (pool.length === 0) pool = randomFillSync(new Uint8Array(BATCH_ID_BYTES * POOLED_IDS));
  const id = pool.subarray(0, BATCH_ID_BYTES);
  pool = pool.subarray(BATCH_ID_BYTES);
  return id;
};

/**
 * Ids that are a function of the body: when a client sends it again with the same key, the enricher drops what it already has.
 * The record's bytes are part of it, so a key that is used again for another body by mistake loses nothing.
 */
export function derivedBatchIds({ stream, callerId, key }: Idempotency): BatchIdSource {
  const keyHash = createHash('sha256').update(key).digest('hex');
  return (partition, recordNumber, value) =>
    createHash('sha256')
      .update(`${stream}|${callerId}|${keyHash}|${partition}|${recordNumber}|`)
      .update(value)
      .digest()
      .subarray(0, BATCH_ID_BYTES);
}
