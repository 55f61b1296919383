import { WORD_SLACK } from '../hash/word-slack';

import { MAX_NESTING } from './limits';
import { NumberLiteral } from './number-literal';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;

const NO_BUFFER = new ArrayBuffer(0);

/**
 * Walks over JSON text in bytes and validates it; holds no position of its own but takes and returns positions, -1 for
 * what is not JSON. Positions are those of the whole underlying buffer, so that the many small records of one fetch
 * share one view.
 *
 * What is JSON but not acceptable to us is noted in flags, so that the reader finds the end of the row all the same.
 */
export class JsonCursor {
  bytes = new Uint8Array(NO_BUFFER);
  view = new DataView(NO_BUFFER);
  /** First position that does not belong to the text. */
  end = 0;
  /** Up to here words of the view may be read, whether the text goes that far or not (see WORD_SLACK). */
  wordsEnd = 0;
  /** Where the text was found not to be JSON. */
  failedAt = 0;
  /** A string held bytes that are not UTF-8. */
  sawBadUtf8 = false;
  /** More than MAX_NESTING containers within each other. */
  sawTooDeep = false;
  /** Whitespace between tokens held a line feed. */
  sawLineFeed = false;
  /** A line feed ends the text that may be read: one broken line must not cost a look at all that follow. */
  stopAtLineFeed = false;
  /** The last string had escapes. */
  escaped = false;
  /** Unescaped text. */
  scratch = new Uint8Array(1024);
  scratchView = new DataView(this.scratch.buffer);
  scratchEnd = 0;
  /** Called before the cursor goes to another buffer, by whoever has noted positions in this one. */
  beforeLeaving: (() => void) | null = null;
  readonly literal = new NumberLiteral();
  /** That of `bytes`: asking a typed array for its buffer is a call. */
  private buffer: ArrayBufferLike = NO_BUFFER;
  /** Kinds of the containers that are open in `skipValue`, 1 for an object. */
  private containers = new Uint8Array(128);

  /** Points the cursor at `text` and returns the position of its first byte. */
  open(text: Uint8Array): number {
    const { buffer } = text;
    if (buffer !== this.buffer) {
      this.beforeLeaving?.();
      this.bytes = new Uint8Array(buffer as ArrayBuffer);
      this.buffer = buffer;
      this.view = new DataView(this.bytes.buffer);
      this.wordsEnd = this.bytes.length - WORD_SLACK;
    }
    this.end = text.byteOffset + text.byteLength;
    this.stopAtLineFeed = false;
    return text.byteOffset;
  }

  /** Lets go of the text, so that the cursor does not keep its buffer alive. */
  close(): void {
    this.bytes = new Uint8Array(NO_BUFFER);
    this.view = new DataView(NO_BUFFER);
    this.buffer = NO_BUFFER;
    this.wordsEnd = 0;
    this.end = 0;
  }

  /** The first position at or after `from` that is not whitespace. */
  skipWhitespace(from: number): number {
    const { bytes, end } = this;
    let p = from;
    for (; p < end; p++) {
      const c = bytes[p] as number;
      if (c > SPACE || !isWhitespace(c)) break;
      if (c === LINE_FEED) {
        if (this.stopAtLineFeed) break;
        this.sawLineFeed = true;
      }
    }
    return p;
  }

