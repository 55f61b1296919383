import type { SinkDefinition } from '@tillstream/contracts';
import type { Clock } from '../ports/clock';
import type { Sink } from '../ports/sink';
import { SinkRefusedError, SinkUnavailableError } from '../ports/sink';
import type { TaskLog } from '../ports/telemetry';

const TEND_AGAIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

/** A sink of this process, shared by its tasks: prepared once, by whoever needs it first, and tended beside them. */
export class PreparedSink {
  private preparing: Promise<void> | null = null;
  private closed = false;

  constructor(
    readonly definition: SinkDefinition,
    readonly sink: Sink,
  ) {}

  /** @throws as `Sink.prepare`; whoever asks next tries again. */
  prepare(): Promise<void> {
    this.preparing ??= this.sink.prepare().catch((cause: unknown) => {
      this.preparing = null;
      throw cause;
    });
    return this.preparing;
  }

  /** Keeps the store in order until `close`. Never rejects: the writing does not depend on it. */
  async tend(clock: Clock, log: TaskLog): Promise<void> {
    const { sink } = this;
    if (!sink.tend) return;
    let restMs = 0;
    while (await this.restFor(restMs, clock)) {
      try {
        await this.prepare();
        restMs = await sink.tend();
      } catch (cause) {
        restMs = TEND_AGAIN_MS;
        const isKnown = cause instanceof SinkUnavailableError || cause instanceof SinkRefusedError;
        const told = cause instanceof Error ? (isKnown ? cause.message : `${cause.name}: ${cause.message}`) : cause;
        if (!this.closed) log.warn('sink_not_tended', { sink: this.definition.name, cause: String(told) });
      }
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.sink.close();
  }

  /** False: closed meanwhile. */
  private async restFor(ms: number, clock: Clock): Promise<boolean> {
    const untilMs = clock.monotonicMs() + ms;
    for (let leftMs = ms; leftMs > 0 && !this.closed; leftMs = untilMs - clock.monotonicMs()) {
      await clock.sleep(Math.min(leftMs, LOOK_EVERY_MS));
    }
    return !this.closed;
  }
}
