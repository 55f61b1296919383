const HALF_MS = 30_000;

/** The largest of what was noted in the last 30 to 60 seconds: long enough to be seen by who looks now and then, and then forgotten. */
export class RecentMaximum {
  private before = -Infinity;
  private now = -Infinity;
  private sinceMs = -Infinity;

  note(value: number, nowMs: number): void {
    this.turn(nowMs);
    this.now = Math.max(this.now, value);
  }

  /** -Infinity: nothing was noted lately. */
  at(nowMs: number): number {
    this.turn(nowMs);
    return Math.max(this.before, this.now);
  }

  private turn(nowMs: number): void {
    const passed = nowMs - this.sinceMs;
    if (passed < HALF_MS) return;
    this.before = passed < 2 * HALF_MS ? this.now : -Infinity;
    this.now = -Infinity;
    this.sinceMs = nowMs;
  }
}
