import type { NewRecord } from '@tillstream/engine';
import {
  AppendRefusedError,
  AppendTimeoutError,
  BrokerError,
  UnknownPartitionError,
  WriterClosedError,
} from '../errors';

/** What a lane needs of its writer. */
export interface LaneContext {
  readonly topic: string;
  readonly partition: number;
  /** Most bytes of records gathered into one send; an append that is larger by itself is sent alone. */
  readonly maxBatchBytes: number;
  /** Null: an append is repeated until it succeeds. */
  readonly appendTimeoutMs: number | null;
  encode(records: readonly NewRecord[]): Buffer;
  /** Sends the bytes once. Resolves with the offset of the first record. */
  send(batch: Buffer): Promise<number>;
  /** Waits before the next attempt, and heals what can be healed. Resolves early when `signal` is aborted. */
  recover(error: unknown, attempt: number, signal: AbortSignal): Promise<void>;
  /** Takes the memory of a batch that was sent once and acknowledged: then no socket can still be reading it. */
  recycle(batch: Buffer): void;
  /** Bytes that an append no longer holds. */
  release(bytes: number): void;
}

interface PendingAppend {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
}

/** Errors about what was sent: repeating the same bytes cannot help. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_COMPRESSION_TYPE',
]);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/**
 * The appends to one partition, in the order of their calls, one send in flight. What is called while a send is in
 * flight is gathered into the next one: under load the batches grow by themselves.
 */
export class PartitionLane {
  readonly #queue: PendingAppend[] = [];
  readonly #aborted = new AbortController();
  #running: Promise<void> | null = null;

  constructor(private readonly context: LaneContext) {}

  append(records: readonly NewRecord[], bytes: number): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const append: PendingAppend = { records, bytes, resolve, reject, timer: undefined, settled: false };
      const { appendTimeoutMs } = this.context;
      if (appendTimeoutMs !== null)
        append.timer = setTimeout(() => this.expire(append, appendTimeoutMs), appendTimeoutMs);
      this.#queue.push(append);
      this.#running ??= this.run();
    });
  }

  /** Resolves when nothing is queued or in flight. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Rejects all that is not yet acknowledged. */
  abort(): void {
    this.#aborted.abort();
    for (const append of this.#queue.splice(0)) {
      this.fail(append, new WriterClosedError());
      this.context.release(append.bytes);
    }
  }

  /** The microtask lets appends that are called in one turn of the event loop travel together. */
  private async run(): Promise<void> {
    await Promise.resolve();
    for (let batch = this.gather(); batch.length > 0; batch = this.gather()) await this.deliver(batch);
    this.#running = null;
  }

  private gather(): PendingAppend[] {
    const batch: PendingAppend[] = [];
    let bytes = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (batch.length > 0 && bytes + next.bytes > this.context.maxBatchBytes) break;
      this.#queue.shift();
      batch.push(next);
      bytes += next.bytes;
    }
    return batch;
  }

  /** Repeats the same bytes until they are acknowledged, refused for good, or nobody waits for them any more. */
  private async deliver(batch: readonly PendingAppend[]): Promise<void> {
    const bytes = this.encode(batch);
    for (let attempt = 0; bytes !== null && batch.some(({ settled }) => !settled); attempt++) {
      try {
        let offset = await this.context.send(bytes);
        for (const append of batch) {
          this.settle(append, () => append.resolve(offset));
          offset += append.records.length;
        }
        if (attempt === 0) this.context.recycle(bytes);
      } catch (error) {
        if (isTooLarge(error) && batch.length > 1) {
          for (const append of batch) await this.deliver([append]);
          return;
        }
        if (isRefusal(error)) {
          for (const append of batch) this.fail(append, this.refusal(error));
        } else if (this.#aborted.signal.aborted) {
          for (const append of batch) this.fail(append, new WriterClosedError());
        } else {
          await this.context.recover(error, attempt, this.#aborted.signal);
        }
      }
    }
    for (const append of batch) this.context.release(append.bytes);
  }

  private encode(batch: readonly PendingAppend[]): Buffer | null {
    try {
      return this.context.encode(
        batch.length === 1 ? (batch[0]?.records ?? []) : batch.flatMap(({ records }) => records),
      );
    } catch (error) {
      for (const append of batch) this.fail(append, error instanceof Error ? error : new Error(String(error)));
      return null;
    }
  }

  private expire(append: PendingAppend, afterMs: number): void {
    const at = this.#queue.indexOf(append);
    if (at >= 0) {
      this.#queue.splice(at, 1);
      this.context.release(append.bytes);
    }
    this.fail(append, new AppendTimeoutError(this.context.topic, this.context.partition, afterMs));
  }

  private refusal(error: Error): Error {
    if (error instanceof BrokerError)
      return new AppendRefusedError(this.context.topic, this.context.partition, error.code);
    return error;
  }

  private fail(append: PendingAppend, error: Error): void {
    this.settle(append, () => append.reject(error));
  }

  private settle(append: PendingAppend, settle: () => void): void {
    if (append.settled) return;
    append.settled = true;
    clearTimeout(append.timer);
    settle();
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof BrokerError && TOO_LARGE.has(error.code);
}

function isRefusal(error: unknown): error is Error {
  return (error instanceof BrokerError && REFUSALS.has(error.code)) || error instanceof UnknownPartitionError;
}
