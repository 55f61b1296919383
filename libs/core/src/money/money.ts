import { NumberLiteral } from '../json/number-literal';
import { DecimalScaler, EXACT } from './decimal-scaler';

/** An amount in minor units; `rounded` when the text had more digits than the currency. */
export interface MoneyAmount {
  readonly minor: number;
  readonly rounded: boolean;
}

/**
 * The exact integer number of minor units of decimal text (a JSON number, exponent allowed), rounded half to even.
 * Null when the text is not such a number or the amount is beyond ±(2^53 − 1) minor units.
 */
export function parseMoney(text: string, exponent: number): MoneyAmount | null {
  const bytes = new TextEncoder().encode(text);
  if (new NumberLiteral().scan(bytes, 0, bytes.length) !== bytes.length) return null;
  const scaler = new DecimalScaler();
  if (!scaler.scale(bytes, 0, bytes.length, exponent) || !scaler.roundHalfToEven()) return null;
  return { minor: scaler.result[0] as number, rounded: scaler.remainder !== EXACT };
}

/** Minor units as decimal text with the currency's digits: 269997 of USD is `2699.97`. */
export function formatMoney(minor: number | bigint, exponent: number): string {
  return decimalText(BigInt(minor), exponent);
}

/**
 * sum / count of an amount in minor units as decimal text in major units, 6 digits, rounded half to even.
 * Exact for any size of sum. Null when there is nothing to average.
 */
export function averageMoney(sumMinor: number | bigint, count: number, exponent: number): string | null {
  if (count === 0) return null;
  return decimalText(divideHalfToEven(BigInt(sumMinor) * 10n ** 6n, BigInt(count) * 10n ** BigInt(exponent)), 6);
}

/** a × b of two safe integers; NaN when the product is beyond ±(2^53 − 1), never a rounded one. */
export function multiplyExactly(a: number, b: number): number {
  const product = a * b;
  return Math.abs(product) <= Number.MAX_SAFE_INTEGER ? product + 0 : NaN;
}

function divideHalfToEven(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n;
  const absolute = negative ? -dividend : dividend;
  let quotient = absolute / divisor;
  const twice = (absolute % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) quotient += 1n;
  return negative ? -quotient : quotient;
}

function decimalText(units: bigint, digits: number): string {
  const negative = units < 0n;
  const text = (negative ? -units : units).toString().padStart(digits + 1, '0');
  const sign = negative ? '-' : '';
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
