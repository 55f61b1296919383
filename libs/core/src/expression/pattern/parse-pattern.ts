import type { CodeRange, Pattern } from './pattern';
import { LAST_CODE_POINT, PatternError, allBut } from './pattern';

const MAX_REPEAT = 1000;
const MAX_DEPTH = 50;

const DIGITS: readonly CodeRange[] = [range('0', '9')];
const WORDS: readonly CodeRange[] = [range('0', '9'), range('A', 'Z'), range('_', '_'), range('a', 'z')];
const SPACES: readonly CodeRange[] = [range('\t', '\n'), range('\f', '\r'), range(' ', ' ')];
const CLASSES: Readonly<Record<string, readonly CodeRange[]>> = {
  d: DIGITS,
  D: allBut(DIGITS),
  w: WORDS,
  W: allBut(WORDS),
  s: SPACES,
  S: allBut(SPACES),
};
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };
const NO_LINE_FEED = allBut([range('\n', '\n')]);

/**
 * Takes a regular expression apart: the part of RE2's syntax that says which texts it matches. `.` is anything but a line feed,
 * `\d`, `\w` and `\s` are ASCII, `^` and `$` the begin and end of the text, `(?i)` in front takes letters of ASCII for the same.
 *
 * @throws PatternError for what is not understood
 */
export function parsePattern(text: string): Pattern {
  return new Parser(text).parse();
}

class Parser {
  private at = 0;
  private depth = 0;
  private readonly ignoreCase: boolean;

  constructor(private readonly text: string) {
    this.ignoreCase = text.startsWith('(?i)');
    if (this.ignoreCase) this.at = 4;
  }

  parse(): Pattern {
    const pattern = this.either();
    if (this.at < this.text.length) this.fail(') closes nothing');
    return pattern;
  }

