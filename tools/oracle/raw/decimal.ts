/** `sign digits . digits e exponent` → the exact value as numerator over a power of ten; null for anything else. */
function parseDecimal(text: string): { readonly numerator: bigint; readonly digits: number } | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const numerator = BigInt(`${sign}${whole}${fraction}`);
  return { numerator, digits: fraction.length - Number(exponent) };
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

/** Decimal text → minor units, half to even; null when it is no decimal number. */
export function toMinorUnits(text: string, minorDigits: number): bigint | null {
  const decimal = parseDecimal(text);
  if (decimal === null) return null;
  const shift = minorDigits - decimal.digits;
  if (shift >= 0) return decimal.numerator * 10n ** BigInt(shift);
  return divideHalfEven(decimal.numerator, 10n ** BigInt(-shift));
}

/** 1234n with 2 digits → `12.34`. */
export function decimalText(units: bigint, digits: number): string {
  const size = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const sign = units < 0n ? '-' : '';
  return digits === 0 ? `${sign}${size}` : `${sign}${size.slice(0, -digits)}.${size.slice(-digits)}`;
}
