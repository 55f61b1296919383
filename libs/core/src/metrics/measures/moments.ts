/**
 * Number, mean and sum of squared distances from the mean of some values, as three numbers in a row. They do not lose what a
 * sum of squares would, but depend on the order in the last digits: values are added in raw order, slices and partitions
 * merged in theirs.
 *
 * Welford, “Note on a method for calculating corrected sums of squares and products”, 1962; merging: Chan, Golub, LeVeque,
 * “Updating formulae and a pairwise algorithm for computing sample variances”, 1979.
 */
export const MOMENTS = 3;

/** Adds a value to the moments at `at`. */
export function addToMoments(numbers: Float64Array, at: number, value: number): void {
  const count = (numbers[at] as number) + 1;
  const mean = numbers[at + 1] as number;
  const distance = value - mean;
  const newMean = mean + distance / count;
  numbers[at] = count;
  numbers[at + 1] = newMean;
  numbers[at + 2] = (numbers[at + 2] as number) + distance * (value - newMean);
}

/** Merges the moments at source[from] into those at target[to]. */
export function mergeMoments(target: Float64Array, to: number, source: Float64Array, from: number): void {
  const added = source[from] as number;
  if (added === 0) return;
  const before = target[to] as number;
  const count = before + added;
  const distance = (source[from + 1] as number) - (target[to + 1] as number);
  target[to] = count;
  target[to + 1] = (target[to + 1] as number) + (distance * added) / count;
  target[to + 2] =
    (target[to + 2] as number) + (source[from + 2] as number) + (distance * distance * before * added) / count;
}

/** Standard deviation of a sample; NaN for less than two values, and beyond what is finite. */
export function sampleDeviation(numbers: Float64Array, at: number): number {
  const count = numbers[at] as number;
  const deviation = count < 2 ? NaN : Math.sqrt((numbers[at + 2] as number) / (count - 1));
  return Number.isFinite(deviation) ? deviation : NaN;
}
