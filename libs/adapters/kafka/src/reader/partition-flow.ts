import type { LogRecord } from '@tillstream/engine';
import { decodeBatches, type FetchedBatches, offsetBehind } from '../protocol/decode-batches';

export interface FlowBounds {
  /** Fetching stops when more than this is buffered … */
  readonly pauseAboveBytes: number;
  /** … and goes on when less than this is left. */
  readonly resumeBelowBytes: number;
}

/** What a broker said about a partition. */
export interface FlowAnswer extends FetchedBatches {
  readonly lastStableOffset: number;
}

interface Chunk extends FetchedBatches {
  /** What was asked for: its first batch may begin earlier. */
  readonly from: number;
  /** Offset behind its last batch. */
  readonly behind: number;
}

/**
 * The records of one partition on their way from the broker to one reader: fetched ahead, kept as bytes, decoded
 * when they are taken. Knows nothing of brokers; the fetcher fills it.
 */
export class PartitionFlow {
  readonly #chunks: Chunk[] = [];
  readonly #waiting = new Set<() => void>();
  #bufferedBytes = 0;
  #paused = false;
  /** The first offset not yet fetched. */
  #position: number;
  /** The first offset not yet taken. */
  #taken: number;
  #failure: Error | null = null;
  #closed = false;
  #logEndOffset: number | null = null;
  /** Bumped by every seek: answers to older fetches are thrown away. */
  epoch = 0;
  /** A fetch that includes this flow is under way. */
  fetching = false;
  /** Number of the long fetch that went without this flow, which was then asked for by itself. */
  missed: number | null = null;
  /** Number of the newest fetch that was answered. */
  answeredFetch = 0;
  /** Fetched ahead until then (monotonic ms): a reader that has gone away costs nothing. */
  wantedUntilMs = Infinity;
  /** Why the newest attempt to fetch failed; null once one is answered. */
  trouble: unknown = null;

  constructor(
    readonly topic: string,
    readonly partition: number,
    from: number,
    private readonly bounds: FlowBounds,
  ) {
    this.#position = from;
    this.#taken = from;
  }

  get position(): number {
    return this.#position;
  }

  /** The first offset that `take` has not gone past. */
  get taken(): number {
    return this.#taken;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get logEndOffset(): number | null {
    return this.#logEndOffset;
  }

  /** Whether more should be fetched. */
  get hungry(): boolean {
    return !this.#closed && this.#failure === null && !this.#paused && performance.now() < this.wantedUntilMs;
  }

  /** Goes on at `offset`; what was fetched, and an error, are forgotten. */
  seek(offset: number): void {
    this.epoch++;
    this.#position = offset;
    this.#taken = offset;
    this.#chunks.length = 0;
    this.#bufferedBytes = 0;
    this.#paused = false;
    this.#failure = null;
    this.wake();
  }

  /** Takes in what a fetch from `from` brought; ignores it when the flow has moved meanwhile. */
  accept(epoch: number, from: number, { bytes, aborted, lastStableOffset }: FlowAnswer): void {
    if (epoch !== this.epoch || this.#closed) return;
    this.trouble = null;
    this.#logEndOffset = Math.max(lastStableOffset, this.#logEndOffset ?? 0);
    const behind = from === this.#position ? offsetBehind(bytes) : null;
    if (behind !== null) {
      this.#chunks.push({ bytes, aborted, from, behind });
      this.#bufferedBytes += bytes.length;
      this.#position = Math.max(behind, from);
      if (this.#bufferedBytes > this.bounds.pauseAboveBytes) this.#paused = true;
      this.wake();
    }
  }

  /** Passes over offsets that the log no longer holds. */
  skipTo(epoch: number, offset: number): void {
    if (epoch === this.epoch) this.#position = offset;
  }

  /** Makes every `take` throw, once the records already fetched are taken, until the next seek. */
  fail(epoch: number, error: Error): void {
    if (epoch !== this.epoch) return;
    this.#failure = error;
    this.wake();
  }

  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
    this.#bufferedBytes = 0;
    this.wake();
  }

  /**
   * The next fetched records; empty when none are buffered.
   * @throws what the flow failed with, CorruptBatchError.
   */
  take(): LogRecord[] {
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      this.#bufferedBytes -= chunk.bytes.length;
      if (this.#bufferedBytes < this.bounds.resumeBelowBytes) this.#paused = false;
      const records = this.decode(chunk);
      this.#taken = Math.max(this.#taken, chunk.behind);
      if (records.length > 0) return records;
    }
    if (this.#failure !== null) throw this.#failure;
    return [];
  }

  /** Resolves when there is something to take, or after `ms`, but never later than a second. */
  async changed(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let wake: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(resolve);
      timer = setTimeout(resolve, Math.min(ms, 1_000));
    });
    clearTimeout(timer);
    if (wake !== undefined) this.#waiting.delete(wake);
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  private decode(chunk: Chunk): LogRecord[] {
    try {
      return decodeBatches(chunk, Math.max(chunk.from, this.#taken));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#chunks.length = 0;
      this.#bufferedBytes = 0;
      throw this.#failure;
    }
  }
}
