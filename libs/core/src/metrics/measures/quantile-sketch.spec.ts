import fc from 'fast-check';

import { LAST_BUCKET, QUANTILE_ERROR, bucketOf, middleOf, percentileOf } from './quantile-sketch';
import { Tallies, type SortedTally } from './tallies';

const KIND = { merge: 'add', maxKey: LAST_BUCKET, maxValue: Number.MAX_SAFE_INTEGER } as const;
const empty = (): SortedTally => ({ count: 0, keys: new Int32Array(0), values: new Float64Array(0) });

/** A hair more than the bound: the middle of a bucket is a rounded number too. */
const BOUND = QUANTILE_ERROR * (1 + 1e-9);

const numbers = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.maxSafeInteger(),
  fc.double({ min: 1e-9, max: 2 ** 53, noNaN: true }),
  fc.double({ min: -(2 ** 53), max: -1e-9, noNaN: true }),
);

describe('the sketch of quantiles', () => {
  it('keeps the middle of a bucket within the error of everything in it', () => {
    fc.assert(
      fc.property(numbers, (value) => {
        expect(Math.abs(middleOf(bucketOf(value)) - value)).toBeLessThanOrEqual(BOUND * Math.abs(value));
      }),
    );
  });

  it('has its buckets in the order of the numbers, and few enough for a part', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [low = 0, high = 0] = [a, b].sort((x, y) => x - y);
        expect(bucketOf(low)).toBeLessThanOrEqual(bucketOf(high));
      }),
    );
    for (const huge of [Number.MAX_VALUE, Infinity, 2 ** 53]) expect(bucketOf(huge)).toBe(LAST_BUCKET);
    expect(bucketOf(-Infinity)).toBe(-LAST_BUCKET);
    expect(bucketOf(1e-300)).toBe(0);
    expect(LAST_BUCKET).toBeLessThan(3_000);
  });

  it('is within the error of the value that stands at the place', () => {
    const percents = fc.oneof(fc.constantFrom(0, 50, 95, 99.9, 100), fc.double({ min: 0, max: 100, noNaN: true }));
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 200 }), percents, (values, percent) => {
        const tallies = new Tallies(KIND);
        for (const value of values) tallies.merge(0, bucketOf(value), 1);
        const exact = [...values].sort((a, b) => a - b)[Math.floor((percent * (values.length - 1)) / 100)] as number;
        const near = percentileOf(tallies.sorted(0, empty()), percent);
        expect(Math.abs(near - exact)).toBeLessThanOrEqual(BOUND * Math.abs(exact));
      }),
    );
  });

  it('has no value where there is none', () => {
    expect(percentileOf(empty(), 50)).toBeNaN();
  });
});
