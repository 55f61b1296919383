import type { ComparisonOperator, Expression } from './ast';
import type { Columns, Condition, Formula } from './columns';
import { UnsupportedExpressionError } from './columns';
import { compileNumberComparison, compileTextComparison } from './compile-comparison';
import { compileNumberMembership, compileTextMembership } from './compile-membership';
import { compileNumberNullTest, compileTextNullTest } from './compile-null-test';
import { compileSize, compileText, compileTextTest } from './compile-text';
import { timePartOf, type TimePart } from './time-part';
import { BitVector, ConstantVector, NumberVector } from './vectors';

/**
 * Compiles a condition into loops over columns: one pass a node and batch, nothing per row but arithmetic on typed
 * arrays. A null condition counts as false.
 *
 * @throws UnsupportedExpressionError for an expression that is no condition, or needs what columns do not have.
 */
export function compileCondition(expression: Expression): Condition {
  switch (expression.kind) {
    case 'field':
      return compileFlag(expression.name, expression.type);
    case 'literal':
      if (typeof expression.value !== 'boolean') break;
      return compileConstant(expression.value ? 1 : 0);
    case 'compare': {
      const { operator, left, right } = expression;
      if (isNull(left)) return compileNullTest(right, operator);
      if (isNull(right)) return compileNullTest(left, operator);
      if (left.type === 'string' || right.type === 'string') return compileTextComparison(operator, left, right);
      return compileNumberComparison(operator, compileFormula(left), compileFormula(right));
    }
    case 'logic':
      return compileLogic(expression.operator, compileCondition(expression.left), compileCondition(expression.right));
    case 'not': {
      const operand = compileCondition(expression.operand);
      const bits = new BitVector();
      return (columns) => {
        const held = operand(columns);
        const out = bits.take(columns.rows);
        for (let i = 0; i < columns.rows; i++) out[i] = (held[i] as number) ^ 1;
        return out;
      };
    }
    case 'in':
      if (expression.operand.type === 'string') return compileTextMembership(expression);
      return compileNumberMembership(compileFormula(expression.operand), expression.values);
    case 'text-test':
      return compileTextTest(expression);
    case 'choice': {
      if (expression.type !== 'bool') break;
      return compileChoiceOfConditions(
        compileCondition(expression.condition),
        compileCondition(expression.whenTrue),
        compileCondition(expression.otherwise),
      );
    }
    case 'arithmetic':
    case 'negate':
    case 'lower':
    case 'size':
    case 'time-part':
      break;
  }
  throw new UnsupportedExpressionError(
    `an expression of kind ${expression.kind} and type ${expression.type} is no condition`,
  );
}

/**
 * Compiles a formula over numbers into loops over columns. Everything is computed in doubles, division included; a null
 * operand, a division by zero and a result that is not finite give null. Conditions are 1 and 0 here.
 *
 * @throws UnsupportedExpressionError for texts and for what columns do not have.
 */
export function compileFormula(expression: Expression): Formula {
  switch (expression.kind) {
    case 'field':
      if (expression.type === 'string') break;
      return compileNumberField(expression.name);
    case 'literal': {
      const { value } = expression;
      if (typeof value === 'string') break;
      const constant = new ConstantVector(value === null ? NaN : Number(value));
      return ({ rows }) => constant.take(rows);
    }
    case 'arithmetic':
      if (expression.type === 'string') break;
      return compileArithmetic(expression.operator, compileFormula(expression.left), compileFormula(expression.right));
    case 'negate': {
      const operand = compileFormula(expression.operand);
      const numbers = new NumberVector();
      return (columns) => {
        const values = operand(columns);
        const out = numbers.take(columns.rows);
        for (let i = 0; i < columns.rows; i++) out[i] = -(values[i] as number);
        return out;
      };
    }
    case 'size':
      return compileSize(expression);
    case 'time-part':
      return compileTimePart(expression.part, compileFormula(expression.operand));
    case 'choice':
      if (expression.type === 'string') break;
      return compileChoice(
        compileCondition(expression.condition),
        compileFormula(expression.whenTrue),
        compileFormula(expression.otherwise),
      );
    case 'lower':
      break;
    case 'compare':
    case 'logic':
    case 'not':
    case 'text-test':
    case 'in': {
      const condition = compileCondition(expression);
      const numbers = new NumberVector();
      return (columns) => {
        const held = condition(columns);
        const out = numbers.take(columns.rows);
        for (let i = 0; i < columns.rows; i++) out[i] = held[i] as number;
        return out;
      };
    }
  }
  throw new UnsupportedExpressionError(
    `an expression of kind ${expression.kind} and type ${expression.type} is no number`,
  );
}

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === null;
}

