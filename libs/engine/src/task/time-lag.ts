/** What stood in the log so long ago and is not applied yet makes a task one that is behind. */
const BEHIND_AFTER_MS = 1_000;

/**
 * Tells a task that catches up from one that keeps up. Under traffic something has always just come, so being at the very
 * end is no measure, nor is a number of records: the end of the log as it was some time ago is what must have been passed.
 */
export class TimeLag {
  /** An end of the log that has been seen, and when. */
  private mark: { readonly end: number; readonly seenMs: number } | null = null;
  /** When the newest end that has been passed was seen. */
  private passedMs = -Infinity;

  /**
   * @param next the first offset not yet applied
   * @param end where the log ended when it was last heard of; null: not heard of yet
   */
  isCaughtUp(next: number, end: number | null, nowMs: number): boolean {
    if (end === null) return false;
    if (next >= end) this.passedMs = nowMs;
    else if (this.mark !== null && next >= this.mark.end) this.passedMs = Math.max(this.passedMs, this.mark.seenMs);
    if (this.mark === null || next >= this.mark.end) this.mark = { end, seenMs: nowMs };
    return nowMs - this.passedMs < BEHIND_AFTER_MS;
  }
}
