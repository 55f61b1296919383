import type { ASTNode } from '@marcbachmann/cel-js';
import { TEXT_TESTS, TIME_PARTS, patternProblem } from '@tillstream/core';
import type { Expression, TextTest, TimePart } from '@tillstream/core';
import { operandOf } from './operand';
import type { ExpressionSource, Operand } from './operand';

/** What an expression may be made of, for who has tried something else. */
export const SUPPORTED =
  'comparisons, && || ! ? :, in, + - * / %, has, size, startsWith, endsWith, contains, matches, lowerAscii and parts of instants are';

/** A function, written `f(x, y)` or `x.f(y)`; its arguments are not checked yet. */
export interface FunctionCall {
  readonly node: ASTNode;
  readonly called: string;
  readonly args: readonly ASTNode[];
}

/** Checks a call of a function that every expression has; null after its problem has been reported. */
export function checkCall(
  { node, called, args }: FunctionCall,
  check: (argument: ASTNode) => Operand | null,
  source: ExpressionSource,
): Operand | null {
  const [subject, ...more] = args;
  const test = TEXT_TESTS.find((candidate) => candidate === called);
  const part = TIME_PARTS.find((candidate) => candidate === called);
  const isKnown = test !== undefined || part !== undefined || ['has', 'size', 'lowerAscii'].includes(called);
  if (!isKnown || subject === undefined) {
    return source.problem(node, `${called}(…) is not supported here; ${SUPPORTED}`);
  }
  const operand = check(subject);
  if (operand === null) return null;
  const excess = more[test === undefined ? 0 : 1];
  if (excess !== undefined) {
    return source.problem(excess, `${called} takes ${test === undefined ? 'nothing else' : 'one text'}`);
  }
  if (part !== undefined) return timePart(node, part, operand, source);
  if (called === 'has') return has(node, operand, source);
  const { expression } = operand;
  if (expression.type !== 'string' || expression.kind === 'literal') {
    return source.problem(subject, `${called} is for fields that are texts, ${source.describe(operand)} is none`);
  }
  if (test !== undefined) {
    const pattern = readPattern(node, test, more[0], source);
    return pattern === null
      ? null
      : operandOf(node, { kind: 'text-test', test, operand: expression, pattern, type: 'bool' });
  }
  return called === 'size'
    ? operandOf(node, { kind: 'size', operand: expression, type: 'int' })
    : operandOf(node, { kind: 'lower', operand: expression, type: 'string' });
}

/** The text that a text is tested for. */
function readPattern(
  node: ASTNode,
  test: TextTest,
  argument: ASTNode | undefined,
  source: ExpressionSource,
): string | null {
  if (argument?.op !== 'value' || typeof argument.args !== 'string') {
    return source.problem(argument ?? node, `${test} needs a text in quotes: x.${test}('a')`);
  }
  const pattern = argument.args;
  const wrong = test === 'matches' ? patternProblem(pattern) : null;
  if (wrong === null) return pattern;
  const place = wrong.index === 0 ? '' : ` from character ${wrong.index + 1} on`;
  return source.problem(argument, `the regular expression ${pattern}${place}: ${wrong.message}`);
}

function timePart(node: ASTNode, part: TimePart, operand: Operand, source: ExpressionSource): Operand | null {
  const { expression } = operand;
  if (expression.type !== 'timestamp') {
    return source.problem(operand.node, `${part} is for instants, ${source.describe(operand)} is none`);
  }
  return operandOf(node, { kind: 'time-part', part, operand: expression, type: 'int' });
}

function has(node: ASTNode, { expression: left, node: operand }: Operand, source: ExpressionSource): Operand | null {
  if (left.kind === 'literal') return source.problem(operand, 'has asks whether a field or measure is there');
  const right: Expression = { kind: 'literal', value: null, type: 'null' };
  return operandOf(node, { kind: 'compare', operator: '!=', left, right, type: 'bool' });
}