/** `x == null` and `x != null` test for null; any other comparison with null is false. */
function compileNullTest(operand: Expression, operator: ComparisonOperator): Condition {
  if (operator !== '==' && operator !== '!=') return compileConstant(0);
  const whenNull = operator === '==' ? 1 : 0;
  if (operand.type !== 'string') return compileNumberNullTest(compileFormula(operand), whenNull);
  if (operand.kind === 'literal') return compileConstant(1 - whenNull);
  return compileTextNullTest(compileText(operand), whenNull);
}

function compileConstant(bit: number): Condition {
  const bits = new BitVector();
  return ({ rows }) => bits.take(rows).fill(bit, 0, rows);
}

function compileFlag(name: string, type: string): Condition {
  if (type !== 'bool') throw new UnsupportedExpressionError(`${name} is of type ${type}, not a condition`);
  const values = compileNumberField(name);
  const bits = new BitVector();
  return (columns) => {
    const flags = values(columns);
    const out = bits.take(columns.rows);
    for (let i = 0; i < columns.rows; i++) out[i] = flags[i] === 1 ? 1 : 0;
    return out;
  };
}

function compileNumberField(name: string): Formula {
  const nulls = new ConstantVector(NaN);
  return (columns: Columns) => {
    const column = columns.column(name);
    if (column === null) return nulls.take(columns.rows);
    if (column.kind !== 'number') throw new TypeError(`column ${name} holds texts, not numbers`);
    return column.values;
  };
}

function compileLogic(operator: '&&' | '||', left: Condition, right: Condition): Condition {
  const bits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const a = left(columns);
    const b = right(columns);
    const out = bits.take(rows);
    if (operator === '&&') for (let i = 0; i < rows; i++) out[i] = (a[i] as number) & (b[i] as number);
    else for (let i = 0; i < rows; i++) out[i] = (a[i] as number) | (b[i] as number);
    return out;
  };
}

function compileTimePart(part: TimePart, operand: Formula): Formula {
  const numbers = new NumberVector();
  return (columns) => {
    const values = operand(columns);
    const out = numbers.take(columns.rows);
    for (let i = 0; i < columns.rows; i++) out[i] = timePartOf(part, values[i] as number);
    return out;
  };
}

function compileChoice(condition: Condition, whenTrue: Formula, otherwise: Formula): Formula {
  const numbers = new NumberVector();
  return (columns) => {
    const held = condition(columns);
    const a = whenTrue(columns);
    const b = otherwise(columns);
    const out = numbers.take(columns.rows);
    for (let i = 0; i < columns.rows; i++) out[i] = (held[i] === 1 ? a[i] : b[i]) as number;
    return out;
  };
}

function compileChoiceOfConditions(condition: Condition, whenTrue: Condition, otherwise: Condition): Condition {
  const bits = new BitVector();
  return (columns) => {
    const held = condition(columns);
    const a = whenTrue(columns);
    const b = otherwise(columns);
    const out = bits.take(columns.rows);
    for (let i = 0; i < columns.rows; i++) out[i] = (held[i] === 1 ? a[i] : b[i]) as number;
    return out;
  };
}

function compileArithmetic(operator: '+' | '-' | '*' | '/' | '%', left: Formula, right: Formula): Formula {
  const numbers = new NumberVector();
  return (columns) => {
    const { rows } = columns;
    const a = left(columns);
    const b = right(columns);
    const out = numbers.take(rows);
    switch (operator) {
      case '+':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) + (b[i] as number);
        break;
      case '-':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) - (b[i] as number);
        break;
      case '*':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) * (b[i] as number);
        break;
      case '/':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) / (b[i] as number);
        break;
      case '%':
        for (let i = 0; i < rows; i++) out[i] = (a[i] as number) % (b[i] as number);
        break;
    }
    for (let i = 0; i < rows; i++) if (!Number.isFinite(out[i])) out[i] = NaN;
    return out;
  };
}