  /** From behind an opening quote to its closing quote. Sets `escaped`. */
  skipString(from: number): number {
    const { bytes, view, end } = this;
    let p = from;
    this.escaped = false;
    for (;;) {
      // Four bytes at a time while none of them is a quote, a backslash, a control character or above 0x7f; never the
      // last four of the text, which may be those of the view (see WORD_SLACK).
      for (; p + 4 < end; p += 4) {
        const word = view.getInt32(p, true);
        const special =
          (word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101)) &
          0x80808080;
        if (special !== 0) {
          // The lowest flag is that of the first such byte: a borrow can only flag bytes above it.
          p += (31 - Math.clz32(special & -special)) >> 3;
          break;
        }
      }
      let c = 0;
      for (; p < end; p++) {
        c = bytes[p] as number;
        if (c === QUOTE) return p;
        if (c < SPACE || c === BACKSLASH || c > 0x7f) break;
      }
      if (p >= end || c < SPACE) return this.fail(p);
      if (c === BACKSLASH) {
        this.escaped = true;
        p = this.skipEscape(p);
        if (p < 0) return p;
      } else {
        p = this.skipCharacter(p);
      }
    }
  }

  /** Text between two quotes without its escapes, at the end of `scratch`. False: half of a surrogate pair. */
  unescape(start: number, end: number): boolean {
    const { bytes } = this;
    // No escape is shorter than what it stands for.
    this.reserveScratch(end - start + 4);
    const { scratch } = this;
    let at = this.scratchEnd;
    let p = start;
    while (p < end) {
      const c = bytes[p++] as number;
      if (c !== BACKSLASH) {
        scratch[at++] = c;
        continue;
      }
      const e = bytes[p++] as number;
      if (e !== LOWER_U) {
        scratch[at++] = unescaped(e);
        continue;
      }
      let code = this.hex4(p);
      p += 4;
      if (code >= 0xdc00 && code <= 0xdfff) return false;
      if (code >= 0xd800 && code <= 0xdbff) {
        const low = bytes[p] === BACKSLASH && bytes[p + 1] === LOWER_U ? this.hex4(p + 2) : 0;
        if (low < 0xdc00 || low > 0xdfff) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
      at = encodeUtf8(code, scratch, at);
    }
    this.scratchEnd = at;
    return true;
  }

  /**
   * From the first byte of a value of any kind to behind it. `depth`: how many containers it stands in. Iterative: text
   * nested without bounds costs a byte a level, and is noted as too deep.
   */
  skipValue(from: number, depth: number): number {
    const { bytes, end } = this;
    let p = from;
    let open = 0;
    for (;;) {
      // A value begins at p.
      const c = p < end ? (bytes[p] as number) : 0;
      let complete = true;
      if (c === QUOTE) {
        p = this.skipString(p + 1) + 1;
        if (p === 0) return -1;
      } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        if (depth + open >= MAX_NESTING) this.sawTooDeep = true;
        p = this.skipWhitespace(p + 1);
        if (p < end && bytes[p] === (c === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)) {
          p++;
        } else {
          if (open === this.containers.length) this.growContainers();
          this.containers[open++] = c === OPEN_BRACE ? 1 : 0;
          if (c === OPEN_BRACE && (p = this.skipKey(p)) < 0) return -1;
          complete = false;
        }
      } else {
        p = this.skipScalar(p, c);
        if (p < 0) return -1;
      }
      if (!complete) continue;
      for (;;) {
        if (open === 0) return p;
        p = this.skipWhitespace(p);
        if (p >= end) return this.fail(p);
        const object = this.containers[open - 1] === 1;
        if (bytes[p] === COMMA) {
          p = this.skipWhitespace(p + 1);
          if (object && (p = this.skipKey(p)) < 0) return -1;
          break;
        }
        if (bytes[p] !== (object ? CLOSE_BRACE : CLOSE_BRACKET)) return this.fail(p);
        p++;
        open--;
      }
    }
  }

  /** Puts bytes[start, end) at the end of `scratch`. */
  appendToScratch(bytes: Uint8Array, start: number, end: number): void {
    this.reserveScratch(end - start);
    for (let p = start; p < end; p++) this.scratch[this.scratchEnd++] = bytes[p] as number;
  }

  /** Notes where the text ceased to be JSON. */
  fail(at: number): -1 {
    this.failedAt = at;
    return -1;
  }

  /** Whether `true`, `false` or `null` stands at p; the position behind it or -1. */
  skipWord(p: number, c: number): number {
    const { bytes, end } = this;
    const length = c === LOWER_F ? 5 : 4;
    if (p + length > end) return this.fail(end);
    const matches =
      c === LOWER_T
        ? bytes[p + 1] === 0x72 && bytes[p + 2] === 0x75 && bytes[p + 3] === 0x65
        : c === LOWER_N
          ? bytes[p + 1] === 0x75 && bytes[p + 2] === 0x6c && bytes[p + 3] === 0x6c
          : c === LOWER_F &&
            bytes[p + 1] === 0x61 &&
            bytes[p + 2] === 0x6c &&
            bytes[p + 3] === 0x73 &&
            bytes[p + 4] === 0x65;
    return matches ? p + length : this.fail(p);
  }

  private skipScalar(p: number, c: number): number {
    if (c === LOWER_T || c === LOWER_F || c === LOWER_N) return this.skipWord(p, c);
    const after = this.literal.scan(this.bytes, p, this.end);
    return after < 0 ? this.fail(p) : after;
  }

  /** From the opening quote of a key to the first byte of its value. */
  private skipKey(from: number): number {
    const { bytes, end } = this;
    if (from >= end || bytes[from] !== QUOTE) return this.fail(from);
    let p = this.skipString(from + 1);
    if (p < 0) return -1;
    p = this.skipWhitespace(p + 1);
    if (p >= end || bytes[p] !== COLON) return this.fail(p);
    return this.skipWhitespace(p + 1);
  }

  private skipEscape(p: number): number {
    const { bytes, end } = this;
    if (p + 2 > end) return this.fail(end);
    const e = bytes[p + 1] as number;
    if (e === LOWER_U) return p + 6 <= end && this.hex4(p + 2) >= 0 ? p + 6 : this.fail(p);
    return unescaped(e) !== 0 ? p + 2 : this.fail(p);
  }

  private hex4(at: number): number {
    const { bytes } = this;
    let code = 0;
    for (let i = 0; i < 4; i++) {
      const c = bytes[at + i] as number;
      const lower = c | 0x20;
      if (c >= 0x30 && c <= 0x39) code = (code << 4) | (c - 0x30);
      else if (lower >= 0x61 && lower <= 0x66) code = (code << 4) | (lower - 0x57);
      else return -1;
    }
    return code;
  }

  /** Over one character above 0x7f, as strictly as the Unicode standard (table 3-7); else one byte, noted. */
  private skipCharacter(p: number): number {
    const { bytes, end } = this;
    const c = bytes[p] as number;
    const second = p + 1 < end ? (bytes[p + 1] as number) : 0;
    if (c >= 0xc2 && c <= 0xdf) {
      if (isContinuation(second)) return p + 2;
    } else if (c >= 0xe0 && c <= 0xef) {
      const lowest = c === 0xe0 ? 0xa0 : 0x80;
      const highest = c === 0xed ? 0x9f : 0xbf;
      if (second >= lowest && second <= highest && p + 2 < end && isContinuation(bytes[p + 2] as number)) return p + 3;
    } else if (c >= 0xf0 && c <= 0xf4) {
      const lowest = c === 0xf0 ? 0x90 : 0x80;
      const highest = c === 0xf4 ? 0x8f : 0xbf;
      if (
        second >= lowest &&
        second <= highest &&
        p + 3 < end &&
        isContinuation(bytes[p + 2] as number) &&
        isContinuation(bytes[p + 3] as number)
      ) {
        return p + 4;
      }
    }
    this.sawBadUtf8 = true;
    return p + 1;
  }

  private reserveScratch(bytes: number): void {
    if (this.scratchEnd + bytes + WORD_SLACK <= this.scratch.length) return;
    const grown = new Uint8Array(2 * (this.scratchEnd + bytes) + WORD_SLACK);
    grown.set(this.scratch.subarray(0, this.scratchEnd));
    this.scratch = grown;
    this.scratchView = new DataView(grown.buffer);
  }

  private growContainers(): void {
    const grown = new Uint8Array(2 * this.containers.length);
    grown.set(this.containers);
    this.containers = grown;
  }
}

function isWhitespace(c: number): boolean {
  return c === SPACE || c === LINE_FEED || c === 0x0d || c === 0x09;
}

function isContinuation(c: number): boolean {
  return (c & 0xc0) === 0x80;
}

/** What `\e` stands for; 0 when it is no escape. */
function unescaped(e: number): number {
  switch (e) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
      return e;
    case 0x62:
      return 0x08;
    case LOWER_F:
      return 0x0c;
    case LOWER_N:
      return LINE_FEED;
    case 0x72:
      return 0x0d;
    case LOWER_T:
      return 0x09;
    default:
      return 0;
  }
}

function encodeUtf8(code: number, target: Uint8Array, from: number): number {
  let at = from;
  if (code < 0x80) {
    target[at++] = code;
  } else if (code < 0x800) {
    target[at++] = 0xc0 | (code >> 6);
    target[at++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    target[at++] = 0xe0 | (code >> 12);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  } else {
    target[at++] = 0xf0 | (code >> 18);
    target[at++] = 0x80 | ((code >> 12) & 0x3f);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}
