/** A sender that fell further behind than this does not make up for it: live events are about now. */
const FORGIVEN_MS = 2_000;

/**
 * Says how many events are due, so that on average there are `rate` a second.
 *
 * @param rate events per second, above 0
 */
export class Pacer {
  private anchorMs: number;
  private taken = 0;

  constructor(
    private readonly rate: number,
    nowMs: number,
  ) {
    this.anchorMs = nowMs;
  }

  /** Events due at `nowMs` that have not been taken. */
  due(nowMs: number): number {
    const behindMs = nowMs - this.anchorMs - (this.taken * 1000) / this.rate;
    if (behindMs > FORGIVEN_MS) {
      this.anchorMs = nowMs;
      this.taken = 0;
      return 1;
    }
    return Math.max(0, Math.floor(((nowMs - this.anchorMs) * this.rate) / 1000) + 1 - this.taken);
  }

  take(events: number): void {
    this.taken += events;
  }

  /** How long until the next event is due. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.taken * 1000) / this.rate - (nowMs - this.anchorMs));
  }
}
