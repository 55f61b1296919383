import type { ComparisonOperator, Expression } from './ast';
import type { Condition, Formula } from './columns';
import { UnsupportedExpressionError } from './columns';
import { compareBytes } from './compare-bytes';
import { compileText, itemOf, type TextFormula } from './compile-text';
import { BitVector } from './vectors';

/** NaN compares as a null operand must: false, and true for `!=`. */
export function compileNumberComparison(operator: ComparisonOperator, left: Formula, right: Formula): Condition {
  const bits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const a = left(columns);
    const b = right(columns);
    const out = bits.take(rows);
    switch (operator) {
      case '==':
        for (let i = 0; i < rows; i++) out[i] = a[i] === b[i] ? 1 : 0;
        break;
      case '!=':
        for (let i = 0; i < rows; i++) out[i] = a[i] === b[i] ? 0 : 1;
        break;
      case '<':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) < (b[i] as number) ? 1 : 0;
        break;
      case '<=':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) <= (b[i] as number) ? 1 : 0;
        break;
      case '>':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) > (b[i] as number) ? 1 : 0;
        break;
      case '>=':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) >= (b[i] as number) ? 1 : 0;
        break;
    }
    return out;
  };
}

/** Texts compare by code point. A dictionary-coded column is compared once per dictionary entry. */
export function compileTextComparison(operator: ComparisonOperator, left: Expression, right: Expression): Condition {
  const verdict = verdictOf(operator);
  if (left.kind !== 'literal' && right.kind === 'literal') {
    return compareWithLiteral(compileText(left), textLiteral(right), verdict);
  }
  if (left.kind === 'literal' && right.kind !== 'literal') {
    return compareWithLiteral(compileText(right), textLiteral(left), mirrored(verdict));
  }
  if (left.kind !== 'literal') return compareTexts(compileText(left), compileText(right), verdict);
  if (left.kind === 'literal' && right.kind === 'literal') {
    const a = textLiteral(left);
    const b = textLiteral(right);
    const held = judge(verdict, compareBytes(a, 0, a.length, b, 0, b.length));
    const bits = new BitVector();
    return ({ rows }) => bits.take(rows).fill(held, 0, rows);
  }
  throw new UnsupportedExpressionError('a text can only be compared with a text');
}

/** What a comparison says for less, equal, greater and for a null operand. */
interface Verdict {
  readonly less: number;
  readonly equal: number;
  readonly greater: number;
  readonly unknown: number;
}

function verdictOf(operator: ComparisonOperator): Verdict {
  return {
    less: operator === '<' || operator === '<=' || operator === '!=' ? 1 : 0,
    equal: operator === '==' || operator === '<=' || operator === '>=' ? 1 : 0,
    greater: operator === '>' || operator === '>=' || operator === '!=' ? 1 : 0,
    unknown: operator === '!=' ? 1 : 0,
  };
}

function mirrored(verdict: Verdict): Verdict {
  return { ...verdict, less: verdict.greater, greater: verdict.less };
}

function judge(verdict: Verdict, order: number): number {
  return order < 0 ? verdict.less : order > 0 ? verdict.greater : verdict.equal;
}

function textLiteral(expression: Expression): Uint8Array {
  if (expression.kind !== 'literal' || typeof expression.value !== 'string') {
    throw new UnsupportedExpressionError('a text can only be compared with a text');
  }
  return new TextEncoder().encode(expression.value);
}

function compareWithLiteral(text: TextFormula, literal: Uint8Array, verdict: Verdict): Condition {
  const bits = new BitVector();
  const entryBits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const column = text(columns);
    const out = bits.take(rows);
    if (column === null) return out.fill(verdict.unknown, 0, rows);
    if (column.kind === 'dictionary') {
      const { bytes, offsets, indices } = column;
      const entries = entryBits.take(offsets.length);
      entries[0] = verdict.unknown; // index -1
      for (let e = 1; e < offsets.length; e++) {
        const order = compareBytes(bytes, offsets[e - 1] as number, offsets[e] as number, literal, 0, literal.length);
        entries[e] = judge(verdict, order);
      }
      for (let i = 0; i < rows; i++) out[i] = entries[(indices[i] as number) + 1] as number;
      return out;
    }
    const { bytes, offsets, nulls } = column;
    for (let i = 0; i < rows; i++) {
      const order = compareBytes(bytes, offsets[i] as number, offsets[i + 1] as number, literal, 0, literal.length);
      out[i] = nulls !== null && nulls[i] === 1 ? verdict.unknown : judge(verdict, order);
    }
    return out;
  };
}

function compareTexts(leftText: TextFormula, rightText: TextFormula, verdict: Verdict): Condition {
  const bits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const left = leftText(columns);
    const right = rightText(columns);
    const out = bits.take(rows);
    if (left === null || right === null) return out.fill(verdict.unknown, 0, rows);
    for (let i = 0; i < rows; i++) {
      const a = itemOf(left, i);
      const b = itemOf(right, i);
      out[i] =
        a < 0 || b < 0
          ? verdict.unknown
          : judge(
              verdict,
              compareBytes(
                left.bytes,
                left.offsets[a] as number,
                left.offsets[a + 1] as number,
                right.bytes,
                right.offsets[b] as number,
                right.offsets[b + 1] as number,
              ),
            );
    }
    return out;
  };
}
