export interface RetryPace {
  /** No pause is shorter; not set: chance alone says how short the first ones are. */
  readonly leastMs?: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Timers do not take more: they would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * How long to wait before another attempt: doubled with each that failed, and between half and all of that by chance, so that
 * many who lost the same server do not come back at the same moment. Never less than the other side asked for.
 *
 * @param failures attempts in a row that brought nothing
 * @param chance from 0 to 1
 */
export function pauseBeforeRetry(
  { leastMs = 0, firstMs, mostMs }: RetryPace,
  failures: number,
  askedMs: number | null,
  chance: number,
): number {
  const longest = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.min(LONGEST_MS, Math.max(leastMs, askedMs ?? 0, Math.round(longest * (0.5 + chance / 2))));
}
