/** Below this a buffer of its own is cheaper than a used one. */
const SMALLEST_BYTES = 16 * 1024;

/**
 * Memory that is used again. For who needs much of it for a short time: V8 counts what is allocated, however briefly it is
 * needed, and looks through the whole heap each time so much of it has come together.
 */
export class BufferPool {
  private readonly spare: ArrayBuffer[] = [];
  private spareBytes = 0;

  /** @param keptBytes of what is given back, so much is kept at most */
  constructor(private readonly keptBytes: number) {}

  /** `bytes` bytes that nobody else has, with anything in them. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes < SMALLEST_BYTES) return new Uint8Array(bytes);
    // What came back last is in the processor's caches still.
    for (let i = this.spare.length - 1; i >= 0; i--) {
      const buffer = this.spare[i] as ArrayBuffer;
      if (buffer.byteLength < bytes) continue;
      this.spare.splice(i, 1);
      this.spareBytes -= buffer.byteLength;
      return new Uint8Array(buffer, 0, bytes);
    }
    return new Uint8Array(new ArrayBuffer(roomFor(bytes)), 0, bytes);
  }

  /** Gives back what `take` gave; neither it nor any view of its buffer may be used any more. */
  give(taken: Uint8Array<ArrayBuffer>): void {
    const { buffer } = taken;
    if (buffer.byteLength < SMALLEST_BYTES || this.spareBytes + buffer.byteLength > this.keptBytes) return;
    this.spare.push(buffer);
    this.spareBytes += buffer.byteLength;
  }
}

/** The next power of two, so that a buffer suits many. */
function roomFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
