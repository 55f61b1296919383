/**
 * So much a second, on average: who has waited may take what a second gives at once. What costs more than there is is let in
 * whole as long as there is something, and leaves a debt that is waited for: a body of events is never refused because it is
 * large, and what it holds is known only when it has come.
 */
export class RateBucket {
  private balance: number;

  constructor(
    private readonly perSecond: number,
    private atMs: number,
  ) {
    this.balance = perSecond;
  }

  /** How long to wait until something may be taken: 0 for now. */
  waitMs(nowMs: number): number {
    this.fill(nowMs);
    return this.balance >= 1 ? 0 : Math.ceil(((1 - this.balance) / this.perSecond) * 1_000);
  }

  take(amount: number, nowMs: number): void {
    this.fill(nowMs);
    this.balance -= amount;
  }

  private fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.atMs);
    this.atMs = Math.max(this.atMs, nowMs);
    this.balance = Math.min(this.perSecond, this.balance + (passedMs / 1_000) * this.perSecond);
  }
}