  private either(): Pattern {
    if (++this.depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} groups within each other`);
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? (parts[0] as Pattern) : { kind: 'either', parts };
  }

  private sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.at < this.text.length && !['|', ')'].includes(this.peek)) parts.push(this.repeated());
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
  }

  private repeated(): Pattern {
    const from = this.at;
    let part = this.single();
    for (let times = this.times(); times !== null; times = this.times()) {
      if (part.kind === 'begin' || part.kind === 'end') this.fail('there is nothing here to repeat', from);
      if (part.kind === 'repeat') this.fail('repeats a repetition: use a group', from);
      part = { kind: 'repeat', part, ...times };
      this.take('?'); // what is taken first does not matter: the whole text matches, or it does not
    }
    return part;
  }

  /** Null: what stands before is not repeated. */
  private times(): { readonly min: number; readonly max: number } | null {
    if (this.take('*')) return { min: 0, max: Infinity };
    if (this.take('+')) return { min: 1, max: Infinity };
    if (this.take('?')) return { min: 0, max: 1 };
    const counted = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.text.slice(this.at));
    if (counted === null) return null;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (max < min) this.fail(`${counted[0]} ends before it begins`);
    if (Math.max(min, max === Infinity ? 0 : max) > MAX_REPEAT) this.fail(`repeats more than ${MAX_REPEAT} times`);
    this.at += counted[0].length;
    return { min, max };
  }

  private single(): Pattern {
    const from = this.at;
    if (this.take('(')) return this.group(from);
    if (this.take('[')) return this.set(from);
    if (this.take('.')) return { kind: 'class', ranges: NO_LINE_FEED };
    if (this.take('^')) return { kind: 'begin' };
    if (this.take('$')) return { kind: 'end' };
    if (['*', '+', '?'].includes(this.peek)) this.fail('there is nothing here to repeat');
    if (/^\{\d/.test(this.text.slice(this.at))) this.fail('there is nothing here to repeat; write \\{ for a brace');
    return { kind: 'class', ranges: this.take('\\') ? this.escaped(from) : this.cased([this.literal()]) };
  }

  private group(from: number): Pattern {
    if (this.take('?') && !this.take(':')) {
      const look = /^(<?[=!])/.test(this.text.slice(this.at));
      const what = look
        ? 'it cannot look ahead or behind'
        : 'groups are written (…) or (?:…), and (?i) in front of all';
      this.fail(what, from);
    }
    const pattern = this.either();
    if (!this.take(')')) this.fail('( is not closed', from);
    return pattern;
  }

  private set(from: number): Pattern {
    const isOthers = this.take('^');
    const ranges: CodeRange[] = [];
    for (let first = true; first || this.peek !== ']'; first = false) {
      if (this.at >= this.text.length) this.fail('[ is not closed', from);
      if (this.text.startsWith('[:', this.at)) this.fail('names of classes are not understood: write [a-z0-9]');
      ranges.push(...this.member());
    }
    this.at++;
    const all = this.cased(ranges);
    return { kind: 'class', ranges: isOthers ? allBut(all) : all };
  }

  /** What stands in a set: a character, a range of them, or a class. */
  private member(): readonly CodeRange[] {
    const at = this.at;
    const first = this.take('\\') ? this.escaped(at) : [this.literal()];
    if (this.peek !== '-' || [']', undefined].includes(this.text[this.at + 1])) return first;
    this.at++;
    const from = this.at;
    const last = this.take('\\') ? this.escaped(from) : [this.literal()];
    const [a, b] = [first[0] as CodeRange, last[0] as CodeRange];
    const single = (ranges: readonly CodeRange[]): boolean => ranges.length === 1 && ranges[0]?.from === ranges[0]?.to;
    if (!single(first) || !single(last) || b.from < a.from)
      this.fail(`${this.text.slice(at, this.at)} is no range`, at);
    return [{ from: a.from, to: b.from }];
  }

  /** Behind a backslash. */
  private escaped(from: number): readonly CodeRange[] {
    const letter = this.text[this.at];
    if (letter === undefined) this.fail('\\ stands for nothing at the end', from);
    const known = CLASSES[letter];
    const control = CONTROLS[letter];
    const hex = /^x([0-9a-fA-F]{2})|^x\{([0-9a-fA-F]{1,6})\}/.exec(this.text.slice(this.at));
    if (known !== undefined) {
      this.at++;
      return known;
    }
    if (control !== undefined) {
      this.at++;
      return [range(control, control)];
    }
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > LAST_CODE_POINT) this.fail(`\\${hex[0]} is no character`, from);
      this.at += hex[0].length;
      return [{ from: code, to: code }];
    }
    if (/[1-9]/.test(letter))
      this.fail(`\\${letter} looks back at a group: such patterns take for ever on some texts`, from);
    if (letter === 'b' || letter === 'B') this.fail(`\\${letter} is not understood: write (^|\\W) and (\\W|$)`, from);
    if (/[A-Za-z0-9]/.test(letter)) this.fail(`\\${letter} is not understood`, from);
    return [this.literal()];
  }

  /** The character here, whatever it is. */
  private literal(): CodeRange {
    const code = this.text.codePointAt(this.at) as number;
    this.at += code > 0xffff ? 2 : 1;
    return { from: code, to: code };
  }

  private cased(ranges: readonly CodeRange[]): readonly CodeRange[] {
    if (!this.ignoreCase) return ranges;
    return [...ranges, ...shifted(ranges, range('A', 'Z'), 32), ...shifted(ranges, range('a', 'z'), -32)];
  }

  private get peek(): string {
    return this.text[this.at] ?? '';
  }

  private take(wanted: string): boolean {
    const isThere = this.text[this.at] === wanted;
    if (isThere) this.at++;
    return isThere;
  }

  private fail(message: string, index = this.at): never {
    throw new PatternError(index, message);
  }
}

function range(from: string, to: string): CodeRange {
  return { from: from.charCodeAt(0), to: to.charCodeAt(0) };
}

/** What of the ranges lies within others, moved. */
function shifted(ranges: readonly CodeRange[], within: CodeRange, by: number): readonly CodeRange[] {
  return ranges.flatMap(({ from, to }) => {
    const cut = { from: Math.max(from, within.from) + by, to: Math.min(to, within.to) + by };
    return cut.from <= cut.to ? [cut] : [];
  });
}
