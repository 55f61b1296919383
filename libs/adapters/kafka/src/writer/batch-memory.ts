import { BufferPool } from '@tillstream/core';

/** Node cuts smaller ones from a slab, which costs less than to use one again. */
const SMALLEST_BYTES = 16 * 1024;
const KEPT_BYTES = 8 * 1024 * 1024;

/** Memory for batches on their way to the broker, used again once they are there. */
export class BatchMemory {
  readonly #pool = new BufferPool(KEPT_BYTES);

  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES) return Buffer.allocUnsafe(bytes);
    return Buffer.from(this.#pool.take(bytes).buffer, 0, bytes);
  }

  /** @param batch what `take` gave, which nobody reads any more: neither we nor a socket */
  give(batch: Buffer): void {
    if (batch.length >= SMALLEST_BYTES) this.#pool.give(new Uint8Array(batch.buffer as ArrayBuffer));
  }
}
