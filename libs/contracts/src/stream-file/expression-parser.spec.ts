import type { Expression, ExpressionType } from '@tillstream/core';
import { evaluateRow } from '@tillstream/core/testing';
import { run } from '@bufbuild/cel';
import fc from 'fast-check';
import type { ExpressionScope } from './expression-scope';
import { parseCondition, parseExpression } from './expression-parser';

const NAMES: readonly (readonly [name: string, type: ExpressionType])[] = [
  ['a', 'int'],
  ['b', 'int'],
  ['x', 'double'],
  ['y', 'double'],
  ['s', 'string'],
  ['t', 'string'],
  ['p', 'bool'],
  ['q', 'bool'],
  ['price', 'money'],
  ['paid', 'money'],
  ['at', 'timestamp'],
  ['seen', 'timestamp'],
  ['meta.domain', 'string'],
  ['meta.sent.at', 'timestamp'],
];
const scope: ExpressionScope = {
  what: 'field',
  names: new Map(NAMES.map(([name, type]) => [name, { type }])),
  money: { currency: 'USD', exponent: 2 },
};

/** The parsed expression, or the problems as `index: message`. */
function parsed(text: string, within = scope): Expression | string[] {
  const problems: string[] = [];
  const expression = parseExpression(text, within, (index, message) => {
    problems.push(`${index}: ${message}`);
    return null;
  });
  return expression ?? problems;
}

/** In one line, every operation in brackets, with its type. */
function show(expression: Expression | string[]): string {
  if (Array.isArray(expression)) return expression.join('; ');
  switch (expression.kind) {
    case 'field':
      return expression.name;
    case 'literal':
      return `${JSON.stringify(expression.value)}:${expression.type}`;
    case 'not':
      return `(! ${show(expression.operand)})`;
    case 'negate':
      return `(- ${show(expression.operand)}):${expression.type}`;
    case 'in':
      return `(${show(expression.operand)} in ${JSON.stringify(expression.values)})`;
    case 'text-test':
      return `${show(expression.operand)}.${expression.test}(${JSON.stringify(expression.pattern)})`;
    case 'lower':
    case 'size':
      return `${expression.kind}(${show(expression.operand)})`;
    case 'time-part':
      return `${expression.part}(${show(expression.operand)})`;
    case 'choice': {
      const { condition, whenTrue, otherwise, type } = expression;
      return `(${show(condition)} ? ${show(whenTrue)} : ${show(otherwise)}):${type}`;
    }
    default: {
      const { left, operator, right, type } = expression;
      return `(${show(left)} ${operator} ${show(right)})${type === 'bool' ? '' : `:${type}`}`;
    }
  }
}

