import fc from 'fast-check';
import { sumOfDecimals } from './decimal-sum';

describe('sumOfDecimals', () => {
  it('is exact where doubles are not', () => {
    expect(sumOfDecimals(['0.10', '0.20'])).toBe('0.30');
    expect(sumOfDecimals(['90071992547409.93', '0.01'])).toBe('90071992547409.94');
  });

  it('takes texts of different lengths', () => {
    expect(sumOfDecimals(['1', '2.5', '0.25'])).toBe('3.75');
    expect(sumOfDecimals([])).toBe('0');
  });

  it('adds cents as integers would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 })), (cents) => {
        const text = (amount: number) => `${amount < 0 ? '-' : ''}${(Math.abs(amount) / 100).toFixed(2)}`;
        const sum = cents.reduce((total, amount) => total + amount, 0);
        expect(Number(sumOfDecimals(cents.map(text)))).toBeCloseTo(sum / 100, 6);
      }),
    );
  });
});
