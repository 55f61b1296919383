import type { CodeRange } from './pattern';

/** Bytes from `from` to `to`, both included. */
export type ByteRange = CodeRange;

/** The last code points that take one, two, three and four bytes. */
const LASTS = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/**
 * The UTF-8 texts of some code points, as sequences of byte ranges: a code point is one of them exactly if its bytes are,
 * one by one, in the ranges of a sequence.
 */
export function utf8Sequences({ from, to }: CodeRange): readonly (readonly ByteRange[])[] {
  if (from > to) return [];
  const last = LASTS.find((each) => from <= each) as number;
  if (to > last) return [...utf8Sequences({ from, to: last }), ...utf8Sequences({ from: last + 1, to })];
  const length = LASTS.indexOf(last) + 1;
  for (let tail = 1; tail < length; tail++) {
    const mask = 2 ** (6 * tail) - 1; // what the last `tail` bytes say
    if (Math.floor(from / (mask + 1)) === Math.floor(to / (mask + 1))) continue;
    const begin = from % (mask + 1);
    const end = to % (mask + 1);
    if (begin !== 0) {
      const cut = from - begin + mask;
      return [...utf8Sequences({ from, to: cut }), ...utf8Sequences({ from: cut + 1, to })];
    }
    if (end !== mask) {
      const cut = to - end;
      return [...utf8Sequences({ from, to: cut - 1 }), ...utf8Sequences({ from: cut, to })];
    }
  }
  const [first, second] = [bytesOf(from, length), bytesOf(to, length)];
  return [first.map((byte, i) => ({ from: byte, to: second[i] as number }))];
}

/** By hand: surrogates, which no text has, have bytes here as well. */
function bytesOf(code: number, length: number): number[] {
  if (length === 1) return [code];
  const bytes: number[] = [];
  let rest = code;
  for (let i = 1; i < length; i++) {
    bytes.unshift(0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  return [((0xf00 >> length) & 0xff) | rest, ...bytes];
}
