import fc from 'fast-check';

import type { RejectCode } from '../enrich/types';
import { JSON_NUMBER, decimalOracle, isSafe } from '../money/decimal.oracle.fixture';
import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import { readWith, type ReadRow } from './read-rows.fixture';
import { RowReader } from './row-reader';

const schema = aSchema(
  [
    aField('key', 'string'),
    aField('at', 'timestamp', { optional: false }),
    aField('text', 'string'),
    aField('count', 'int'),
    aField('ratio', 'double'),
    aField('price', 'money'),
    aField('flag', 'bool'),
    aField('é"\\', 'string'),
    aField('in.text', 'string'),
    aField('in.count', 'int'),
    aField('in.deep.price', 'money'),
    aField('other.flag', 'bool'),
  ],
  { key: ['key'], eventTime: { ...COMMERCE_EVENT_TIME, field: 'at' } },
);
const NAMES = schema.fields.map(({ name }) => name);
/** Objects that declared fields stand in. */
const OBJECTS = ['in', 'in.deep', 'other'];

// ── the oracle: JSON.parse, then each field on its own ──────────────────────────────────────────────────────────────

interface Verdict {
  readonly values: Record<string, string | number>;
  /** `code path` of everything that is wrong with the row. */
  readonly problems: Set<string>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null: not JSON, or not UTF-8. */
function judge(bytes: Uint8Array): Verdict | null {
  const sources = new Map<unknown, Record<string, string>>();
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    parsed = parseWithSources(text, sources);
  } catch {
    return null;
  }
  const problems = new Set<string>();
  const values: Record<string, string | number> = {};
  if (!isRecord(parsed)) return { values, problems: new Set(['not-an-object $']) };
  if (depthOf(text) > 64) problems.add('too-deep $');
  for (const path of OBJECTS) {
    const { value } = valueAt(parsed, path);
    if (countPath(text, path) > 1) problems.add(`duplicate-field ${path}`);
    if (value !== null && typeof value !== 'object') problems.add(`wrong-type ${path}`);
  }
  for (const { name, type } of schema.fields) {
    const { value, holder, key } = valueAt(parsed, name);
    if (countPath(text, name) > 1) problems.add(`duplicate-field ${name}`);
    if (value === null || (name === 'key' && value === '')) continue;
    const judged = judgeValue(type, value, sources.get(holder)?.[key] ?? '');
    if (typeof judged === 'object') values[name] = judged.value;
    else problems.add(`${judged} ${name}`);
  }
  if (!('key' in values) && problems.size === 0) problems.add('no-key key');
  if (!('at' in values) && problems.size === 0) problems.add('missing-field at');
  return { values, problems };
}

/** What stands at a path, and the object that it is a member of; what has no members has null for each. */
function valueAt(parsed: Record<string, unknown>, path: string): { value: unknown; holder: unknown; key: string } {
  let at = { value: parsed as unknown, holder: null as unknown, key: '' };
  for (const key of path.split('.')) {
    const holder = at.value;
    at = { value: isRecord(holder) && Object.hasOwn(holder, key) ? holder[key] : null, holder, key };
  }
  return at;
}

/** JSON.parse that also notes, by object and member, the text of each scalar. */
function parseWithSources(text: string, sources: Map<unknown, Record<string, string>>): unknown {
  function note(this: unknown, key: string, value: unknown, context?: { source?: string }): unknown {
    const members = sources.get(this) ?? (Object.create(null) as Record<string, string>);
    sources.set(this, members);
    if (context?.source !== undefined) members[key] = context.source;
    return value;
  }
  return JSON.parse(text, note);
}

const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

function judgeValue(type: string, value: unknown, source: string): { value: string | number } | RejectCode {
  if (type === 'string') {
    if (typeof value === 'string') return isWellFormed(value) ? { value } : 'invalid-utf8';
    return typeof value === 'number' ? { value: source } : 'wrong-type';
  }
  if (typeof value === 'string' && !isWellFormed(value)) return 'invalid-utf8';
  if (type === 'bool') return typeof value === 'boolean' ? { value: Number(value) } : 'wrong-type';
  if (typeof value !== 'string' && typeof value !== 'number') return 'wrong-type';
  const text = typeof value === 'string' ? value : source;
  if (type === 'timestamp') return judgeEpoch(text, typeof value === 'string');
  if (!JSON_NUMBER.test(text)) return 'wrong-type';
  if (type === 'double') return Number.isFinite(Number(text)) ? { value: Number(text) } : 'out-of-range';
  const { value: integer, exact } = decimalOracle(text, type === 'money' ? 2 : 0);
  if (!isSafe(integer)) return 'out-of-range';
  return type === 'int' && !exact ? 'wrong-type' : { value: Number(integer) };
}

