import type { ArithmeticOperator, ComparisonOperator, Expression } from '../expression/ast';
import { byteTest, codePointsOf, copyLower } from '../expression/text-functions';
import { timePartOf } from '../expression/time-part';
import { grownBytes } from '../windowing/grow';

import type { RowReader } from './row-reader';
import { ABSENT, NUMBER } from './row-registers';

/** A number or condition over the current row. Conditions are 1 and 0; NaN is null. */
export interface RowNumber {
  evaluate(): number;
}

/** A text over the current row: bytes[start, end) once `locate` has found it; false from there is null. */
export interface RowText {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  locate(): boolean;
}

/**
 * Compiles an expression over the registers of a row, with the semantics of columns: arithmetic with a null is null, a
 * comparison with a null is false (`!=` true), a null condition counts as false. Sums and products of integers (int,
 * money) that are not safe integers come out beyond ±(2^53 − 1), never as a rounded one.
 *
 * @throws TypeError for an expression that the registers cannot hold
 */
export function compileRowNumber(expression: Expression, reader: RowReader): RowNumber {
  switch (expression.kind) {
    case 'field':
      return compileField(slotOf(expression.name, reader), reader);
    case 'literal':
      return compileLiteral(expression.value);
    case 'arithmetic':
      return compileArithmetic(
        expression.operator,
        compileRowNumber(expression.left, reader),
        compileRowNumber(expression.right, reader),
      );
    case 'negate': {
      const operand = compileRowNumber(expression.operand, reader);
      return { evaluate: () => 0 - operand.evaluate() };
    }
    case 'not': {
      const operand = compileRowNumber(expression.operand, reader);
      return { evaluate: () => (operand.evaluate() === 1 ? 0 : 1) };
    }
    case 'logic': {
      const left = compileRowNumber(expression.left, reader);
      const right = compileRowNumber(expression.right, reader);
      if (expression.operator === '&&') {
        return { evaluate: () => (left.evaluate() === 1 && right.evaluate() === 1 ? 1 : 0) };
      }
      return { evaluate: () => (left.evaluate() === 1 || right.evaluate() === 1 ? 1 : 0) };
    }
    case 'compare':
      return compileComparison(expression.operator, expression.left, expression.right, reader);
    case 'in':
      return compileMembership(expression.operand, expression.values, reader);
    case 'text-test': {
      const text = compileRowText(expression.operand, reader);
      const holds = byteTest(expression.test, expression.pattern);
      return { evaluate: () => (text.locate() && holds(text.bytes, text.start, text.end) ? 1 : 0) };
    }
    case 'size': {
      const text = compileRowText(expression.operand, reader);
      return { evaluate: () => (text.locate() ? codePointsOf(text.bytes, text.start, text.end) : NaN) };
    }
    case 'time-part': {
      const { part } = expression;
      const instant = compileRowNumber(expression.operand, reader);
      return { evaluate: () => timePartOf(part, instant.evaluate()) };
    }
    case 'choice': {
      const condition = compileRowNumber(expression.condition, reader);
      const whenTrue = compileRowNumber(expression.whenTrue, reader);
      const otherwise = compileRowNumber(expression.otherwise, reader);
      return { evaluate: () => (condition.evaluate() === 1 ? whenTrue : otherwise).evaluate() };
    }
    case 'lower':
      throw new TypeError('a text is no number');
  }
}

/** Compiles a text: a literal, a field or a function of one. @throws TypeError for any other expression */
export function compileRowText(expression: Expression, reader: RowReader): RowText {
  if (expression.kind === 'field') return new FieldText(slotOf(expression.name, reader), reader);
  if (expression.kind === 'literal') {
    const { value } = expression;
    const bytes = new TextEncoder().encode(typeof value === 'string' ? value : '');
    return { bytes, start: 0, end: bytes.length, locate: () => value !== null };
  }
  if (expression.kind === 'lower') return new LowerText(compileRowText(expression.operand, reader));
  throw new TypeError(`an expression of kind ${expression.kind} is no text`);
}

class FieldText implements RowText {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  constructor(
    private readonly slot: number,
    private readonly reader: RowReader,
  ) {}

  locate(): boolean {
    const { slot, reader } = this;
    const { registers } = reader;
    if (registers.statusOf(slot) === ABSENT) return false;
    this.bytes = reader.values.bytesOf(slot);
    this.start = registers.start[registers.base + slot] as number;
    this.end = registers.end[registers.base + slot] as number;
    return true;
  }
}

class LowerText implements RowText {
  bytes = new Uint8Array(0);
  readonly start = 0;
  end = 0;

  constructor(private readonly operand: RowText) {}

  locate(): boolean {
    const { operand } = this;
    if (!operand.locate()) return false;
    this.end = operand.end - operand.start;
    this.bytes = grownBytes(this.bytes, this.end);
    copyLower(operand.bytes, operand.start, operand.end, this.bytes, 0);
    return true;
  }
}

