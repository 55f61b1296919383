import { createHash } from 'node:crypto';
import type { FeedTable } from '@tillstream/contracts';
import { FEEDS } from '@tillstream/contracts';

/** Longer names are cut by PostgreSQL, whatever they say behind. */
const MAX_BYTES = 63;
const HASH_DIGITS = 8;

/** The table that rows of a feed's table stand in: `sessions`, `revenue_by_category_0123abcd`. */
export function tableName({ name }: Pick<FeedTable, 'name'>): string {
  return shortened(name.replaceAll('@', '_'), name);
}

/**
 * The view that shows of a metric what it is now, under a name that stays when the metric is declared in another way. Null: not
 * a metric's.
 */
export function viewName({ metric }: Pick<FeedTable, 'metric'>): string | null {
  if (metric === null) return null;
  return shortened((FEEDS as readonly string[]).includes(metric) ? `${metric}_finals` : metric, metric);
}

/** A column as PostgreSQL can have it. */
export function columnName(name: string): string {
  return shortened(name, name);
}

/** An identifier in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function shortened(name: string, whole: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_DIGITS);
  let cut = name;
  while (Buffer.byteLength(cut) > MAX_BYTES - 1 - HASH_DIGITS) cut = cut.slice(0, -1);
  return `${cut}_${hash}`;
}
