import * as fc from 'fast-check';
import { evaluateRow } from '../metrics/testing/evaluate-row';
import { conditions, rowFields, testSchema } from '../metrics/testing/metric-arbitraries';
import { columnsOf } from '../metrics/testing/partition-log';
import type { Expression } from './ast';
import type { Columns } from './columns';
import { UnsupportedExpressionError } from './columns';
import { compileCondition, compileFormula } from './compile-expression';

const rows = fc.array(
  rowFields.chain((fields) => fc.constantFrom('ann', 'view', '', null).map((user) => ({ ...fields, user, at: 1 }))),
  { maxLength: 12 },
);

function columnsFor(events: Parameters<typeof columnsOf>[1]): Columns {
  const columns = columnsOf(testSchema, events);
  const numbers = new Map(testSchema.fields.map(({ name, number }) => [name, number]));
  return { rows: events.length, column: (name) => columns.get(numbers.get(name) ?? 0) ?? null };
}

const text = (value: string): Expression => ({ kind: 'literal', value, type: 'string' });
const field = (name: string, type: 'string' | 'int' | 'bool'): Expression => ({ kind: 'field', name, type });

describe('a compiled condition', () => {
  it('holds where looking at each row by itself says so, batch after batch', () => {
    fc.assert(
      fc.property(conditions, fc.array(rows, { minLength: 1, maxLength: 3 }), (expression, batches) => {
        const condition = compileCondition(expression);
        for (const events of batches) {
          const held = [...condition(columnsFor(events)).subarray(0, events.length)];
          expect(held).toEqual(events.map((row) => (evaluateRow(expression, row) === true ? 1 : 0)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('compares texts by code point, as their UTF-8 does, not by UTF-16 unit', () => {
    const expression: Expression = {
      kind: 'compare',
      operator: '<',
      left: field('place', 'string'),
      right: text('\u{1f600}'),
      type: 'bool',
    };
    const held = compileCondition(expression)(columnsFor([{ place: '\uffee' }, { place: '\u{1f601}' }]));
    expect([...held.subarray(0, 2)]).toEqual([1, 0]);
  });

  it('takes a null condition for one that does not hold, and so its opposite for one that does', () => {
    const flag = field('flag', 'bool');
    const events = [{ flag: true }, { flag: false }, { flag: null }];
    expect([...compileCondition(flag)(columnsFor(events)).subarray(0, 3)]).toEqual([1, 0, 0]);
    const not: Expression = { kind: 'not', operand: flag, type: 'bool' };
    expect([...compileCondition(not)(columnsFor(events)).subarray(0, 3)]).toEqual([0, 1, 1]);
  });

  it('is refused where columns cannot do it', () => {
    const sum: Expression = { kind: 'arithmetic', operator: '+', left: text('a'), right: text('b'), type: 'string' };
    expect(() => compileCondition(field('quantity', 'int'))).toThrow(UnsupportedExpressionError);
    expect(() =>
      compileCondition({ kind: 'compare', operator: '==', left: sum, right: text('ab'), type: 'bool' }),
    ).toThrow(UnsupportedExpressionError);
    expect(() => compileFormula(text('a'))).toThrow(UnsupportedExpressionError);
    expect(() => compileFormula(sum)).toThrow(UnsupportedExpressionError);
  });
});

describe('a compiled formula', () => {
  const quantity = field('quantity', 'int');
  const literal = (value: number): Expression => ({ kind: 'literal', value, type: 'int' });
  const valueOf = (
    operator: '+' | '/' | '%' | '*',
    left: Expression,
    right: Expression,
    row: { quantity: number | null },
  ) => {
    const expression: Expression = { kind: 'arithmetic', operator, left, right, type: 'double' };
    return compileFormula(expression)(columnsFor([row]))[0];
  };

  it.each([
    ['a division is one of doubles', valueOf('/', quantity, literal(2), { quantity: 3 }), 1.5],
    ['a division by zero is null', valueOf('/', quantity, literal(0), { quantity: 3 }), NaN],
    ['nothing by nothing is null', valueOf('/', quantity, literal(0), { quantity: 0 }), NaN],
    ['a remainder by zero is null', valueOf('%', quantity, literal(0), { quantity: 3 }), NaN],
    ['null stays null', valueOf('+', quantity, literal(1), { quantity: null }), NaN],
    ['what is not finite is null', valueOf('*', quantity, literal(1e308), { quantity: 100 }), NaN],
  ])('%s', (_, value, expected) => {
    expect(value).toBe(expected);
  });
});
