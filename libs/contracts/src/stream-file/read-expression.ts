import type { Expression } from '@tillstream/core';
import type { Value } from './document';
import type { ExpressionScope } from './expression-scope';
import { parseCondition, parseExpression } from './expression-parser';

/** Reads a condition of the file; null where there is none, or after its problems have been reported. */
export function readCondition(value: Value | null, scope: ExpressionScope): Expression | null {
  return read(value, scope, parseCondition);
}

/** As `readCondition`, for a formula of any type. */
export function readFormula(value: Value | null, scope: ExpressionScope): Expression | null {
  return read(value, scope, parseExpression);
}

function read(value: Value | null, scope: ExpressionScope, parse: typeof parseExpression): Expression | null {
  if (value === null) return null;
  const text = value.formula();
  return text === null ? null : parse(text, scope, (at, message) => value.problemAt(at, message));
}
