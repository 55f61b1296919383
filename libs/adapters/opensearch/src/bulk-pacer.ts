const LEAST_BYTES = 64 * 1024;
const STEP_BYTES = 256 * 1024;
/** A request that takes longer was too much for the store. */
const LONG_MS = 5_000;

/**
 * How much goes into one request, and how many are under way: both for the whole sink, because its store is one. The size is
 * halved when the store is asked too much, and grows back step by step.
 */
export class BulkPacer {
  private size: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxBytes: number,
    private readonly concurrency: number,
  ) {
    this.size = maxBytes;
  }

  get bytes(): number {
    return this.size;
  }

  /** Runs a request when there is room for it. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await request();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next(); // into the room that has just been left
    }
  }

  took(ms: number): void {
    if (ms > LONG_MS) this.tooMuch();
    else this.size = Math.min(this.maxBytes, this.size + STEP_BYTES);
  }

  tooMuch(): void {
    this.size = Math.max(Math.min(LEAST_BYTES, this.maxBytes), Math.floor(this.size / 2));
  }
}
