import * as fc from 'fast-check';
import { compilePattern, patternProblem } from './compile-pattern';
import { utf8Sequences } from './utf8-ranges';

const utf8 = new TextEncoder();

function matches(pattern: string, text: string): boolean {
  const bytes = utf8.encode(`<${text}>`); // what stands around is none of its business
  return compilePattern(pattern)(bytes, 1, bytes.length - 1);
}

/** Patterns that JavaScript's own engine understands in the same way, with `u`, but for `.` and `\s`. */
const patterns: fc.Arbitrary<string> = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'é',
      '€',
      '😀',
      '.',
      '\\d',
      '\\w',
      '\\W',
      '\\.',
      '[ab]',
      '[^a]',
      '[é-€]',
      '[^é-😀]',
      '\\n',
    ),
    fc.constantFrom('^', '$', ''),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{2,}', '{0,1}', '*?', '+?'))
      .map(([a, times]) => `(?:${a})${times}`),
  ),
})).pattern;

const texts = fc
  .array(fc.constantFrom('a', 'b', 'é', '€', '😀', '5', '_', ' ', '\n', '.', 'ê'), { maxLength: 8 })
  .map((letters) => letters.join(''));

describe('a regular expression', () => {
  it('matches the texts that a backtracking engine says it matches', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const theirs = new RegExp(pattern.replace(/(?<!\\)\./g, '[^\\n]'), 'u');
        expect({ pattern, text, matches: matches(pattern, text) }).toEqual({
          pattern,
          text,
          matches: theirs.test(text),
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('is of code points, each with the bytes it has in UTF-8', () => {
    const code = fc.oneof(
      fc.integer({ min: 0, max: 0x10ffff }),
      fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000),
    );
    fc.assert(
      fc.property(code, code, code, (a, b, asked) => {
        fc.pre(asked < 0xd800 || asked > 0xdfff);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const bytes = [...utf8.encode(String.fromCodePoint(asked))];
        const isIn = utf8Sequences({ from, to }).filter(
          (ranges) =>
            ranges.length === bytes.length &&
            ranges.every((range, i) => range.from <= (bytes[i] as number) && (bytes[i] as number) <= range.to),
        );
        expect(isIn).toHaveLength(from <= asked && asked <= to ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 'anything', true],
    ['^$', '', true],
    ['^$', 'a', false],
    ['$^', '', true],
    ['$^', 'a', false],
    ['^b.*s$', 'books', true],
    ['^b.*s$', 'ebooks', false],
    ['o{2}', 'books', true],
    ['o{3}', 'books', false],
    ['(?i)BOOK', 'e-Books', true],
    ['(?i)[^a]', 'A', false],
    ['\\s', 'a\u00a0b', false],
    ['[\\d-]+$', 'no 12-3', true],
    ['[]a]', ']', true],
    ['\\x41\\x{20AC}', 'A€', true],
    ['a.c', 'a\nc', false],
    ['caf(é|e)s?', 'les cafés', true],
  ])('%j matches %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('takes a time that depends on the length of the text alone', () => {
    const text = 'a'.repeat(200_000);
    // Engines that try one way after the other need 2^200,000 steps for these.
    for (const pattern of ['^(a+)+$', '^(a|aa)+b', '^(a*)*b$', '(a?){30}a{30}c']) {
      expect(matches(pattern, text)).toBe(pattern === '^(a+)+$');
    }
  });

  it.each([
    ['(a', 0, /not closed/],
    ['a)', 1, /closes nothing/],
    ['[a', 0, /not closed/],
    ['*a', 0, /nothing here to repeat/],
    ['a**', 0, /repeats a repetition/],
    ['^*', 0, /nothing here to repeat/],
    ['(a)\\1', 3, /take for ever/],
    ['a(?=b)', 1, /look ahead/],
    ['(?<name>a)', 0, /groups are written/],
    ['\\bword', 0, /not understood/],
    ['[[:alpha:]]', 1, /names of classes/],
    ['[z-a]', 1, /no range/],
    ['a{3,2}', 1, /ends before it begins/],
    ['a{2000}', 1, /more than 1000 times/],
    ['(a{1000}){1000}', 0, /too large/],
    ['(a|b)*a(a|b){15}', 0, /remember too much/],
    ['\\', 0, /at the end/],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, 50, /within each other/],
  ])('%j is refused, and it is said where and why', (pattern, index, why) => {
    expect(patternProblem(pattern)).toEqual({ index, message: expect.stringMatching(why) as string });
  });

  it('never fails in another way, whatever it is', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'ab()[]{}^$|*+?\\.-,12:i'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(any, (pattern) => expect(patternProblem(pattern)?.message ?? 'fine').not.toBe('')),
      { numRuns: 3000 },
    );
  });
});
