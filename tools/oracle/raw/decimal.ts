/** A number as JSON writes it. */
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Digits beyond which a number is as good as infinite, or as nothing. */
const BOUND = 400;

export function isNumberText(text: string): boolean {
  return NUMBER.test(text);
}

/** The exact value of a number's text in units of 10^-digits, half to even, and whether nothing was rounded. */
export function toUnits(text: string, digits: number): { readonly units: bigint; readonly exact: boolean } {
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const numerator = BigInt(`${sign}${whole}${fraction}`);
  if (numerator === 0n) return { units: 0n, exact: true };
  const shift = Math.min(BOUND, Number(exponent) - fraction.length + digits);
  if (shift >= 0) return { units: numerator * 10n ** BigInt(shift), exact: true };
  if (-shift > BOUND + whole.length + fraction.length) return { units: 0n, exact: false };
  const divisor = 10n ** BigInt(-shift);
  return { units: divideHalfEven(numerator, divisor), exact: numerator % divisor === 0n };
}

/** Quotient rounded half to even. The divisor is positive. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n;
  const size = negative ? -dividend : dividend;
  const quotient = size / divisor;
  const twiceRest = 2n * (size % divisor);
  const up = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return negative ? -rounded : rounded;
}

/** 1234n with 2 digits → `12.34`. */
export function decimalText(units: bigint, digits: number): string {
  const size = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const sign = units < 0n ? '-' : '';
  return digits === 0 ? `${sign}${size}` : `${sign}${size.slice(0, -digits)}.${size.slice(-digits)}`;
}
