import * as fc from 'fast-check';
import { robustZ } from './robust-z';

describe('a robust z-score', () => {
  it('is the distance from the median in units of 1.4826 median absolute deviations', () => {
    // median 100, deviations 10 5 0 5 20 10 0: their median 5
    expect(robustZ(130, [90, 95, 100, 105, 120, 110, 100])).toBeCloseTo(30 / (1.4826 * 5), 12);
    expect(robustZ(80, [100, 104, 96, 102])).toBeCloseTo((80 - 101) / (1.4826 * 2), 12);
  });

  it('is told from half of the values on, and from three', () => {
    expect(robustZ(1, [1, 2])).toBeNaN();
    expect(robustZ(1, [1, 2, 4])).not.toBeNaN();
    expect(robustZ(1, [1, 2, 4, NaN, NaN, NaN])).not.toBeNaN();
    expect(robustZ(1, [1, 2, 4, NaN, NaN, NaN, NaN])).toBeNaN();
  });

  it('says nothing where most values are the same, or the value is not known', () => {
    expect(robustZ(9, [5, 5, 5, 1])).toBeNaN();
    expect(robustZ(NaN, [1, 2, 3])).toBeNaN();
  });

  it('does not care how far off less than half of the values are, nor in which order they come', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1_000_000_000 }), fc.nat(6), (far, at) => {
        const usual = [98, 99, 100, 100, 101, 102];
        const spoilt = [...usual.slice(0, at), far, ...usual.slice(at)];
        expect(robustZ(110, spoilt)).toBe(robustZ(110, [1_000, ...usual]));
      }),
    ));
});
