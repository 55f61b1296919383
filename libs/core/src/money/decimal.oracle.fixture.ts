/** JSON's grammar of a number. */
export const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Slow and obvious: decimal text × 10^digits as a fraction of two big integers, rounded half to even. */
export function decimalOracle(text: string, digits: number): { value: bigint; exact: boolean } {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  let numerator = BigInt(`${whole}${fraction}`);
  let denominator = 10n ** BigInt(fraction.length);
  // Beyond a thousand digits either way every number is as good as infinite or zero here.
  const shift = Math.max(-1000, Math.min(1000, Number(power) + digits));
  if (shift >= 0) numerator *= 10n ** BigInt(shift);
  else denominator *= 10n ** BigInt(-shift);
  const below = numerator / denominator;
  const rest = numerator % denominator;
  const up = rest * 2n > denominator || (rest * 2n === denominator && below % 2n === 1n);
  const rounded = up ? below + 1n : below;
  return { value: sign === '-' ? -rounded : rounded, exact: rest === 0n };
}

export function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}