/** The generator gives `at` as an epoch number only; ISO texts have a specification of their own. */
function judgeEpoch(text: string, quoted: boolean): { value: number } | RejectCode {
  if (!JSON_NUMBER.test(text)) return 'bad-timestamp';
  const whole = /^-?\d+/.exec(text)?.[0] ?? '';
  const plain = whole.length >= 9 && whole.length <= 13 && !/^-|[eE]/.test(text);
  if (quoted && !plain) return 'bad-timestamp';
  const thousandths = cutOff(text, 3);
  const ms = thousandths < 100_000_000_000_000n ? thousandths : cutOff(text, 0);
  if ((text.startsWith('-') && /[1-9]/.test(text.replace(/[eE].*/, ''))) || ms > 253_402_300_799_999n)
    return 'bad-timestamp';
  return { value: Number(ms) };
}

function cutOff(text: string, digits: number): bigint {
  const { value } = decimalOracle(text, digits + 40);
  return value / 10n ** 40n;
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

/** How often a path is given. */
function countPath(text: string, path: string): number {
  const wanted = JSON.stringify(path.split('.'));
  const above: string[] = [];
  let key = '';
  let count = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[[{\]}]/g)) {
    const [token, literal, colon] = match;
    if (literal !== undefined) {
      if (colon === undefined) continue;
      key = JSON.parse(literal) as string;
      if (JSON.stringify([...above.slice(1), key]) === wanted) count++;
    } else if (token === '[' || token === '{') {
      above.push(key);
      key = '[]';
    } else {
      above.pop();
    }
  }
  return count;
}

// ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────

