/** Code points from `from` to `to`, both included. */
export interface CodeRange {
  readonly from: number;
  readonly to: number;
}

/** A regular expression, taken apart. */
export type Pattern =
  | { readonly kind: 'empty' }
  /** One of these code points. */
  | { readonly kind: 'class'; readonly ranges: readonly CodeRange[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'either'; readonly parts: readonly Pattern[] }
  /** From `min` to `max` times; Infinity: any number of times. */
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number }
  /** The begin or end of the text. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' };

/** A regular expression that is wrong, or that cannot be run in a time that depends on the length of the text alone. */
export class PatternError extends Error {
  override readonly name = 'PatternError';

  constructor(
    /** Where in the pattern, in UTF-16 code units; 0 for all of it. */
    readonly index: number,
    message: string,
  ) {
    super(message);
  }
}

export const LAST_CODE_POINT = 0x10ffff;

/** All code points that are in none of the ranges. */
export function allBut(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const others: CodeRange[] = [];
  let next = 0;
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    if (from > next) others.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  if (next <= LAST_CODE_POINT) others.push({ from: next, to: LAST_CODE_POINT });
  return others;
}
