export interface RetryPace {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * How long to wait before another attempt: doubled with each that failed, and between half and all of that by chance, so that
 * many who lost the same server do not come back at the same moment. Never less than the other side asked for.
 *
 * @param failures attempts in a row that brought nothing
 * @param chance from 0 to 1
 */
export function pauseBeforeRetry(
  { firstMs, mostMs }: RetryPace,
  failures: number,
  askedMs: number | null,
  chance: number,
): number {
  const longest = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.max(askedMs ?? 0, Math.round(longest * (0.5 + chance / 2)));
}
