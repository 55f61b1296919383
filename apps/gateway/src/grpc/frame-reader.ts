/** Told of the messages in a stream of bytes, in their order. */
export interface FrameListener {
  /** A message of `bytes` bytes begins; returns false to be told no more. */
  begins(bytes: number, compressed: boolean): boolean;
  /** All of the message that began last has come. Returns false to be told no more. */
  ends(): boolean;
}

const HEAD_BYTES = 5;

/**
 * Follows gRPC's framing, a byte that says whether the message is compressed and four with its length, without keeping
 * anything of the messages: so that what a message will need is known before it has come.
 */
export class FrameReader {
  private readonly head = new Uint8Array(HEAD_BYTES);
  private headBytes = 0;
  private missing = 0;
  private stopped = false;

  constructor(private readonly listener: FrameListener) {}

  /** Whether a message has begun to come and its end has not. */
  get isInMessage(): boolean {
    return this.headBytes > 0;
  }

  read(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.stopped;) {
      if (this.headBytes < HEAD_BYTES) at = this.readHead(chunk, at);
      else {
        const taken = Math.min(this.missing, chunk.length - at);
        at += taken;
        this.missing -= taken;
        if (this.missing === 0) this.end();
      }
    }
  }

  private readHead(chunk: Uint8Array, at: number): number {
    const taken = Math.min(HEAD_BYTES - this.headBytes, chunk.length - at);
    this.head.set(chunk.subarray(at, at + taken), this.headBytes);
    this.headBytes += taken;
    if (this.headBytes === HEAD_BYTES) {
      this.missing = new DataView(this.head.buffer).getUint32(1);
      this.stopped = !this.listener.begins(this.missing, this.head[0] === 1);
      if (this.missing === 0) this.end();
    }
    return at + taken;
  }

  private end(): void {
    this.headBytes = 0;
    if (!this.stopped) this.stopped = !this.listener.ends();
  }
}
