/* eslint-disable no-restricted-globals -- Date converts the instants it is given here; it is never asked for the time. */

/** An instant as records write it: ISO 8601 in UTC with milliseconds, `2019-10-01T00:00:00.000Z`. */
export function isoInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Reads what `isoInstant` wrote; null for anything else. */
export function parseInstant(text: unknown): number | null {
  if (typeof text !== 'string' || !/^([+-]\d{2})?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)) return null;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? null : epochMs;
}