function slotOf(name: string, reader: RowReader): number {
  const slot = reader.schema.fields.findIndex((field) => field.name === name);
  if (slot < 0) throw new TypeError(`stream ${reader.schema.stream} declares no field ${name}`);
  return slot;
}

function compileField(slot: number, { registers }: RowReader): RowNumber {
  const evaluate = () =>
    registers.statusOf(slot) === NUMBER ? (registers.number[registers.base + slot] as number) : NaN;
  return { evaluate };
}

function compileLiteral(value: string | number | boolean | null): RowNumber {
  if (typeof value === 'string') throw new TypeError(`the text ${value} is no number`);
  const constant = value === null ? NaN : Number(value);
  return { evaluate: () => constant };
}

function compileArithmetic(operator: ArithmeticOperator, left: RowNumber, right: RowNumber): RowNumber {
  switch (operator) {
    case '+':
      return { evaluate: () => left.evaluate() + right.evaluate() };
    case '-':
      return { evaluate: () => left.evaluate() - right.evaluate() };
    case '*':
      return { evaluate: () => left.evaluate() * right.evaluate() + 0 };
    case '/':
      return { evaluate: () => finite(left.evaluate() / right.evaluate()) };
    case '%':
      return { evaluate: () => left.evaluate() % right.evaluate() };
  }
}

function compileComparison(
  operator: ComparisonOperator,
  left: Expression,
  right: Expression,
  reader: RowReader,
): RowNumber {
  const test = TESTS[operator];
  if (left.type === 'string' || right.type === 'string') {
    if (isNull(left)) return compileNullTest(operator, compileRowText(right, reader));
    if (isNull(right)) return compileNullTest(operator, compileRowText(left, reader));
    const a = compileRowText(left, reader);
    const b = compileRowText(right, reader);
    const whenNull = operator === '!=' ? 1 : 0;
    return { evaluate: () => (a.locate() && b.locate() ? test(compareTexts(a, b)) : whenNull) };
  }
  const a = compileRowNumber(left, reader);
  const b = compileRowNumber(right, reader);
  if (isNull(left)) return compileNumberNullTest(operator, b);
  if (isNull(right)) return compileNumberNullTest(operator, a);
  // A difference that is NaN (a null operand) satisfies `!=` alone.
  return { evaluate: () => test(a.evaluate() - b.evaluate()) };
}

const TESTS: Readonly<Record<ComparisonOperator, (difference: number) => number>> = {
  '==': (difference) => (difference === 0 ? 1 : 0),
  '!=': (difference) => (difference !== 0 ? 1 : 0),
  '<': (difference) => (difference < 0 ? 1 : 0),
  '<=': (difference) => (difference <= 0 ? 1 : 0),
  '>': (difference) => (difference > 0 ? 1 : 0),
  '>=': (difference) => (difference >= 0 ? 1 : 0),
};

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === null;
}

function compileNullTest(operator: ComparisonOperator, text: RowText): RowNumber {
  const whenNull = operator === '==' ? 1 : 0;
  if (operator !== '==' && operator !== '!=') return { evaluate: () => 0 };
  return { evaluate: () => (text.locate() ? 1 - whenNull : whenNull) };
}

function compileNumberNullTest(operator: ComparisonOperator, operand: RowNumber): RowNumber {
  const whenNull = operator === '==' ? 1 : 0;
  if (operator !== '==' && operator !== '!=') return { evaluate: () => 0 };
  return { evaluate: () => (Number.isNaN(operand.evaluate()) ? whenNull : 1 - whenNull) };
}

function compileMembership(
  operand: Expression,
  values: readonly (string | number | boolean)[],
  reader: RowReader,
): RowNumber {
  if (operand.type === 'string') {
    const text = compileRowText(operand, reader);
    const texts = values.map((value) =>
      compileRowText({ kind: 'literal', value: String(value), type: 'string' }, reader),
    );
    return { evaluate: () => (text.locate() && texts.some((other) => compareTexts(text, other) === 0) ? 1 : 0) };
  }
  const number = compileRowNumber(operand, reader);
  const numbers = new Set(values.map(Number));
  return { evaluate: () => (numbers.has(number.evaluate()) ? 1 : 0) };
}

/** By bytes, which for UTF-8 is by code points: negative, zero or positive. */
function compareTexts(a: RowText, b: RowText): number {
  const shared = Math.min(a.end - a.start, b.end - b.start);
  for (let i = 0; i < shared; i++) {
    const difference = (a.bytes[a.start + i] as number) - (b.bytes[b.start + i] as number);
    if (difference !== 0) return difference;
  }
  return a.end - a.start - (b.end - b.start);
}

function finite(value: number): number {
  return Math.abs(value) === Infinity ? NaN : value;
}
