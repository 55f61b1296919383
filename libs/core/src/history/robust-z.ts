/** Makes the median absolute deviation of a normal distribution its standard deviation. */
const DEVIATIONS_PER_MAD = 1.4826;
/** From fewer values nothing can be told about what is usual. */
const LEAST_VALUES = 3;

/**
 * How many standard deviations a value is above what is usual: (x − median) / (1.4826 × MAD). A few values that are far off
 * change neither the median nor the median absolute deviation (MAD), so that yesterday's outlier does not hide today's.
 *
 * @param earlier what the value was before, NaN where that is not known
 * @returns NaN when less than half of the earlier values, or of them less than three, are known, and when more than half of
 *   these are equal (the MAD is 0)
 */
export function robustZ(value: number, earlier: readonly number[]): number {
  const known = earlier.filter((number) => !Number.isNaN(number));
  if (known.length < Math.max(LEAST_VALUES, earlier.length / 2)) return NaN;
  const usual = median(known);
  const spread = DEVIATIONS_PER_MAD * median(known.map((number) => Math.abs(number - usual)));
  return spread === 0 ? NaN : (value - usual) / spread;
}

/** The middle one, or the mean of the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
