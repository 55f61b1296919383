import type { Column } from '../batch/event-batch';
import { grownBytes } from '../windowing/grow';
import type { Expression } from './ast';
import type { Columns, Condition, Formula } from './columns';
import { UnsupportedExpressionError } from './columns';
import { byteTest, codePointsOf, copyLower, type ByteTest } from './text-functions';
import { BitVector, NumberVector } from './vectors';

/** A column of texts, laid end to end or as indices into a dictionary. */
export type TextColumn = Exclude<Column, { kind: 'number' }>;

/** The text of each row; null: null in every row. */
export type TextFormula = (columns: Columns) => TextColumn | null;

/**
 * Compiles what gives a text of each row: a field, or a function of one.
 *
 * @throws UnsupportedExpressionError for a literal and for what gives no text
 */
export function compileText(expression: Expression): TextFormula {
  if (expression.kind === 'field' && expression.type === 'string') {
    const { name } = expression;
    return (columns) => {
      const column = columns.column(name);
      if (column?.kind === 'number') throw new TypeError(`column ${name} holds numbers, not texts`);
      return column;
    };
  }
  if (expression.kind === 'lower') return compileLower(compileText(expression.operand));
  throw new UnsupportedExpressionError(`an expression of kind ${expression.kind} is no text of a row`);
}

/** A to Z as a to z: lengths stay, so offsets do. */
function compileLower(operand: TextFormula): TextFormula {
  let lowered = new Uint8Array(0);
  return (columns) => {
    const column = operand(columns);
    if (column === null) return null;
    const { bytes, offsets } = column;
    const end = offsets[offsets.length - 1] ?? 0;
    lowered = grownBytes(lowered, end);
    copyLower(bytes, 0, end, lowered, 0);
    return { ...column, bytes: lowered };
  };
}

/** A null fails every test. */
export function compileTextTest({ operand, test, pattern }: Extract<Expression, { kind: 'text-test' }>): Condition {
  const text = compileText(operand);
  const holds = byteTest(test, pattern);
  const bits = new BitVector();
  const entryBits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const column = text(columns);
    const out = bits.take(rows);
    if (column === null) return out.fill(0, 0, rows);
    if (column.kind === 'dictionary') {
      const entries = testEntries(column, holds, entryBits);
      for (let i = 0; i < rows; i++) out[i] = entries[(column.indices[i] as number) + 1] as number;
      return out;
    }
    const { bytes, offsets, nulls } = column;
    for (let i = 0; i < rows; i++) {
      const isNull = nulls !== null && nulls[i] === 1;
      out[i] = !isNull && holds(bytes, offsets[i] as number, offsets[i + 1] as number) ? 1 : 0;
    }
    return out;
  };
}

/** By entry + 1, so that null has a place. */
function testEntries({ bytes, offsets }: TextColumn, holds: ByteTest, bits: BitVector): Uint8Array {
  const entries = bits.take(offsets.length);
  entries[0] = 0;
  for (let e = 1; e < offsets.length; e++) {
    entries[e] = holds(bytes, offsets[e - 1] as number, offsets[e] as number) ? 1 : 0;
  }
  return entries;
}

/** Number of code points; of null, null. */
export function compileSize({ operand }: Extract<Expression, { kind: 'size' }>): Formula {
  const text = compileText(operand);
  const numbers = new NumberVector();
  return (columns) => {
    const { rows } = columns;
    const column = text(columns);
    const out = numbers.take(rows);
    if (column === null) return out.fill(NaN, 0, rows);
    for (let i = 0; i < rows; i++) {
      const item = itemOf(column, i);
      out[i] =
        item < 0 ? NaN : codePointsOf(column.bytes, column.offsets[item] as number, column.offsets[item + 1] as number);
    }
    return out;
  };
}

/** Index of a row's text within its column, -1 for null. */
export function itemOf(column: TextColumn, row: number): number {
  if (column.kind === 'dictionary') return column.indices[row] as number;
  return column.nulls !== null && column.nulls[row] === 1 ? -1 : row;
}
