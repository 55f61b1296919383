import type { SortedTally } from './tallies';

/** Quantiles are at most this far from the value that stands at their place, relative to it. */
export const QUANTILE_ERROR = 0.01;

const GAMMA = (1 + QUANTILE_ERROR) / (1 - QUANTILE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Nearer to zero is zero, farther away is this far: so there are a few thousand buckets and no more. */
const SMALLEST = 1e-9;
const LARGEST = 2 ** 53;
/** Buckets of positive numbers are positive, in the order of what they hold; those of negative ones mirror them. */
const FIRST = 1 - exponentOf(SMALLEST);

/** Every bucket is within [-LAST_BUCKET, LAST_BUCKET]. */
export const LAST_BUCKET = FIRST + exponentOf(LARGEST);

/**
 * The bucket of a number that is not NaN: buckets are in the order of the numbers, and each is so narrow that its middle is
 * within QUANTILE_ERROR of all of it.
 *
 * DDSketch: Masson, Rim, Lee, “DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees”, 2019.
 */
export function bucketOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST) return 0;
  const bucket = FIRST + exponentOf(Math.min(magnitude, LARGEST));
  return value < 0 ? -bucket : bucket;
}

/** The middle of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket === 0) return 0;
  const magnitude = (2 * GAMMA ** (Math.abs(bucket) - FIRST)) / (GAMMA + 1);
  return bucket < 0 ? -magnitude : magnitude;
}

/** The value at floor(percent / 100 × (count − 1)) in the order of the values, from 0, about; NaN when there are none. */
export function percentileOf({ keys, values, count }: SortedTally, percent: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += values[i] as number;
  if (total === 0) return NaN;
  const place = Math.floor((percent * (total - 1)) / 100);
  let passed = 0;
  for (let i = 0; i < count; i++) {
    passed += values[i] as number;
    if (passed > place) return middleOf(keys[i] as number);
  }
  return NaN;
}

function exponentOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / LOG_GAMMA);
}
