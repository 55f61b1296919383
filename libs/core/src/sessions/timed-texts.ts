/** Texts with the times of the rows they came from, in order of time; of equal times the one that came first in the log. */
export interface TimedText {
  readonly timeMs: number;
  readonly text: number;
}

/** Where something of a time stands that comes behind all of the same time. */
export function placeFor(items: readonly { readonly timeMs: number }[], timeMs: number): number {
  let place = items.length;
  while (place > 0 && (items[place - 1] as { readonly timeMs: number }).timeMs > timeMs) place--;
  return place;
}
