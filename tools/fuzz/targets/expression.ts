import type { Expression } from '@tillstream/core';
import { columnsOf, evaluateRow, type Row, testSchema } from '@tillstream/core/testing';

import { parseExpression } from '../../../libs/contracts/src/stream-file/expression-parser';
import { compileCondition, compileFormula } from '../../../libs/core/src/expression/compile-expression';
import { expectSame, type FuzzTarget, promise } from '../fuzz-target';

/** Where code points and UTF-16 units have another order; rows are compared by the first, the oracle compares the second. */
const OTHER_ORDER = /[\ud800-\uffff]/;

const ROWS: readonly Row[] = [
  {
    at: 1_000,
    user: 'ann',
    kind: 'view',
    place: 'north',
    amount: 1_999,
    quantity: 2,
    score: 0.25,
    flag: true,
    seen: 5,
  },
  { at: 2_000, user: '', kind: null, place: 'é', amount: 0, quantity: -3, score: -1.5, flag: false, seen: null },
  { at: 3_000, user: null, kind: 'cart', place: null, amount: null, quantity: null, score: null, flag: null, seen: 9 },
  {
    at: 4_000,
    user: 'bob',
    kind: 'view',
    place: 'bob',
    amount: 9_007_199_254_740_991,
    quantity: 0,
    score: 1e300,
    flag: true,
    seen: 0,
  },
];
const scope = {
  what: 'field',
  names: new Map(testSchema.fields.map(({ name, type }) => [name, { type }])),
  money: testSchema.money,
};
const columns = columnsOf(testSchema, ROWS);
const numbers = new Map(testSchema.fields.map(({ name, number }) => [name, number]));
const table = { rows: ROWS.length, column: (name: string) => columns.get(numbers.get(name) ?? 0) ?? null };

function run(input: Uint8Array): void {
  const text = Buffer.from(input).toString('utf8');
  const problems: string[] = [];
  const expression = parseExpression(text, scope, (index, message) => {
    promise(index >= 0 && index <= text.length, `a problem at ${index} of ${text.length}: ${message}`);
    problems.push(message);
    return null;
  });
  promise(
    (expression === null) === problems.length > 0,
    `problems: ${problems.join('; ')}, expression: ${JSON.stringify(expression)}`,
  );
  if (expression === null || expression.type === 'null' || expression.type === 'string') return;
  const isCondition = expression.type === 'bool';
  const values = isCondition ? compileCondition(expression)(table) : compileFormula(expression)(table);
  if (OTHER_ORDER.test(text)) return;
  for (const [i, row] of ROWS.entries()) expectSame(`row ${i}`, valueOf(values[i]), plainValue(expression, row));
}

const valueOf = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

function plainValue(expression: Expression, row: Row): number | null {
  const value = evaluateRow(expression, row);
  if (expression.type === 'bool') return value === true ? 1 : 0;
  return value === null ? null : Number(value);
}

const TEXTS = [
  ...[
    'quantity > 1',
    'amount >= 19.99',
    'kind == "view"',
    "place in ['north', 'é']",
    'quantity in [-3, 0, 2]',
    '!(flag)',
  ],
  ...['flag && quantity * 2 < 5 || score != null', '-score / (quantity - 2.0)', 'amount * quantity', 'amount / amount'],
  ...[
    'at - seen',
    'quantity % 2 == 0',
    'user < place',
    'amount + 0.01 == 20.00',
    'seen == null',
    '(((quantity)))',
    'flag == true',
  ],
  ...[
    "kind.startsWith('vi') && !place.endsWith('')",
    "contains(place, 'or') || has(score)",
    'size(place) + size(kind) > 4',
    "kind.lowerAscii() == 'view'",
    'at.getHours() * 60 + at.getMinutes()',
    'getDayOfWeek(seen) in [0, 6]',
    'flag ? quantity : 0',
    'quantity > 1 ? amount : 0.50',
  ],
];

export const target: FuzzTarget = {
  name: 'expression',
  about:
    'conditions and formulas of stream files: problems with their place, or loops that agree with evaluating row by row',
  maxBytes: 2_048,
  dictionary: [
    ...testSchema.fields.map(({ name }) => name),
    ...[
      '==',
      '!=',
      '<=',
      '>=',
      '&&',
      '||',
      '!',
      ' in ',
      '[',
      ']',
      '(',
      ')',
      '-',
      '+',
      '*',
      '/',
      '%',
      'null',
      'true',
      'false',
    ],
    ...[
      '0.01',
      '1e308',
      '9007199254740993',
      '0x10',
      '1u',
      "'",
      '"',
      '\\u00e9',
      '?',
      ':',
      '.size()',
      'has(',
      ".startsWith('",
      ".endsWith('",
      ".contains('",
      '.lowerAscii()',
      '.getHours()',
      'getDayOfYear(',
      ' ? ',
      ' : ',
      '"""',
      "b'",
      "r'",
      '//',
    ],
  ],
  seeds: () => TEXTS.map((text) => Buffer.from(text)),
  run,
};
