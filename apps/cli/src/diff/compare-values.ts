import type { PlainValue } from '../query/result-row';

/** How two values of a measure differ. */
export interface ValueDifference {
  readonly a: PlainValue;
  readonly b: PlainValue;
  /** b − a as text, exact for decimals of the same money; null where one of them is no number. */
  readonly absolute: string | null;
  /** 100 · (b − a) / |a|; null where one of them is no number, or a is 0. */
  readonly percent: number | null;
}

/**
 * Compares two values of a measure: numbers by their value, everything else by what it is.
 *
 * @param tolerance numbers that differ by no more than this share of the larger one count as equal
 * @returns null when they are equal
 */
export function compareValues(a: PlainValue, b: PlainValue, tolerance = 0): ValueDifference | null {
  if (!isNumeric(a) || !isNumeric(b)) {
    return JSON.stringify(a) === JSON.stringify(b) ? null : { a, b, absolute: null, percent: null };
  }
  const [x, y] = [Number(a), Number(b)];
  const difference = subtractDecimals(String(b), String(a)) ?? String(y - x);
  if (Number(difference) === 0) return null;
  if (tolerance > 0 && Math.abs(y - x) <= tolerance * Math.max(Math.abs(x), Math.abs(y))) return null;
  return { a, b, absolute: difference, percent: x === 0 ? null : (100 * (y - x)) / Math.abs(x) };
}

/** Money is decimal text, large integers are integer text. */
function isNumeric(value: PlainValue): value is number | string {
  return typeof value === 'number' || (typeof value === 'string' && DECIMAL.test(value));
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

/** a − b exactly, with the digits of the longer one; null for anything that is not plain decimal text. */
function subtractDecimals(a: string, b: string): string | null {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return null;
  const digits = Math.max(fractionOf(a).length, fractionOf(b).length);
  const difference = scaled(a, digits) - scaled(b, digits);
  const text = (difference < 0n ? -difference : difference).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return `${difference < 0n ? '-' : ''}${whole}${digits > 0 ? `.${text.slice(-digits)}` : ''}`;
}

const fractionOf = (text: string): string => text.split('.')[1] ?? '';
const scaled = (text: string, digits: number): bigint =>
  BigInt(text.replace('.', '') + '0'.repeat(digits - fractionOf(text).length));
