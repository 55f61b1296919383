import type { ASTNode } from '@marcbachmann/cel-js';
import { parseMoney } from '@tillstream/core';
import type { Expression, StreamSchema } from '@tillstream/core';
import type { ReportAt, ScopeName } from './expression-scope';
import { nearestName } from './nearest-name';

/** A part of an expression that has been checked. */
export interface Operand {
  readonly expression: Expression;
  readonly node: ASTNode;
  /** The digits of a numeric literal as written, with its sign: amounts of money are read from these. */
  readonly numeral: string | null;
  /** The name that a bare field or measure has. */
  readonly name: ScopeName | null;
}

export function operandOf(node: ASTNode, expression: Expression, numeral: string | null = null): Operand {
  return { expression, node, numeral, name: null };
}

/** The text of an expression, to say of its parts what is wrong with them. */
export class ExpressionSource {
  constructor(
    private readonly text: string,
    readonly report: ReportAt,
  ) {}

  problem(node: ASTNode, message: string): null {
    return this.report(node.start, message);
  }

  textOf({ start, end }: ASTNode): string {
    return this.text.slice(start, end);
  }

  /** `price (money)` */
  describe({ expression, node }: Operand): string {
    return `${this.textOf(node)} (${expression.type})`;
  }
}

/** A numeric literal beside money, as that many minor units; whatever else as it is. */
export function asMoney(
  side: Operand,
  beside: Operand,
  { currency, exponent }: StreamSchema['money'],
  source: ExpressionSource,
): Operand | null {
  const { node, numeral } = side;
  if (beside.expression.type !== 'money' || numeral === null) return side;
  const amount = parseMoney(numeral, exponent);
  if (amount === null) return source.problem(node, `${numeral} is no amount of money that can be held exactly`);
  if (amount.rounded) {
    return source.problem(node, `${numeral} is finer than ${currency}, which has ${exponent} decimal digits`);
  }
  return operandOf(node, { kind: 'literal', value: amount.minor, type: 'money' });
}

/** Why the first can never be the second, a text that is not among its values: a slip of the pen. Null where it can. */
export function impossible({ name }: Operand, { expression }: Operand): string | null {
  if (name === null || expression.kind !== 'literal' || typeof expression.value !== 'string') return null;
  const { value } = expression;
  const canonical = name.aliases?.get(value);
  if (canonical !== undefined) {
    return `'${value}' is an alias: events are read as '${canonical}' before this is tested`;
  }
  const values = name.values ?? null;
  if (values === null || values.has(value)) return null;
  const near = nearestName(value, values);
  const known = [...values].map((known) => `'${known}'`).join(', ');
  return `'${value}' is not one of its values: ${near === null ? `there are ${known}` : `did you mean '${near}'?`}`;
}
