import type { State } from './automaton';
import { statesOf } from './automaton';
import { parsePattern } from './parse-pattern';
import { PatternError } from './pattern';

const MAX_SETS = 2000;
const TOO_MANY =
  'has to remember too much of a text at once: leave out .* and the like in front of what is repeated, or begin with ^';
/** Numbers of the table: nothing that follows can match, and whatever follows, it has matched. */
const NEVER = 0;
const MATCHED = 1;

/** Does the UTF-8 text bytes[start, end) hold a match? */
export type BytePattern = (bytes: Uint8Array, start: number, end: number) => boolean;

/**
 * Compiles a regular expression into a table that is looked up once a byte: how long it takes depends on the length of the text
 * alone, whatever the pattern and the text are. A pattern whose table would be too large is refused.
 *
 * @throws PatternError
 */
export function compilePattern(text: string): BytePattern {
  const { table, classOf, classes, begin, atEnd } = tableOf(statesOf(parsePattern(text)));
  return (bytes, start, end) => {
    let set = begin;
    for (let at = start; at < end && set > MATCHED; at++) {
      set = table[set * classes + (classOf[bytes[at] as number] as number)] as number;
    }
    return atEnd[set] === 1;
  };
}

/** Why a regular expression is refused, and where in it; null: it is not. */
export function patternProblem(text: string): { readonly index: number; readonly message: string } | null {
  try {
    compilePattern(text);
    return null;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { index: error.index, message: error.message };
  }
}

interface Table {
  /** By set of states and class of byte: the set that follows. */
  readonly table: Uint16Array;
  /** By byte: bytes that no state tells apart are of one class. */
  readonly classOf: Uint8Array;
  readonly classes: number;
  readonly begin: number;
  /** By set: 1 where a text that ends here matches. */
  readonly atEnd: Uint8Array;
}

function tableOf(states: readonly State[]): Table {
  const { classOf, samples } = classesOf(states);
  const sets: (readonly number[])[] = [[], [0]];
  const numbers = new Map<string, number>();
  const rows: number[][] = [samples.map(() => NEVER), samples.map(() => MATCHED)];
  const numberOf = (set: readonly number[]): number => {
    if (set.length === 0) return NEVER;
    if (set.includes(0)) return MATCHED;
    const name = set.join();
    let number = numbers.get(name);
    if (number === undefined) {
      if (sets.length >= MAX_SETS) throw new PatternError(0, TOO_MANY);
      number = sets.push(set) - 1;
      numbers.set(name, number);
    }
    return number;
  };
  const start = states.length - 1;
  const first = closure(states, [start], true, false);
  // Known by no name: in the middle of a text nothing is at its begin, even if the same states are reached.
  const begin = first.length === 0 ? NEVER : first.includes(0) ? MATCHED : sets.push(first) - 1;
  // A match may begin anywhere: at each byte the pattern begins once more.
  const anew = closure(states, [start], false, false);
  for (let number = rows.length; number < sets.length; number++) {
    const set = sets[number] as readonly number[];
    rows.push(samples.map((byte) => numberOf(after(states, set, byte, anew))));
  }
  const atEnd = sets.map((set) => (closure(states, set, false, true).includes(0) ? 1 : 0));
  // Of the empty text begin and end are one.
  const isEmptyMatch = closure(states, [start], true, true).includes(0);
  if (begin > MATCHED && isEmptyMatch) atEnd[begin] = 1;
  return {
    table: Uint16Array.from(rows.flat()),
    classOf,
    classes: samples.length,
    begin,
    atEnd: Uint8Array.from(atEnd),
  };
}

/** The states that a byte leads to, and those that the pattern begins with. */
function after(states: readonly State[], set: readonly number[], byte: number, anew: readonly number[]): number[] {
  const next: number[] = [];
  for (const number of set) {
    const state = states[number] as State;
    if (state.kind === 'byte' && byte >= state.range.from && byte <= state.range.to) next.push(state.next);
  }
  return [...new Set([...closure(states, next, false, false), ...anew])].sort((a, b) => a - b);
}

/** What can be come to from some states without a byte: those that read one, wait for the end, or are the match. */
function closure(states: readonly State[], from: readonly number[], isBegin: boolean, isEnd: boolean): number[] {
  const seen = new Set<number>();
  const stack = [...from];
  const reached: number[] = [];
  for (let number = stack.pop(); number !== undefined; number = stack.pop()) {
    if (seen.has(number)) continue;
    seen.add(number);
    const state = states[number] as State;
    if (state.kind === 'either') stack.push(...state.next);
    else if (state.kind === 'begin' && isBegin) stack.push(state.next);
    else if (state.kind === 'end' && isEnd) stack.push(state.next);
    else if (state.kind !== 'begin') reached.push(number);
  }
  return reached.sort((a, b) => a - b);
}

/** Classes of bytes that are in the same ranges, with one byte of each. */
function classesOf(states: readonly State[]): { readonly classOf: Uint8Array; readonly samples: readonly number[] } {
  const begins = new Set([0]);
  for (const state of states) {
    if (state.kind !== 'byte') continue;
    begins.add(state.range.from);
    begins.add(state.range.to + 1);
  }
  const classOf = new Uint8Array(256);
  const samples: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (begins.has(byte)) samples.push(byte);
    classOf[byte] = samples.length - 1;
  }
  return { classOf, samples };
}
