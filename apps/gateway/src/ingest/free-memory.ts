/** A shorter one may be a part of memory that many share; what is more around a longer one is its frame. */
const OWN_FROM_BYTES = 64 * 1024;
const MOST_FRAME_BYTES = 4 * 1024;

/**
 * Gives memory back at once, instead of when the heap is collected next. Nobody may use it any more, nor any view of it. What
 * has not its memory to itself is left to the collector.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  const around = buffer.byteLength - byteLength;
  const isOwn = around === 0 || (byteLength >= OWN_FROM_BYTES && around <= MOST_FRAME_BYTES);
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
