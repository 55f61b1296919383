import type { SliceDelta } from '@tillstream/engine';

const HEADER_BYTES = 16;

/** A delta as it lies in its list: the range as two 64-bit numbers, then its bytes. */
export function encodeDelta({ rawFrom, rawNext, bytes }: SliceDelta): Buffer {
  const blob = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  blob.writeBigInt64BE(BigInt(rawFrom), 0);
  blob.writeBigInt64BE(BigInt(rawNext), 8);
  blob.set(bytes, HEADER_BYTES);
  return blob;
}

/** The bytes are a view on the blob. @throws CheckpointDamagedError for a blob without a range. */
export function decodeDelta(slice: string, blob: Buffer): SliceDelta {
  if (blob.length < HEADER_BYTES) throw new CheckpointDamagedError(slice, `a delta has ${blob.length} bytes`);
  return {
    slice,
    rawFrom: Number(blob.readBigInt64BE(0)),
    rawNext: Number(blob.readBigInt64BE(8)),
    bytes: blob.subarray(HEADER_BYTES),
  };
}

/** The store holds less than its checkpoint says: somebody else has written, evicted or deleted keys. */
export class CheckpointDamagedError extends Error {
  override readonly name = 'CheckpointDamagedError';
  readonly code = 'CHECKPOINT_DAMAGED';

  constructor(
    readonly slice: string,
    reason: string,
  ) {
    super(`the checkpoint of slice ${slice} is damaged: ${reason}`);
  }
}
