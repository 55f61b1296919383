import * as fc from 'fast-check';
import { sumOf } from './watched-metric';

describe('adding up amounts', () => {
  it('is exact for any decimal text', () =>
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), { minLength: 1 }), (cents) => {
        const text = (value: bigint): string => {
          const digits = String(value < 0n ? -value : value).padStart(3, '0');
          return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
        };
        expect(sumOf(cents.map(text))).toBe(text(cents.reduce((sum, value) => sum + value, 0n)));
      }),
    ));

  it('adds whole numbers, and leaves out what has no value', () => {
    expect(sumOf([1, null, 2])).toBe('3');
    expect(sumOf([null])).toBeNull();
  });
});
