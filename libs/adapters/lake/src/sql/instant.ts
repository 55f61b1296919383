import { quoteText } from './quote';

/** What instants can be said to a database. */
export const FIRST_MS = -62_135_596_800_000;
export const LAST_MS = 253_402_300_799_000;

/** An instant in SQL; beyond what can be said, the last that can. */
export function instantSql(ms: number): string {
  return `${quoteText(new Date(Math.max(FIRST_MS, Math.min(ms, LAST_MS))).toISOString())}::TIMESTAMPTZ`;
}
