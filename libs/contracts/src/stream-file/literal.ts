import type { ASTNode } from '@marcbachmann/cel-js';
import { operandOf } from './operand';
import type { ExpressionSource, Operand } from './operand';

/** A number, text, true, false or null as written; null after its problem has been reported. */
export function readLiteral(node: ASTNode, value: unknown, source: ExpressionSource): Operand | null {
  const text = source.textOf(node);
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      return source.problem(node, `${text} is too large: whole numbers end at ${Number.MAX_SAFE_INTEGER}`);
    }
    return operandOf(node, { kind: 'literal', value: number, type: 'int' }, text);
  }
  if (typeof value === 'number') return operandOf(node, { kind: 'literal', value, type: 'double' }, text);
  if (typeof value === 'string') return operandOf(node, { kind: 'literal', value, type: 'string' });
  if (typeof value === 'boolean') return operandOf(node, { kind: 'literal', value, type: 'bool' });
  if (value === null) return operandOf(node, { kind: 'literal', value, type: 'null' });
  return source.problem(node, `the literal ${text} is not supported: write a number, text, true, false or null`);
}
