/** Texts with the times of the rows they came from, in order of time; of equal times the one that came first in the log. */
export interface TimedText {
  readonly timeMs: number;
  readonly text: number;
}

/** Puts something in its place by time, behind all of the same time. */
export function insert<T extends { readonly timeMs: number }>(items: T[], item: T): void {
  let place = items.length;
  while (place > 0 && (items[place - 1] as T).timeMs > item.timeMs) place--;
  // It mostly is the last.
  if (place === items.length) items.push(item);
  else items.splice(place, 0, item);
}
