import { HEADER } from '@tillstream/contracts';
import type { BufferPool } from '@tillstream/core';
import type { Clock, LogWriter, NewRecord, RecordHeaders } from '@tillstream/engine';
import { appendPortions } from '@tillstream/engine';
import type { BatchIdSource } from './batch-ids';
import type { Reservation } from './byte-budget';
import type { BodyForm, SplitBody, Splitter } from './splitter';
import { verdictOf } from './verdict';
import type { Verdict } from './verdict';

/** A stream as the gateway sees it. */
export interface IngestStream {
  readonly name: string;
  readonly rawTopic: string;
  readonly splitter: Splitter;
}

/** One decoded body, ready to be taken in. */
export interface Body {
  readonly stream: IngestStream;
  readonly bytes: Uint8Array;
  /** Called as soon as the bytes are not needed any more. */
  readonly discard: () => void;
  readonly form: BodyForm;
  readonly batchIds: BatchIdSource;
  /** Released once nothing of the body is needed any more. */
  readonly reservation: Reservation;
}

/**
 * - `published`: the log has every accepted event (there may be none).
 * - `unavailable`: nothing is promised; the whole body is to be sent again.
 */
export type PublishOutcome =
  | { readonly kind: 'published'; readonly verdict: Verdict }
  | { readonly kind: 'unavailable'; readonly message: string; readonly retryAfterMs: number };

/** Told what became of bodies, for metrics and the log of the service. */
export interface PublishObserver {
  /** @param split null for a body of no bytes */
  published(stream: string, split: SplitBody | null, bytes: number): void;
  appended(stream: string, seconds: number): void;
  /** The log did not take a body in time, or refused it. */
  unavailable(stream: string, cause: unknown): void;
}

export interface PublisherOptions {
  /** How long a body waits for the log before its sender is told to come again. */
  readonly appendTimeoutMs: number;
  readonly retryAfterMs: number;
}

/** Splits bodies by partition and appends them to the raw log. */
export class Publisher {
  /** Bodies whose sender has been told to come again while the writer still has them. */
  private overdue = 0;
  /** Ends the waiting of each body that waits for the log. */
  private readonly waiting = new Set<() => void>();
  private isGivenUp = false;

  constructor(
    private readonly ports: {
      readonly writer: LogWriter;
      readonly clock: Clock;
      readonly observer: PublishObserver;
      readonly traceHeaders: () => RecordHeaders;
      readonly pool: BufferPool;
    },
    private readonly options: PublisherOptions,
  ) {}

  /** From here on nobody waits for the log: what it has not acknowledged is to be sent again, to another gateway. */
  giveUp(): void {
    this.isGivenUp = true;
    for (const giveUp of [...this.waiting]) giveUp();
  }

  /** Whether the log has stopped taking what it is given. */
  get stalled(): boolean {
    return this.overdue > 0;
  }

  /** Resolves once every accepted event is in the log, or with `unavailable`. Never rejects for what the log does. */
  async publish(body: Body): Promise<PublishOutcome> {
    const { stream, reservation } = body;
    const bodyBytes = body.bytes.length; // of memory that may be gone soon
    const { pool } = this.ports;
    let room: Uint8Array<ArrayBuffer> | null = null;
    const split = splitOf(body, (bytes) => (room = pool.take(bytes)));
    const records = this.recordsOf(split?.records ?? [], body.batchIds);
    const appends = [...records].flatMap(([partition, batch]) =>
      appendPortions(batch).map((portion) => this.ports.writer.append(stream.rawTopic, partition, portion)),
    );
    if (appends.length === 0) reservation.release();
    const failure = appends.length === 0 ? null : await this.settle(appends, reservation, stream.name);
    if (failure !== null) return { kind: 'unavailable', message: failure, retryAfterMs: this.options.retryAfterMs };
    // What the log has acknowledged the writer does not need any more; of what it has not, nobody knows.
    if (room !== null) pool.give(room);
    this.ports.observer.published(stream.name, split, bodyBytes);
    return { kind: 'published', verdict: verdictOf(split) };
  }

  private recordsOf(records: SplitBody['records'], batchIds: BatchIdSource): Map<number, NewRecord[]> {
    const traceHeaders = this.ports.traceHeaders();
    const byPartition = new Map<number, NewRecord[]>();
    for (const { partition, value } of records) {
      let batch = byPartition.get(partition);
      if (batch === undefined) byPartition.set(partition, (batch = []));
      const batchId = batchIds(partition, batch.length, value);
      batch.push({ key: null, value, headers: { ...traceHeaders, [HEADER.batchId]: batchId } });
    }
    return byPartition;
  }

  /** Null when all appends were acknowledged in time, else what to tell the sender. */
  private async settle(
    appends: readonly Promise<number>[],
    reservation: Reservation,
    stream: string,
  ): Promise<string | null> {
    const startedMs = this.clockMs();
    let late = false;
    const all = Promise.all(appends);
    // The writer may hold the records long after the sender has been answered; until then they take up memory.
    const settled = Promise.allSettled(appends).then(() => {
      reservation.release();
      if (late) this.overdue--;
    });
    let giveUp = (): void => undefined;
    const timedOut = new Promise<never>((_resolve, reject) => {
      giveUp = () => {
        this.waiting.delete(giveUp);
        late = true;
        this.overdue++;
        reject(new AppendTimeoutError(this.clockMs() - startedMs));
      };
    });
    const timer = setTimeout(giveUp, this.isGivenUp ? 0 : this.options.appendTimeoutMs);
    this.waiting.add(giveUp);
    try {
      await Promise.race([all, timedOut]);
      await settled;
      this.ports.observer.appended(stream, (this.clockMs() - startedMs) / 1000);
      return null;
    } catch (cause) {
      this.ports.observer.unavailable(stream, cause);
      return 'the log did not acknowledge all events: send the whole body again';
    } finally {
      clearTimeout(timer);
      this.waiting.delete(giveUp);
    }
  }

  private clockMs(): number {
    return this.ports.clock.monotonicMs();
  }
}

/** Null for a body of no bytes. */
function splitOf(
  { stream, bytes, discard, form, reservation }: Body,
  room: (bytes: number) => Uint8Array,
): SplitBody | null {
  try {
    return bytes.length === 0 ? null : stream.splitter.split(bytes, form, room);
  } catch (error) {
    reservation.release();
    throw error;
  } finally {
    discard();
  }
}

class AppendTimeoutError extends Error {
  override readonly name = 'AppendTimeoutError';
  readonly code = 'APPEND_TIMEOUT';

  constructor(timeoutMs: number) {
    super(`no acknowledgement within ${Math.round(timeoutMs)} ms`);
  }
}
