import type { CopyRows } from './copy-rows';

const BASE = 10_000;
const DIGITS_A_GROUP = 4;
const NEGATIVE = 0x4000;
const NOT_A_NUMBER = 0xc000;
const ZERO = 48;

/** Groups of four digits of the number at hand; longer ones make it longer. */
const groups: number[] = [];

/**
 * Writes decimal text as PostgreSQL sends numerics: groups of four digits, the first of which stands at the power of 10,000 that
 * `weight` says. What is no decimal text becomes NaN.
 */
export function writeNumeric(to: CopyRows, text: string): void {
  const isNegative = text.startsWith('-');
  const start = isNegative || text.startsWith('+') ? 1 : 0;
  const dot = text.indexOf('.');
  const wholeEnd = dot < 0 ? text.length : dot;
  const scale = dot < 0 ? 0 : text.length - dot - 1;
  groups.length = 0;
  let isDecimal = wholeEnd - start + scale > 0;
  let group = 0;
  for (let i = start; i < wholeEnd && isDecimal; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    isDecimal = digit >= 0 && digit <= 9;
    group = group * 10 + digit;
    if ((wholeEnd - i - 1) % DIGITS_A_GROUP === 0) group = taken(group);
  }
  const weight = groups.length - 1;
  for (let i = 0; i < scale && isDecimal; i++) {
    const digit = text.charCodeAt(dot + 1 + i) - ZERO;
    isDecimal = digit >= 0 && digit <= 9;
    group = group * 10 + digit;
    if (i % DIGITS_A_GROUP === DIGITS_A_GROUP - 1) group = taken(group);
  }
  if (scale % DIGITS_A_GROUP !== 0) taken(group * 10 ** (DIGITS_A_GROUP - (scale % DIGITS_A_GROUP)));
  if (isDecimal) writeGroups(to, weight, isNegative, scale);
  else writeNaN(to);
}

/** Writes an amount of money in minor units. */
export function writeMinorUnits(to: CopyRows, minor: number, exponent: number): void {
  const unit = 10 ** exponent;
  const amount = Math.abs(minor);
  const whole = Math.floor(amount / unit);
  groups.length = 0;
  for (let rest = whole; rest > 0; rest = Math.floor(rest / BASE)) groups.push(rest % BASE);
  groups.reverse();
  const weight = groups.length - 1;
  let fraction = amount - whole * unit;
  for (let left = exponent; left > 0; left -= DIGITS_A_GROUP) {
    const power = 10 ** Math.max(0, left - DIGITS_A_GROUP);
    const digits = Math.floor(fraction / power);
    fraction -= digits * power;
    groups.push(left >= DIGITS_A_GROUP ? digits : digits * 10 ** (DIGITS_A_GROUP - left));
  }
  writeGroups(to, weight, minor < 0, exponent);
}

/** Takes a group. @returns what the next begins with */
function taken(group: number): number {
  groups.push(group);
  return 0;
}

/** Without zeros at either end. */
function writeGroups(to: CopyRows, weight: number, isNegative: boolean, scale: number): void {
  let first = 0;
  let end = groups.length;
  while (first < end && groups[first] === 0) first++;
  while (end > first && groups[end - 1] === 0) end--;
  const isZero = first === end;
  to.int32(8 + 2 * (end - first));
  to.int16(end - first);
  to.int16(isZero ? 0 : weight - first);
  to.int16(isNegative && !isZero ? NEGATIVE : 0);
  to.int16(scale);
  for (let i = first; i < end; i++) to.int16(groups[i] as number);
}

function writeNaN(to: CopyRows): void {
  to.int32(8);
  to.int32(0);
  to.int16(NOT_A_NUMBER);
  to.int16(0);
}
