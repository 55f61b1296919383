/** A range [rawFrom, rawNext) of raw offsets. */
export interface RawRange {
  readonly rawFrom: number;
  readonly rawNext: number;
}

/**
 * What to do with a batch when everything below `next` has been applied.
 * - `drop`: all of it is known (a duplicate, a zombie's, an overlap).
 * - `take`: apply its records from `next` on.
 * - `hole`: records between `next` and its beginning were never seen; they must not be passed in silence.
 */
export type ChainVerdict = 'drop' | 'take' | 'hole';

/**
 * The reader's half of chained ranges. A writer begins every batch where one before it in the log ended, so a hole
 * cannot come from retries, duplicates or zombies: it means that records were lost.
 */
export function judgeRange(range: RawRange, next: number): ChainVerdict {
  if (range.rawNext <= next) return 'drop';
  return range.rawFrom <= next ? 'take' : 'hole';
}
