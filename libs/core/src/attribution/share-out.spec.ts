import * as fc from 'fast-check';
import { shareOut } from './share-out';

describe('shareOut', () => {
  it('gives shares that add up to the amount exactly and differ by one unit at most, larger ones first', () => {
    const amounts = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.maxSafeInteger());
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 100 }), (amount, shares) => {
        const shared = shareOut(amount, shares);
        expect(shared).toHaveLength(shares);
        expect(shared.reduce((sum, share) => sum + BigInt(share), 0n)).toBe(BigInt(amount));
        const sizes = shared.map(Math.abs);
        expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('knows of no shares of what is not known', () => {
    expect(shareOut(NaN, 2)).toEqual([NaN, NaN]);
    expect(shareOut(100, 0)).toEqual([]);
  });
});
