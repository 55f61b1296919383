import type { LogWriter, NewRecord } from '../ports/log';
import { appendBytes, countForAppend } from '../ports/log';

interface Waiter {
  readonly mark: number;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Appends to one partition on behalf of one task, one append at a time, gathering what is enqueued meanwhile.
 *
 * Law: when an append has failed, nothing enqueued after it is ever sent. A later batch without an earlier one would
 * be a hole in the chain of ranges, so the task must be opened anew, from the tail of what really is in the log. Whoever does
 * not wait for what it enqueues looks with `assertAlive` now and then: there may never be another record to enqueue.
 */
export class OrderedAppender {
  private queue: NewRecord[] = [];
  private queueBytes = 0;
  private inFlightBytes = 0;
  private enqueued = 0;
  private acked = 0;
  private sending = false;
  private failed = false;
  private failure: unknown = null;
  private waiters: Waiter[] = [];

  constructor(
    private readonly writer: LogWriter,
    readonly topic: string,
    readonly partition: number,
  ) {}

  /** Bytes not yet acknowledged. */
  get pendingBytes(): number {
    return this.queueBytes + this.inFlightBytes;
  }

  /** @throws the cause when an append has failed. */
  assertAlive(): void {
    if (this.failed) throw this.failure;
  }

  /** @throws the cause when an earlier append has failed. */
  enqueue(records: readonly NewRecord[]): void {
    this.assertAlive();
    for (const record of records) {
      this.queue.push(record);
      this.queueBytes += appendBytes(record);
    }
    this.enqueued += records.length;
    if (!this.sending && records.length > 0) void this.pump();
  }

  /** Resolves once everything enqueued so far is acknowledged; rejects with the cause when it never will be. */
  flush(): Promise<void> {
    if (this.failed) return Promise.reject(asError(this.failure));
    if (this.acked === this.enqueued) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ mark: this.enqueued, resolve, reject }));
  }

  /** Never rejects: a failure is kept for `assertAlive`, `enqueue` and `flush`. */
  private async pump(): Promise<void> {
    this.sending = true;
    try {
      while (this.queue.length > 0) {
        const records = this.take();
        await this.writer.append(this.topic, this.partition, records);
        this.acked += records.length;
        this.inFlightBytes = 0;
        this.wake();
      }
    } catch (cause) {
      this.failed = true;
      this.failure = cause;
      for (const waiter of this.waiters) waiter.reject(cause);
      this.waiters = [];
    } finally {
      this.sending = false;
    }
  }

  /** What goes into the next append; the rest waits for the one after. */
  private take(): readonly NewRecord[] {
    const count = countForAppend(this.queue);
    const records = this.queue.slice(0, count);
    const bytes = records.reduce((sum, record) => sum + appendBytes(record), 0);
    this.queue = this.queue.slice(count);
    this.queueBytes -= bytes;
    this.inFlightBytes = bytes;
    return records;
  }

  private wake(): void {
    const due = this.waiters.filter((waiter) => waiter.mark <= this.acked);
    if (due.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => waiter.mark > this.acked);
    for (const waiter of due) waiter.resolve();
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