describe('expressions', () => {
  it.each([
    ['a + b * 2', '(a + (b * 2:int):int):int'],
    ['a + x', '(a + x):double'],
    ['a / b', '(a / b):double'],
    ['a % 3', '(a % 3:int):int'],
    ['-a < 3', '((- a):int < 3:int)'],
    ['a > -3 && !p || q', '(((a > -3:int) && (! p)) || q)'],
    ['a < 2.5', '(a < 2.5:double)'],
    ["s == 'x' || s < t", '((s == "x":string) || (s < t))'],
    ["s in ['x', 'y']", '(s in ["x","y"])'],
    ['x in [1, -2.5]', '(x in [1,-2.5])'],
    ['s != null', '(s != null:null)'],
    ['at > seen', '(at > seen)'],
    ['p == true', '(p == true:bool)'],
    ["s.startsWith('x') && !s.endsWith('')", '(s.startsWith("x") && (! s.endsWith("")))'],
    ["contains(s, 'x')", 's.contains("x")'],
    ["s.lowerAscii() == 'x'", '(lower(s) == "x":string)'],
    ['size(s) > 3', '(size(s) > 3:int)'],
    ['s.size() + 1', '(size(s) + 1:int):int'],
    ['has(s)', '(s != null:null)'],
    ['at.getHours() >= 18', '(getHours(at) >= 18:int)'],
    ['getDayOfWeek(at) in [0, 6]', '(getDayOfWeek(at) in [0,6])'],
    ["meta.domain != 'canary'", '(meta.domain != "canary":string)'],
    ["meta.domain.startsWith('a') && has(meta.domain)", '(meta.domain.startsWith("a") && (meta.domain != null:null))'],
    ['meta.sent.at.getHours() == 1', '(getHours(meta.sent.at) == 1:int)'],
    ['p ? a : 0', '(p ? a : 0:int):int'],
    ['p ? a : x', '(p ? a : x):double'],
    ['p ? price : 0.50', '(p ? price : 50:money):money'],
    ['p ? null : at', '(p ? null:null : at):timestamp'],
    ['p ? q : a > 1', '(p ? q : (a > 1:int)):bool'],
  ])('%s is %s', (text, meaning) => {
    expect(show(parsed(text))).toBe(meaning);
  });

  it.each([
    ['price > 100', '(price > 10000:money)'],
    ['99.5 <= price', '(9950:money <= price)'],
    ['price == -0.01', '(price == -1:money)'],
    ['price - 1.10 > paid', '((price - 110:money):money > paid)'],
    ['price in [1, 2.50, -3]', '(price in [100,250,-300])'],
    ['price > 1e2', '(price > 10000:money)'],
    ['price * 2', '(price * 2:int):money'],
    ['a * price', '(a * price):money'],
    ['price / paid', '(price / paid):double'],
    ['-price < 0', '((- price):money < 0:money)'],
  ])('reads amounts of money in major units: %s is %s', (text, meaning) => {
    expect(show(parsed(text))).toBe(meaning);
  });

  it('makes a ratio in major units of money per number, whatever the currency', () => {
    expect(show(parsed('price / a'))).toBe('((price / a):double / 100:int):double');
    const yen = { ...scope, money: { currency: 'JPY', exponent: 0 } };
    expect(show(parsed('price / a', yen))).toBe('(price / a):double');
    expect(show(parsed('price > 100', yen))).toBe('(price > 100:money)');
    expect(show(parsed('price > 0.5', yen))).toBe('8: 0.5 is finer than JPY, which has 0 decimal digits');
  });

  it.each([
    ['price + a', '0: price (money) + a (int) is not defined'],
    ['price % 2', '0: price (money) % 2 (int) is not defined'],
    ['a / price', '0: a (int) / price (money) is not defined'],
    ['price * paid', '0: price (money) * paid (money) is not defined'],
    ['x % 2', '0: x (double) % 2 (int) is not defined'],
    ['at - seen', '0: at (timestamp) - seen (timestamp) is not defined'],
    ['s + t', '0: s (string) + t (string) is not defined'],
    ['-s', '0: - needs a number, s (string) is none'],
    ['a && p', '0: && needs conditions, a (int) is none'],
    ['!s', '1: ! needs conditions, s (string) is none'],
    ['price > 0x10', '8: 0x10 is no amount of money that can be held exactly'],
    ['price > 99999999999999999999', '8: 99999999999999999999 is too large: whole numbers end at 9007199254740991'],
    ['price > 99999999999999.99', '8: 99999999999999.99 is no amount of money that can be held exactly'],
    ['a in [1, b]', '9: a list holds values only, b is none'],
    ['a in b', '5: in needs a list of values, such as [1, 2]'],
    ["a.startsWith('x')", '0: startsWith is for fields that are texts, a (int) is none'],
    ['s.contains(t)', "11: contains needs a text in quotes: x.contains('a')"],
    ['s.contains()', "0: contains needs a text in quotes: x.contains('a')"],
    ["s.endsWith('x', 'y')", '16: endsWith takes one text'],
    ["size('x')", "5: size is for fields that are texts, 'x' (string) is none"],
    ['a.getHours()', '0: getHours is for instants, a (int) is none'],
    ["at.getHours('UTC')", '12: getHours takes nothing else'],
    ['has(1)', '4: has asks whether a field or measure is there'],
    ['p ? s : t', '0: ? : chooses between two numbers, amounts, instants or conditions, not s (string) and t (string)'],
    [
      'p ? a : at',
      '0: ? : chooses between two numbers, amounts, instants or conditions, not a (int) and at (timestamp)',
    ],
    ['a ? 1 : 2', '0: ? : needs conditions, a (int) is none'],
    [
      'z > 1 || p > q',
      '0: there is no field z: there are a, b, x, y, s, t, p, q, price, paid, at, seen, meta.domain, meta.sent.at; 9: > needs values that have an order, not a bool',
    ],
  ])('refuses %s', (text, problems) => {
    expect(show(parsed(text))).toBe(problems);
  });

  it('wants conditions to be true or false', () => {
    const problems: string[] = [];
    parseCondition('a + 1', scope, (_, message) => (problems.push(message), null));
    expect(problems).toEqual(['a condition must be true or false, this is an int']);
  });
});

