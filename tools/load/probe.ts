import type { Client } from './clients';
import type { QueryStub } from '../rig/grpc-stubs';
import { queryStub } from '../rig/grpc-stubs';
import { BEHIND_MS, type Load } from './load';
import { toTimestamp } from '@tillstream/contracts';

/** How long one event took. Null: not yet seen when the probe was closed. */
export interface ProbedEvent {
  /** When it was first sent, by `performance.now()`. */
  readonly sentMs: number;
  /** Until the gateway had acknowledged it, pauses that it asked for included. */
  ackMs: number | null;
  /** From then until a watcher saw the result that counts it. */
  visibleMs: number | null;
}

const WINDOW_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/**
 * Sends single events at a steady pace, whatever becomes of those before, and measures how long each takes to the
 * acknowledgement and from there to the answer. Each is the only one of its category, so its row in a watch tells of it alone.
 */
export class Probe {
  readonly events: ProbedEvent[] = [];
  private readonly query: QueryStub;
  private readonly open = new Set<() => void>();
  private readonly publishing = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: string,
    queryPort: number,
    private readonly client: Client,
    private readonly load: Load,
  ) {
    this.query = queryStub(queryPort);
  }

  /** @param everyMs between two events */
  start(everyMs: number): void {
    this.timer = setInterval(() => this.send(), everyMs);
  }

  pause(): void {
    clearInterval(this.timer);
  }

  /** Events sent between two instants of `performance.now()`. */
  between(fromMs: number, toMs: number): readonly ProbedEvent[] {
    return this.events.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs);
  }

  get unseen(): number {
    return this.events.filter(({ visibleMs }) => visibleMs === null).length;
  }

  /** Waits for the acknowledgements, not for the answers. */
  async close(): Promise<void> {
    this.pause();
    await Promise.all(this.publishing);
    for (const stop of this.open) stop();
    this.query.close();
  }

  private send(): void {
    const category = `probe-${this.events.length}`;
    const event: ProbedEvent = { sentMs: performance.now(), ackMs: null, visibleMs: null };
    this.events.push(event);
    const from = toTimestamp(Date.now() - BEHIND_MS - WINDOW_MS);
    const request = {
      stream: this.stream,
      metric: 'revenue_by_category',
      group: { category: { text: category } },
      from,
    };
    let isOver = false;
    let cancel = (): void => undefined;
    const stop = (): void => {
      isOver = true;
      this.open.delete(stop);
      cancel();
    };
    this.open.add(stop);
    let seenAtMs: number | null = null;
    const note = (): void => {
      if (seenAtMs === null || event.ackMs === null || event.visibleMs !== null) return;
      event.visibleMs = Math.max(0, seenAtMs - event.sentMs - event.ackMs);
      stop();
    };
    const look = (): void => {
      const watch = this.query.watchWindows(request);
      cancel = () => watch.cancel();
      watch.on('data', ({ upserts }: { upserts: readonly unknown[] }) => {
        if (upserts.length > 0) seenAtMs ??= performance.now();
        note();
      });
      // A connection that breaks ends the watch, and whoever wants to know looks again.
      watch.on('error', () => void setTimeout(() => isOver || look(), LOOK_AGAIN_MS).unref());
    };
    look();
    const publishing = this.client.publish(this.load.purchaseIn(category)).then(() => {
      event.ackMs = performance.now() - event.sentMs;
      note();
    });
    this.publishing.add(publishing);
    void publishing.finally(() => this.publishing.delete(publishing));
  }
}
