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

/** The first `limit` values of several slices in row order. Rows of different slices come in any order. */
export function firstCollected(slices: readonly Collected[], limit: number): readonly CollectedValue[] {
  const [only] = slices;
  if (only === undefined) return [];
  // A copy: the slice goes on collecting after the result has been handed out.
  if (slices.length === 1) return only.values.slice(0, limit);
  const items = slices.flatMap(({ offsets, indexes, values }) =>
    values.map((value, i) => ({ offset: offsets[i] as number, index: indexes[i] as number, value })),
  );
  items.sort((a, b) => a.offset - b.offset || a.index - b.index);
  return items.slice(0, limit).map(({ value }) => value);
}