const words = fc.constantFrom("''", "'x'", '"é"', "'s'", "'it'");

/** Texts of one type, built so that CEL and this project promise the same for them (`/` and mixed numbers differ). */
const { condition } = fc.letrec<{ int: string; double: string; text: string; condition: string }>((tie) => ({
  int: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', '0', '7', '-3', '12'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*'), tie('int')).map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('int'), fc.constantFrom('+', '-', '*', '%'), fc.constantFrom('2', '5'))
      .map((parts) => parts.join(' ')),
    tie('int').map((operand) => `-(${operand})`),
    fc.constantFrom('size(s)', 't.size()'),
    fc.tuple(tie('condition'), tie('int'), tie('int')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
  ),
  double: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('x', 'y', '0.0', '2.5', '-1.25', '1e2'),
    fc.tuple(tie('double'), fc.constantFrom('+', '-', '*'), tie('double')).map((parts) => `(${parts.join(' ')})`),
  ),
  text: fc.constantFrom('s', 't', "''", "'x'", '"yé"', "'it\\'s'", "r'a\\n'"),
  condition: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('p', 'q', 'true', 'false'),
    fc.tuple(tie('int'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('int')).map((parts) => parts.join(' ')),
    fc
      .tuple(tie('double'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('double'))
      .map((parts) => parts.join(' ')),
    fc.tuple(tie('text'), fc.constantFrom('==', '!=', '<', '>='), tie('text')).map((parts) => parts.join(' ')),
    tie('text').map((text) => `${text} in ['x', 'it\\'s', '']`),
    tie('int').map((number) => `${number} in [0, -3, 14]`),
    fc
      .tuple(fc.constantFrom('s', 't'), fc.constantFrom('startsWith', 'endsWith', 'contains'), words)
      .map(([name, test, pattern]) => `${name}.${test}(${pattern})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([test, whenTrue, otherwise]) => `(${test} ? ${whenTrue} : ${otherwise})`),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map((parts) => parts.join(' ')),
    tie('condition').map((operand) => `!(${operand})`),
  ),
}));
const integer = fc.integer({ min: -20, max: 20 });
const fraction = fc.integer({ min: -40, max: 40 }).map((quarters) => quarters / 4);
const word = fc.constantFrom('', 'x', 'yé', "it's", 'a\\n', 'z');
const rows = fc.record({
  a: integer,
  b: integer,
  x: fraction,
  y: fraction,
  s: word,
  t: word,
  p: fc.boolean(),
  q: fc.boolean(),
});

describe('conditions mean what they mean in CEL', () => {
  it('for any row without nulls', () => {
    fc.assert(
      fc.property(condition, rows, (text, row) => {
        const expression = parsed(text);
        if (Array.isArray(expression)) throw new Error(`${text}: ${expression.join('; ')}`);
        const oracle = run(text, { ...row, a: BigInt(row.a), b: BigInt(row.b) });
        expect(evaluateRow(expression, row)).toBe(oracle);
      }),
      { numRuns: 500 },
    );
  });
});
