import fc from 'fast-check';

import { currencyExponent } from './currency';
import { decimalOracle, isSafe } from './decimal.oracle.fixture';
import { averageMoney, formatMoney, multiplyExactly, parseMoney } from './money';

const digitsOf = (max: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max });
const decimalText = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: digitsOf(18).map((digits) => digits.join('').replace(/^0+(?=.)/, '')),
    fraction: fc.option(digitsOf(20).map((digits) => digits.join(''))),
    exponent: fc.option(fc.integer({ min: -30, max: 30 })),
    mark: fc.constantFrom('e', 'E', 'e+'),
  })
  .map(({ sign, whole, fraction, exponent, mark }) => {
    const power = exponent === null ? '' : exponent < 0 ? `e${exponent}` : `${mark}${exponent}`;
    return `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${power}`;
  });

describe('parseMoney', () => {
  it('is exact, rounds half to even and says when it rounded', () => {
    fc.assert(
      fc.property(decimalText, fc.integer({ min: 0, max: 4 }), (text, digits) => {
        const { value, exact } = decimalOracle(text, digits);
        expect(parseMoney(text, digits)).toEqual(isSafe(value) ? { minor: Number(value), rounded: !exact } : null);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['2699.9700000000003', 269997, true],
    ['0.125', 12, true],
    ['0.135', 14, true],
    ['-0.125', -12, true],
    ['1e2', 10000, false],
    ['-0', 0, false],
    ['1e-400', 0, true],
    ['90071992547409.91', 9007199254740991, false],
    ['0e999999999999999999999', 0, false],
  ])('%s is %d cents', (text, minor, rounded) => {
    expect(parseMoney(text, 2)).toEqual({ minor, rounded });
  });

  it.each(['90071992547409.92', '1e400', '', '1.', '.5', '+1', '01', '1e', 'abc', '1 ', '0x10', 'NaN'])(
    'refuses %p',
    (text) => {
      expect(parseMoney(text, 2)).toBeNull();
    },
  );
});

describe('formatMoney', () => {
  it.each([
    [269997, 2, '2699.97'],
    [5, 2, '0.05'],
    [-5, 2, '-0.05'],
    [1234, 0, '1234'],
    [0, 3, '0.000'],
  ])('%d minor units with %d digits are %s', (minor, digits, text) => {
    expect(formatMoney(minor, digits)).toBe(text);
  });

  it('is read back as the same amount', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 4 }), (minor, digits) => {
        expect(parseMoney(formatMoney(minor, digits), digits)).toEqual({ minor: minor + 0, rounded: false });
      }),
    );
  });
});

describe('averageMoney', () => {
  it.each([
    [10000, 3, 2, '33.333333'],
    [20000, 3, 2, '66.666667'],
    [-20000, 3, 2, '-66.666667'],
    [1, 2_000_000, 0, '0.000000'],
    [3, 2_000_000, 0, '0.000002'],
    [100, 1, 2, '1.000000'],
    [10n ** 30n, 7, 2, '1428571428571428571428571428.571429'],
  ])('%d over %d with %d digits is %s', (sum, count, digits, text) => {
    expect(averageMoney(sum, count, digits)).toBe(text);
  });

  it('has no value for nothing', () => {
    expect(averageMoney(0, 0, 2)).toBeNull();
  });
});

describe('multiplyExactly', () => {
  it('is the exact product or NaN', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: -5000, max: 5000 }), (a, b) => {
        const exact = BigInt(a) * BigInt(b);
        expect(multiplyExactly(a, b)).toBe(isSafe(exact) ? Number(exact) : NaN);
      }),
    );
  });
});

describe('currencyExponent', () => {
  it.each([
    ['USD', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
    ['usd', null],
    ['XXX', null],
  ])('%s has %p digits', (code, digits) => {
    expect(currencyExponent(code)).toBe(digits);
  });
});
