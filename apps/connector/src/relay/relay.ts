import { type Delivery, type Door, DoorProblem } from '../gateway/gateway-door';
import type { PositionStore } from '../position/position-file';
import { SourceProblem } from '../source/source-problem';
import type { SseSource } from '../source/sse-source';
import { pauseBeforeRetry, type RetryPace } from './back-off';
import { type EventBody, EventQueue } from './event-queue';

export interface RelayPorts {
  readonly source: Pick<SseSource, 'read'>;
  readonly door: Door;
  readonly positions: PositionStore;
  /** Resolves after `ms`, or as soon as the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly observer: RelayObserver;
}

/** Told what becomes of connections and events. */
export interface RelayObserver {
  opened(lastEventId: string | null): void;
  /** @param pauseMs until the next attempt; null: there will be none */
  closed(reason: string, message: string, pauseMs: number | null): void;
  received(events: number): void;
  passedOver(type: string): void;
  delivered(body: EventBody, delivery: Delivery): void;
  notDelivered(message: string, pauseMs: number): void;
}

export interface RelayOptions {
  /** Between two connections, unless the source asks for longer ones. */
  readonly retry: RetryPace;
  /** How long events gather for one body. */
  readonly gatherMs: number;
  readonly maxQueuedBytes: number;
}

/** Between two attempts to deliver a body. */
const DOOR_PACE: RetryPace = { firstMs: 200, mostMs: 10_000 };

/**
 * Follows a source into a stream. Two loops with a queue between them: one reads, the other delivers, one body at a time, in
 * order. How far the source has been read is kept behind each body that the gateway has acknowledged, and never ahead of it:
 * whoever goes on there repeats what was under way, and misses nothing.
 */
export class Relay {
  private readonly stopping = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private queue: EventQueue | null = null;

  constructor(
    private readonly ports: RelayPorts,
    private readonly options: RelayOptions,
  ) {}

  get queuedBytes(): number {
    return this.queue?.bytes ?? 0;
  }

  /** Begins where the kept position says. The promise of the loops is in `done`. */
  async start(): Promise<void> {
    const queue = new EventQueue(await this.ports.positions.load(), this.options.maxQueuedBytes);
    this.queue = queue;
    this.running = Promise.all([this.follow(queue), this.deliver(queue)]);
  }

  /** Rejects when something failed that no further attempt can mend. */
  get done(): Promise<unknown> {
    return this.running;
  }

  /** Reads nothing more, waits for the body that is under way, and leaves the rest to whoever goes on. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async follow(queue: EventQueue): Promise<void> {
    const { source, observer, pause, chance } = this.ports;
    const { signal } = this.stopping;
    let pace = this.options.retry;
    let failures = 0;
    while (!signal.aborted) {
      let hasBrought = false;
      const listener = {
        opened: () => observer.opened(queue.lastId),
        retryAsked: (ms: number) => (pace = { ...pace, leastMs: ms, firstMs: ms }),
        passedOver: (type: string) => observer.passedOver(type),
        take: (events: Parameters<EventQueue['put']>[0]) => {
          hasBrought = true;
          observer.received(events.length);
          return this.orStopping(queue.put(events));
        },
      };
      const problem = await source.read(queue.lastId, listener, signal).then(() => null, asProblem);
      if (signal.aborted) return;
      failures = hasBrought ? 0 : failures + 1;
      const [reason, message] = problem === null ? ['ended', 'the source ended the connection'] : [problem.kind, problem.message]; // prettier-ignore
      if (problem?.kind === 'no-more') return observer.closed(reason, message, null);
      const pauseMs = pauseBeforeRetry(pace, failures, problem?.retryAfterMs ?? null, chance());
      observer.closed(reason, message, pauseMs);
      await pause(pauseMs, signal);
    }
  }

  private async deliver(queue: EventQueue): Promise<void> {
    const { positions, pause, observer } = this.ports;
    const { signal } = this.stopping;
    for (;;) {
      await this.orStopping(queue.filled());
      if (this.options.gatherMs > 0) await pause(this.options.gatherMs, signal);
      const body = signal.aborted ? null : queue.take();
      const delivery = body === null ? null : await this.deliverBody(body);
      if (body === null || delivery === null) return;
      if (body.lastId !== null) await positions.save(body.lastId);
      observer.delivered(body, delivery);
    }
  }

  /** Null: we are to stop, and nobody knows whether the body is in the log. */
  private async deliverBody({ bytes }: EventBody): Promise<Delivery | null> {
    const { door, pause, chance, observer } = this.ports;
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        return await door.deliver(bytes);
      } catch (error) {
        if (!(error instanceof DoorProblem)) throw error;
        const pauseMs = pauseBeforeRetry(DOOR_PACE, failures, error.retryAfterMs, chance());
        observer.notDelivered(error.message, pauseMs);
        await pause(pauseMs, signal);
      }
    }
    return null;
  }

  private async orStopping(wait: Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    signal.addEventListener('abort', stop);
    await Promise.race([wait, stopped]);
    signal.removeEventListener('abort', stop);
  }
}

/** What is no problem of the source is one of ours, and ends the process. */
function asProblem(error: unknown): SourceProblem {
  if (error instanceof SourceProblem) return error;
  if ((error as Error).name === 'AbortError') return new SourceProblem('cut', 'stopped');
  throw error;
}
