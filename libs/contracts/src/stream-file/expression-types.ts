import type { ArithmeticOperator, ExpressionType } from '@tillstream/core';

/** Numbers mix; amounts of money and instants do not mix with them. */
export function isNumber(type: ExpressionType | undefined): boolean {
  return type === 'int' || type === 'double';
}

/** Null: there is no choice between these. */
export function choiceType(whenTrue: ExpressionType, otherwise: ExpressionType): ExpressionType | null {
  if (isNumber(whenTrue) && isNumber(otherwise)) return whenTrue === otherwise ? whenTrue : 'double';
  const types = [whenTrue, otherwise].filter((type) => type !== 'null');
  const [type] = types;
  if (type === undefined || types.some((other) => other !== type)) return null;
  return type === 'string' || (type === 'bool' && types.length < 2) ? null : type;
}

/** Null: the operation is not defined. */
export function arithmeticType(
  operator: ArithmeticOperator,
  left: ExpressionType,
  right: ExpressionType,
): ExpressionType | null {
  if (isNumber(left) && isNumber(right)) {
    if (operator === '%') return left === 'int' && right === 'int' ? 'int' : null;
    if (operator === '/') return 'double';
    return left === 'int' && right === 'int' ? 'int' : 'double';
  }
  if (left === 'money' && right === 'money') {
    if (operator === '/') return 'double';
    return operator === '+' || operator === '-' ? 'money' : null;
  }
  if (operator === '*' && (left === 'money' ? right === 'int' : left === 'int' && right === 'money')) return 'money';
  if (operator === '/' && left === 'money' && isNumber(right)) return 'double';
  return null;
}

/** What is added where an operation is not defined that one may have had a reason to expect. */
export function arithmeticHint(operator: ArithmeticOperator, types: readonly ExpressionType[]): string {
  return operator === '*' && types.includes('money') && types.includes('double')
    ? ': money can only be multiplied by whole numbers, or it would not stay exact'
    : '';
}

/** `an int`, `a double`, `money` */
export function withArticle(type: ExpressionType): string {
  if (type === 'null') return 'null';
  return type === 'int' ? 'an int' : type === 'string' || type === 'money' ? type : `a ${type}`;
}
