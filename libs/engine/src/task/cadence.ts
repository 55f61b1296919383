/**
 * Paces upserts: the first after a rest goes out at once, further ones no sooner than `everyMs` apart, and so far
 * apart that no more than `maxPerSecond` leave in the long run.
 *
 * Whoever asks may wait some times longer (`stretch`). That is asked anew each time: a task that has caught up does not sit out what
 * it would have waited behind the log.
 */
export class UpsertCadence {
  private sentMs = -Infinity;
  private intervalMs = 0;

  constructor(
    private readonly everyMs: number,
    private readonly maxPerSecond: number,
  ) {}

  isDue(nowMs: number, stretch = 1): boolean {
    return this.waitMs(nowMs, stretch) === 0;
  }

  /** Milliseconds until the next upserts may go out; 0 when they may now. */
  waitMs(nowMs: number, stretch = 1): number {
    return Math.max(0, this.sentMs + stretch * this.intervalMs - nowMs);
  }

  sent(upserts: number, nowMs: number): void {
    this.sentMs = nowMs;
    this.intervalMs = Math.max(this.everyMs, (upserts / this.maxPerSecond) * 1000);
  }
}
