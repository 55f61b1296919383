const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;

/** Digits that a double can always hold, whatever they are. */
const SAFE_DIGITS = 16;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Reads one JSON number from bytes and remembers its parts, so that the usual short ones need no second look. */
export class NumberLiteral {
  negative = false;
  /** Digits after the point. */
  fractionDigits = 0;
  /** Whether an exponent was written. */
  hasExponent = false;
  /** Whether `mantissa` holds all digits exactly. */
  exact = false;
  /** The digits without point and sign, as an integer. */
  readonly mantissa = new Float64Array(1);
  private exponent = 0;

  /** Position after the number that begins at `p`, or -1 if none does. Never looks at or beyond `end`. */
  scan(bytes: Uint8Array, from: number, end: number): number {
    let p = from;
    this.negative = bytes[p] === MINUS;
    if (this.negative) p++;
    const first = p;
    let mantissa = 0;
    let c = p < end ? (bytes[p] as number) : 0;
    if (c === ZERO) {
      p++;
    } else {
      while (c >= ZERO && c <= NINE) {
        mantissa = mantissa * 10 + (c - ZERO);
        c = ++p < end ? (bytes[p] as number) : 0;
      }
      if (p === first) return -1;
    }
    let digits = p - first;
    this.fractionDigits = 0;
    this.hasExponent = false;
    c = p < end ? (bytes[p] as number) : 0;
    if (c === DOT) {
      const fraction = ++p;
      c = p < end ? (bytes[p] as number) : 0;
      while (c >= ZERO && c <= NINE) {
        mantissa = mantissa * 10 + (c - ZERO);
        c = ++p < end ? (bytes[p] as number) : 0;
      }
      if (p === fraction) return -1;
      this.fractionDigits = p - fraction;
      digits += this.fractionDigits;
    }
    this.mantissa[0] = mantissa;
    // Strictly below 2^53: the sum that would be 2^53 + 1 has been rounded to 2^53.
    this.exact = digits <= SAFE_DIGITS && mantissa <= Number.MAX_SAFE_INTEGER;
    return (c | 0x20) === LOWER_E ? this.scanExponent(bytes, p + 1, end) : p;
  }

  /**
   * Into target[at]: the double nearest to the number that was scanned from bytes[start, end). Infinite beyond the
   * range of doubles.
   */
  toDouble(bytes: Uint8Array, start: number, end: number, target: Float64Array, at: number): void {
    const scale = (this.hasExponent ? this.exponent : 0) - this.fractionDigits;
    // Both operands exact: one correctly rounded operation gives the nearest double.
    if (this.exact && scale >= -22 && scale <= 22) {
      const mantissa = this.mantissa[0] as number;
      const value =
        scale < 0 ? mantissa / (POWERS_OF_TEN[-scale] as number) : mantissa * (POWERS_OF_TEN[scale] as number);
      target[at] = this.negative ? -value : value;
    } else {
      target[at] = Number(latin1(bytes, start, end));
    }
  }

  private scanExponent(bytes: Uint8Array, from: number, end: number): number {
    let p = from;
    let c = p < end ? (bytes[p] as number) : 0;
    const negative = c === MINUS;
    if (negative || c === PLUS) c = ++p < end ? (bytes[p] as number) : 0;
    const first = p;
    let exponent = 0;
    while (c >= ZERO && c <= NINE) {
      if (exponent < 100_000) exponent = exponent * 10 + (c - ZERO);
      c = ++p < end ? (bytes[p] as number) : 0;
    }
    if (p === first) return -1;
    this.exponent = negative ? -exponent : exponent;
    this.hasExponent = true;
    return p;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let p = start; p < end; p += 4096) {
    text += String.fromCharCode(...bytes.subarray(p, Math.min(p + 4096, end)));
  }
  return text;
}
