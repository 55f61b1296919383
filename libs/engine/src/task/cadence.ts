/**
 * Paces upserts: the first after a rest goes out at once, further ones no sooner than `everyMs` apart, and so far
 * apart that no more than `maxPerSecond` leave in the long run.
 */
export class UpsertCadence {
  private dueMs = -Infinity;

  constructor(
    private readonly everyMs: number,
    private readonly maxPerSecond: number,
  ) {}

  isDue(nowMs: number): boolean {
    return nowMs >= this.dueMs;
  }

  /** Milliseconds until the next upserts may go out; 0 when they may now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.dueMs - nowMs);
  }

  /** @param stretch how many times longer than usual the next may wait */
  sent(upserts: number, nowMs: number, stretch = 1): void {
    this.dueMs = nowMs + stretch * Math.max(this.everyMs, (upserts / this.maxPerSecond) * 1000);
  }
}
