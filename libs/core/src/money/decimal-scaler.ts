const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** How what was cut off compares with half a unit. */
export const EXACT = 0;
export const BELOW_HALF = 1;
export const HALF = 2;
export const ABOVE_HALF = 3;

/** More than any double or safe integer needs; keeps sums of positions small. */
const EXPONENT_LIMIT = 1_000_000_000;

/** Turns decimal text into exact integers of a smaller unit, without floating-point steps and without allocation. */
export class DecimalScaler {
  /** The integer found by `scale`, sign included: cut off towards zero. */
  readonly result = new Float64Array(1);
  /** EXACT, BELOW_HALF, HALF or ABOVE_HALF: what `scale` cut off. */
  remainder = EXACT;
  private sign = 1;

  /**
   * result = bytes[start, end) × 10^scale, cut off to an integer. The text must be a JSON number.
   * False when the integer is beyond ±(2^53 − 1); `result` means nothing then.
   */
  scale(bytes: Uint8Array, start: number, end: number, scale: number): boolean {
    const first = bytes[start] === MINUS ? start + 1 : start;
    let integerDigits = 0;
    let p = first;
    for (; p < end && isDigit(bytes[p] as number); p++) integerDigits++;
    if (p < end && bytes[p] === DOT) for (p++; p < end && isDigit(bytes[p] as number); p++);
    const mantissaEnd = p;
    const units = integerDigits + (p < end ? exponentAt(bytes, p + 1, end) : 0) + scale;

    let whole = 0;
    let digit = 0;
    let roundDigit = 0;
    let sticky = 0;
    for (p = first; p < mantissaEnd; p++) {
      const c = bytes[p] as number;
      if (c === DOT) continue;
      if (digit < units) {
        whole = whole * 10 + (c - ZERO);
        if (whole > Number.MAX_SAFE_INTEGER) return false;
      } else if (digit === units) {
        roundDigit = c - ZERO;
      } else {
        sticky |= c - ZERO;
      }
      digit++;
    }
    if (whole !== 0) {
      for (; digit < units; digit++) {
        whole *= 10;
        if (whole > Number.MAX_SAFE_INTEGER) return false;
      }
    }
    this.remainder = compareToHalf(roundDigit, sticky);
    this.sign = first === start ? 1 : -1;
    this.result[0] = whole === 0 ? 0 : this.sign * whole;
    return true;
  }

  /** Rounds the cut-off result half to even. False when that leaves ±(2^53 − 1). */
  roundHalfToEven(): boolean {
    const whole = this.result[0] as number;
    if (this.remainder === ABOVE_HALF || (this.remainder === HALF && whole % 2 !== 0)) {
      this.result[0] = whole + this.sign;
    }
    return Math.abs(this.result[0] as number) <= Number.MAX_SAFE_INTEGER;
  }
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE;
}

function exponentAt(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at] as number;
  let exponent = 0;
  for (let p = isDigit(sign) ? at : at + 1; p < end; p++) {
    exponent = Math.min(exponent * 10 + ((bytes[p] as number) - ZERO), EXPONENT_LIMIT);
  }
  return sign === MINUS ? -exponent : exponent;
}

function compareToHalf(roundDigit: number, sticky: number): number {
  if (roundDigit > 5 || (roundDigit === 5 && sticky !== 0)) return ABOVE_HALF;
  if (roundDigit === 5) return HALF;
  return roundDigit === 0 && sticky === 0 ? EXACT : BELOW_HALF;
}
