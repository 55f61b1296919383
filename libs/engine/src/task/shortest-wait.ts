/** Below this a wait may resolve without leaving the current turn of the event loop, and nothing else would ever run. */
const LEAST_WAIT_MS = 2;

/** How long to wait for records when there are other things to do soon: never nothing, never more than `mostMs`. */
export function shortestWait(mostMs: number, waitsMs: readonly number[]): number {
  return Math.max(LEAST_WAIT_MS, Math.min(mostMs, ...waitsMs));
}
