import type { Expression } from '../../expression/ast';
import type { TextTest } from '../../expression/text-functions';
import type { TimePart } from '../../expression/time-part';

/** A value of a row; money in minor units, timestamps in epoch ms. */
export type RowValue = string | number | boolean | null;

/** An event, or the measures of a result, by name. What is missing is null. */
export type Row = Readonly<Record<string, RowValue>>;

/** Evaluates an expression for one row, slowly and obviously: the oracle of the compiled form. */
export function evaluateRow(expression: Expression, row: Row): RowValue {
  switch (expression.kind) {
    case 'field':
      return row[expression.name] ?? null;
    case 'literal':
      return expression.value;
    case 'compare': {
      const left = evaluateRow(expression.left, row);
      const right = evaluateRow(expression.right, row);
      const isLiteralNull = (side: Expression) => side.kind === 'literal' && side.value === null;
      if (isLiteralNull(expression.left) || isLiteralNull(expression.right)) {
        if (expression.operator === '==') return left === right;
        return expression.operator === '!=' && left !== right;
      }
      if (left === null || right === null) return expression.operator === '!=';
      switch (expression.operator) {
        case '==':
          return left === right;
        case '!=':
          return left !== right;
        case '<':
          return left < right;
        case '<=':
          return left <= right;
        case '>':
          return left > right;
        case '>=':
          return left >= right;
      }
      break;
    }
    case 'arithmetic': {
      const left = evaluateRow(expression.left, row);
      const right = evaluateRow(expression.right, row);
      if (typeof left !== 'number' || typeof right !== 'number') return null;
      const value = {
        '+': left + right,
        '-': left - right,
        '*': left * right,
        '/': left / right,
        '%': left % right,
      }[expression.operator];
      return Number.isFinite(value) ? value : null;
    }
    case 'logic': {
      const left = evaluateRow(expression.left, row) === true;
      const right = evaluateRow(expression.right, row) === true;
      return expression.operator === '&&' ? left && right : left || right;
    }
    case 'not':
      return evaluateRow(expression.operand, row) !== true;
    case 'negate': {
      const operand = evaluateRow(expression.operand, row);
      return typeof operand === 'number' ? -operand : null;
    }
    case 'in': {
      const operand = evaluateRow(expression.operand, row);
      return operand !== null && expression.values.includes(operand);
    }
    case 'text-test': {
      const operand = evaluateRow(expression.operand, row);
      return typeof operand === 'string' && testText[expression.test](operand, expression.pattern);
    }
    case 'lower': {
      const operand = evaluateRow(expression.operand, row);
      return typeof operand === 'string' ? operand.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : null;
    }
    case 'size': {
      const operand = evaluateRow(expression.operand, row);
      return typeof operand === 'string' ? [...operand].length : null;
    }
    case 'time-part': {
      const operand = evaluateRow(expression.operand, row);
      return typeof operand === 'number' ? timeParts[expression.part](new Date(operand)) : null;
    }
    case 'choice': {
      const held = evaluateRow(expression.condition, row) === true;
      return evaluateRow(held ? expression.whenTrue : expression.otherwise, row);
    }
  }
}

const testText: Readonly<Record<TextTest, (text: string, pattern: string) => boolean>> = {
  startsWith: (text, pattern) => text.startsWith(pattern),
  endsWith: (text, pattern) => text.endsWith(pattern),
  contains: (text, pattern) => text.includes(pattern),
  matches: (text, pattern) => new RegExp(pattern, 'u').test(text),
};

const DAY_MS = 86_400_000;

const timeParts: Readonly<Record<TimePart, (instant: Date) => number>> = {
  getFullYear: (instant) => instant.getUTCFullYear(),
  getMonth: (instant) => instant.getUTCMonth(),
  getDate: (instant) => instant.getUTCDate(),
  getDayOfMonth: (instant) => instant.getUTCDate() - 1,
  getDayOfWeek: (instant) => instant.getUTCDay(),
  getDayOfYear: (instant) => {
    const midnight = Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth(), instant.getUTCDate());
    return (midnight - Date.UTC(instant.getUTCFullYear(), 0, 1)) / DAY_MS;
  },
  getHours: (instant) => instant.getUTCHours(),
  getMinutes: (instant) => instant.getUTCMinutes(),
  getSeconds: (instant) => instant.getUTCSeconds(),
  getMilliseconds: (instant) => instant.getUTCMilliseconds(),
};
