/**
 * Positions in the results topic: by partition, the first offset not yet reflected. The same vector means the same
 * records on every replica.
 */
export type Positions = readonly number[];

/** Every partition of `left` is at least as far as in `right`. */
export function hasReached(left: Positions, right: Positions): boolean {
  return right.every((offset, partition) => left[partition]! >= offset);
}
