import type { Expression } from './ast';
import type { Condition, Formula } from './columns';
import { compileTextComparison } from './compile-comparison';
import { BitVector } from './vectors';

/** `x in [a, b]` is `x == a || x == b`: a null is in no list. */
export function compileTextMembership({ operand, values }: Extract<Expression, { kind: 'in' }>): Condition {
  const bits = new BitVector();
  const tests = values.map((value) => compileTextComparison('==', operand, { kind: 'literal', value, type: 'string' }));
  return (columns) => {
    const { rows } = columns;
    const out = bits.take(rows).fill(0, 0, rows);
    for (const test of tests) {
      const held = test(columns);
      for (let i = 0; i < rows; i++) out[i] = (out[i] as number) | (held[i] as number);
    }
    return out;
  };
}

/** As `compileTextMembership`, for numbers and flags. */
export function compileNumberMembership(operand: Formula, values: readonly (string | number | boolean)[]): Condition {
  const bits = new BitVector();
  const wanted = Float64Array.from(values, Number);
  return (columns) => {
    const { rows } = columns;
    const numbers = operand(columns);
    const out = bits.take(rows).fill(0, 0, rows);
    for (const value of wanted) for (let i = 0; i < rows; i++) if (numbers[i] === value) out[i] = 1;
    return out;
  };
}