const space = fc.constantFrom('', '', '', ' ', '\t', '\r\n', '  ');
const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const numberText = fc.oneof(
  fc.constantFrom('0', '-0', '1e400', '-1e400', '1e-400', '9007199254740991', '9007199254740992', '9007199254740993'),
  fc.constantFrom(
    '2699.9700000000003',
    '90071992547409.91',
    '90071992547409.92',
    '0.125',
    '1e2',
    '1E+2',
    '12345678901234567890',
  ),
  fc
    .tuple(fc.constantFrom('', '-'), digits(19), fc.option(digits(20)), fc.option(fc.integer({ min: -40, max: 40 })))
    .map(([sign, whole, fraction, exponent]) => {
      const tail = `${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;
      return `${sign}${whole.replace(/^0+(?=.)/, '')}${tail}`;
    }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom(
    '\\u0041',
    '\\ud83d\\ude00',
    '\\ud800',
    '\\udc00',
    '\\ud800\\u0041',
    '\\/',
    '\\b\\f\\n\\r\\t',
    '\\u0000',
  ),
);
const stringText = fc.oneof(
  fc.array(character, { maxLength: 5 }).map((parts) => `"${parts.join('')}"`),
  numberText.map((text) => `"${text}"`),
);
const scalar = fc.oneof(numberText, stringText, fc.constantFrom('true', 'false', 'null'));
const { value: anyValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.tuple(space, fc.array(tie('value'), { maxLength: 3 })).map(([s, items]) => `[${s}${items.join(`${s},`)}${s}]`),
    fc
      .tuple(space, fc.array(fc.tuple(stringText, tie('value')), { maxLength: 3 }))
      .map(([s, members]) => `{${s}${members.map(([key, value]) => `${key}${s}:${value}`).join(`,${s}`)}}`),
  ),
}));
const KEYS = [...new Set([...NAMES, ...OBJECTS].flatMap((path) => [path, ...path.split('.')]))];
const keyText = fc.oneof(
  fc.constantFrom(...KEYS).map((name) => JSON.stringify(name)),
  fc
    .constantFrom(...KEYS)
    .map((name) => `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`),
  fc.constantFrom('"__proto__"', '"constructor"', '""', '"keys"', '"ke"', '"Key"'),
  stringText,
);
const membersOf = (value: fc.Arbitrary<string>, maxLength: number) =>
  fc
    .array(fc.tuple(space, keyText, space, value, space), { maxLength })
    .map((list) => list.map(([a, key, b, text, c]) => `${a}${key}${b}:${c}${text}${a}`));
const plainValue = fc.oneof({ weight: 4, arbitrary: scalar }, anyValue);
const { object: nestedText } = fc.letrec<{ object: string }>((tie) => ({
  object: fc
    .tuple(membersOf(fc.oneof({ maxDepth: 2 }, plainValue, tie('object')), 4), space)
    .map(([list, s]) => `{${list.join(',')}${s}}`),
}));
/** Objects that are as declared, so that what is read from them counts. */
const goodObject = fc
  .tuple(
    fc.constantFrom('"in":', '"in" : '),
    fc.array(fc.constantFrom('"text":"a"', '"count":7', '"x":{"text":1}', '"deep":{"price":1.5,"y":[]}'), {
      maxLength: 4,
    }),
  ) // prettier-ignore
  .map(([key, list]) => `${key}{${[...new Set(list)].join(',')}}`);
const objectText = fc
  .tuple(
    membersOf(fc.oneof({ weight: 3, arbitrary: plainValue }, nestedText), 9),
    fc.constantFrom('', '"key":"k","at":1569888000', '"key":"k","at":1569888000123'),
    fc.oneof(fc.constant(''), goodObject),
  )
  .map(([list, ...heads]) => `{${[...heads.filter((head) => head !== ''), ...list].join(',')}}`);
const document = objectText.map((text) => new TextEncoder().encode(text));

const INTERESTING = [0x00, 0x09, 0x0a, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x75, 0x7b,
  0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xa0, 0xef, 0xbb, 0xf0, 0x90, 0xf4, 0xf5, 0xff]; // prettier-ignore
const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat({ max: 3 }),
  insert: fc.array(fc.oneof(fc.constantFrom(...INTERESTING), fc.nat(255)), { maxLength: 3 }),
});
const mutated = fc.tuple(document, fc.array(mutation, { minLength: 1, maxLength: 3 })).map(([bytes, mutations]) =>
  mutations.reduce((list, { at, remove, insert }) => {
    const from = at % (list.length + 1);
    return Uint8Array.of(...list.subarray(0, from), ...insert, ...list.subarray(from + remove));
  }, bytes),
);

// One reader for all: what it learnt from one document must not change what it makes of the next.
const reader = new RowReader(schema);

function check(bytes: Uint8Array): void {
  // Other bytes before and after must not matter.
  const around = Uint8Array.of(0x22, 0x31, ...bytes, 0x7d, 0x22, 0x39, 0x2c);
  const { code, rows } = readWith(reader, around.subarray(2, bytes.length + 2), 'json');
  const verdict = judge(bytes);
  const row: ReadRow | undefined = rows[0];
  const problem = code ?? (row !== undefined && 'code' in row ? row.code : null);
  if (verdict === null) {
    expect(['malformed-json', 'invalid-utf8', 'no-row']).toContain(
      problem ?? (row === undefined ? 'no-row' : 'accepted'),
    );
  } else if (!isObjectText(bytes)) {
    expect(row === undefined || problem !== null).toBe(true);
  } else if (row !== undefined && 'code' in row) {
    // Of a field or object that is given twice, JSON.parse hides what was wrong with the first.
    const { path } = row;
    const twice = path.split('.').map((_, i, parts) => `duplicate-field ${parts.slice(0, i + 1).join('.')}`);
    if (twice.some((problem) => verdict.problems.has(problem))) return;
    expect([...verdict.problems]).toContain(`${row.code} ${path}`);
  } else {
    expect({ problems: [...verdict.problems], values: row?.values }).toEqual({ problems: [], values: verdict.values });
  }
}

function isObjectText(bytes: Uint8Array): boolean {
  return /^\ufeff?[\t\n\r ]*\{/.test(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
}

describe('the scanner and JSON.parse', () => {
  it('agree on generated documents', () => {
    fc.assert(fc.property(document, check), { numRuns: 3000 });
  });

  it('agree on mutated documents', () => {
    fc.assert(fc.property(mutated, check), { numRuns: 6000 });
  });

  it('agree on documents cut off anywhere', () => {
    fc.assert(
      fc.property(document, fc.nat(), (bytes, at) => check(bytes.subarray(0, at % (bytes.length + 1)))),
      { numRuns: 2000 },
    );
  });
});
