export const DAY_MS = 86_400_000;

const FIRST_DAY = Date.parse('0000-01-01T00:00:00Z') / DAY_MS;
const LAST_DAY = Date.parse('9999-12-31T00:00:00Z') / DAY_MS;

/** `2026-01-05`; null for days that are not written so. @param day since 1970-01-01, UTC */
export function dayText(day: number): string | null {
  if (!(day >= FIRST_DAY && day <= LAST_DAY)) return null;
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}
