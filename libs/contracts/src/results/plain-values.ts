const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const WORDS = [Buffer.from('null'), Buffer.from('true'), Buffer.from('false')];
/** So many digits are a safe integer, whichever they are. */
const MOST_DIGITS = 15;
/** No number is longer as JavaScript writes it. */
const MOST_NUMBER_BYTES = 32;

/**
 * Goes over a JSON text that is expected to have a certain form, and copies the values in it. Takes only values that
 * JSON.stringify would write in the same way, so that a copy is as good as what parsing and writing would give. Any method
 * that gives false (or -1) leaves its place somewhere: there is no going on.
 */
export class PlainValues {
  /** What has been copied: bytes[0, written). The next `begin` overwrites it. */
  bytes: Uint8Array = new Uint8Array(4096);
  written = 0;
  at = 0;
  private source: Uint8Array = new Uint8Array(0);
  private seen = 0;

  begin(source: Uint8Array): void {
    this.source = source;
    this.at = 0;
    this.written = 0;
    this.seen = 0;
    // A copy has two brackets for two braces, and no labels: it is never longer.
    if (this.bytes.length < source.length) this.bytes = new Uint8Array(2 * source.length);
  }

  /** No byte copied so far is of a character beyond ASCII. */
  get isAscii(): boolean {
    return this.seen < 0x80;
  }

  /** Goes over exactly these bytes. */
  skip(expected: Uint8Array): boolean {
    const { source, at } = this;
    const { length } = expected;
    if (at + length > source.length) return false;
    for (let i = 0; i < length; i++) if (source[at + i] !== expected[i]) return false;
    this.at = at + length;
    return true;
  }

  /** A whole number without a sign; -1 where there is none. */
  digits(): number {
    const { source } = this;
    let { at } = this;
    let value = 0;
    for (; at < source.length; at++) {
      const digit = (source[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const count = at - this.at;
    if (count === 0 || count > MOST_DIGITS || (count > 1 && source[this.at] === ZERO)) return -1;
    this.at = at;
    return value;
  }

  /** Values, each behind its label, up to the last label: copied as a JSON array. */
  copyFields(labels: readonly Uint8Array[], lists: boolean): boolean {
    const last = labels.length - 1;
    this.bytes[this.written++] = OPEN_BRACKET;
    for (let i = 0; i < last; i++) {
      if (!this.skip(labels[i] as Uint8Array)) return false;
      if (i > 0) this.bytes[this.written++] = COMMA;
      if (!(lists && this.source[this.at] === OPEN_BRACKET ? this.copyList() : this.copyScalar())) return false;
    }
    this.bytes[this.written++] = CLOSE_BRACKET;
    return this.skip(labels[last] as Uint8Array);
  }

  private copyList(): boolean {
    const { source } = this;
    this.copyByte();
    if (source[this.at] === CLOSE_BRACKET) {
      this.copyByte();
      return true;
    }
    for (;;) {
      if (!this.copyScalar()) return false;
      const next = source[this.at];
      if (next !== COMMA && next !== CLOSE_BRACKET) return false;
      this.copyByte();
      if (next === CLOSE_BRACKET) return true;
    }
  }

  private copyScalar(): boolean {
    const first = this.source[this.at];
    if (first === undefined) return false;
    if (first === QUOTE) return this.copyText();
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.copyNumber();
    return this.copyWord();
  }

  /** A text without escapes. */
  private copyText(): boolean {
    const { source, bytes } = this;
    const end = source.length;
    let at = this.at + 1;
    let to = this.written;
    let seen = 0;
    bytes[to++] = QUOTE;
    while (at < end) {
      const byte = source[at++] as number;
      if (byte < 0x20 || byte === BACKSLASH) return false;
      bytes[to++] = byte;
      seen |= byte;
      if (byte === QUOTE) {
        this.at = at;
        this.written = to;
        this.seen |= seen;
        return true;
      }
    }
    return false;
  }

  private copyNumber(): boolean {
    const { source } = this;
    const from = this.at;
    const isSafe = this.digits() >= 0;
    let to = this.at;
    if (isSafe && !isOfNumber(source[to])) {
      this.at = from;
      this.copyTo(to);
      return true;
    }
    while (isOfNumber(source[to])) to++;
    this.at = from;
    if (to - from > MOST_NUMBER_BYTES) return false;
    const text = String.fromCharCode(...source.subarray(from, to));
    if (String(Number(text)) !== text) return false;
    this.copyTo(to);
    return true;
  }

  private copyWord(): boolean {
    for (const word of WORDS) {
      const from = this.at;
      if (!this.skip(word)) continue;
      this.at = from;
      this.copyTo(from + word.length);
      return true;
    }
    return false;
  }

  private copyByte(): void {
    this.bytes[this.written++] = this.source[this.at++] as number;
  }

  private copyTo(end: number): void {
    while (this.at < end) this.copyByte();
  }
}

/** Digits, signs, a point, an exponent. */
function isOfNumber(byte = 0): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === MINUS || byte === 0x2b || byte === 0x2e || byte === 0x65;
}
