/**
 * Exact sums of integers of any size, order and sign, in doubles. A sum is two numbers: `rest`, below 2^53 in magnitude,
 * and `carry`, how many times 2^53 it is away from the truth. So a sum that is beyond what is exact for a while comes
 * back right, and what it is does not depend on the order of its summands.
 */
export const CARRY = 2 ** 53;

const HALF = 2 ** 26;
const HALVES_IN_CARRY = CARRY / HALF;

/** The sum as a number; NaN where it is beyond 2^53. */
export function sumValue(rest: number, carry: number): number {
  if (carry === 0) return rest;
  const sum = rest + carry * CARRY; // rounded, if at all, where it is beyond anyway
  return Number.isSafeInteger(sum) ? sum : NaN;
}

/** The high half of a rest: the halves of many rests can be added up and subtracted without loss. */
export function highHalf(rest: number): number {
  return Math.floor(rest / HALF);
}

/** The low half of a rest: rest = highHalf · 2^26 + lowHalf. */
export function lowHalf(rest: number): number {
  return rest - Math.floor(rest / HALF) * HALF;
}

/** Writes the one form of high · 2^26 + low + carry · 2^53 into target[at] (rest) and target[carryAt]. */
export function writeSum(
  high: number,
  low: number,
  carry: number,
  target: Float64Array,
  at: number,
  carryAt: number,
): void {
  const whole = high + Math.floor(low / HALF);
  const carried = Math.floor(whole / HALVES_IN_CARRY);
  const rest = (whole - carried * HALVES_IN_CARRY) * HALF + lowHalf(low);
  const total = carry + carried;
  const isNegative = total < 0 && rest > 0; // −5 is −5 and not 2^53 − 5 carried back
  target[at] = isNegative ? rest - CARRY : rest;
  target[carryAt] = isNegative ? total + 1 : total;
}
