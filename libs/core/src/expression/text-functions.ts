import { compilePattern } from './pattern/compile-pattern';

/** Tests of a text against a text, or a regular expression, that is written in the expression. */
export const TEXT_TESTS = ['startsWith', 'endsWith', 'contains', 'matches'] as const;

export type TextTest = (typeof TEXT_TESTS)[number];

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const TO_LOWER = 0x20;

/** A test of the UTF-8 text bytes[start, end). */
export type ByteTest = (bytes: Uint8Array, start: number, end: number) => boolean;

/** @throws PatternError for a regular expression that is wrong, or too large */
export function byteTest(test: TextTest, pattern: string): ByteTest {
  if (test === 'matches') return compilePattern(pattern);
  const wanted = new TextEncoder().encode(pattern);
  const { length } = wanted;
  if (test === 'startsWith') return (bytes, start, end) => end - start >= length && standsAt(wanted, bytes, start);
  if (test === 'endsWith') return (bytes, start, end) => end - start >= length && standsAt(wanted, bytes, end - length);
  return (bytes, start, end) => {
    for (let at = start; at + length <= end; at++) if (standsAt(wanted, bytes, at)) return true;
    return false;
  };
}

/** Number of code points of the UTF-8 text bytes[start, end). */
export function codePointsOf(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (((bytes[at] as number) & 0xc0) !== 0x80) count++;
  return count;
}

/** Copies source[start, end) to `target` from `at`, A to Z as a to z. */
export function copyLower(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  for (let from = start, to = at; from < end; from++, to++) {
    const byte = source[from] as number;
    target[to] = byte >= UPPER_A && byte <= UPPER_Z ? byte + TO_LOWER : byte;
  }
}

function standsAt(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
