/** A value a measure can collect; money in minor units, timestamps in epoch ms. */
export type CollectedValue = string | number | boolean;

/** The first values of one group and slice, in row order, with the raw position of each. */
export interface Collected {
  readonly offsets: number[];
  readonly indexes: number[];
  readonly values: CollectedValue[];
}

export function emptyCollected(): Collected {
  return { offsets: [], indexes: [], values: [] };
}

/** The first `limit` values of one or several slices in row order. Rows of different slices come in any order. */
export function firstCollected(slices: Collected | Collected[], limit: number): readonly CollectedValue[] {
  // Copied even if nothing is cut off: the slice goes on collecting after the result has been handed out.
  if (!Array.isArray(slices)) return slices.values.slice(0, limit);
  return slices.reduce((merged, slice) => mergedFirst(merged, slice, limit)).values;
}

/** The first `limit` of two lists that are each in row order. */
function mergedFirst(a: Collected, b: Collected, limit: number): Collected {
  const merged = emptyCollected();
  const length = Math.min(limit, a.values.length + b.values.length);
  for (let i = 0, j = 0; merged.values.length < length;) {
    const from = j === b.values.length || (i < a.values.length && isBefore(a, i, b, j)) ? a : b;
    const at = from === a ? i++ : j++;
    merged.offsets.push(from.offsets[at] as number);
    merged.indexes.push(from.indexes[at] as number);
    merged.values.push(from.values[at] as CollectedValue);
  }
  return merged;
}

function isBefore(a: Collected, i: number, b: Collected, j: number): boolean {
  const difference = (a.offsets[i] as number) - (b.offsets[j] as number);
  return difference < 0 || (difference === 0 && (a.indexes[i] as number) < (b.indexes[j] as number));
}
