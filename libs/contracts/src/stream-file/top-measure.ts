import type { Measure, TopAmount } from '@tillstream/core';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { DeclaredField } from './field-section';
import type { ReportAt } from './expression-scope';

type Top = Extract<Measure, { readonly kind: 'top' }>;
type CallNode = Extract<ASTNode, { readonly op: 'call' }>;
type Numeric = 'int' | 'double' | 'money' | 'timestamp';

const MAX_TOP = 1000;
const AMOUNTS = ['count', 'sum', 'max'] as const;
const EXAMPLES = 'top(10, x by count()) or top(10, x by sum(y))';

/** How the names and types that a measure uses are read; each reports what is wrong. */
export interface TopReaders {
  field(kind: string, argument: ASTNode): DeclaredField | null;
  /** False where a function is not for fields of a type. */
  isFor(kind: 'sum' | 'max', field: DeclaredField, at: number): boolean;
}

/** `top(10, x by sum(y))` as a call with a comma, of the same length: `by` is no word of CEL. Null where there is no `by`. */
export function topWithComma(text: string): string | null {
  const match = /[\w\])]\s+(?=by\b)/.exec(text);
  if (match === null) return null;
  const at = match.index + match[0].length;
  return `${text.slice(0, at)}, ${text.slice(at + 'by'.length)}`;
}

/** Reads a call of top. @returns null after every problem has been reported */
export function readTop(name: string, call: CallNode, isBy: boolean, read: TopReaders, report: ReportAt): Top | null {
  const [limitNode, valueNode, byNode, excess] = call.args[1];
  if (!isBy || limitNode === undefined || valueNode === undefined || byNode === undefined) {
    return report(call.start, `top says how many of what by what: ${EXAMPLES}`);
  }
  if (excess !== undefined) return report(excess.start, `there is more than top takes: ${EXAMPLES}`);
  const limit = readLimit(limitNode, report);
  const field = read.field('top', valueNode);
  const by = readAmount(byNode, read, report);
  if (limit === null || by === null || field === null || field.type === null) return null;
  if (field.type === 'double') {
    return report(
      valueNode.start,
      `${field.name} is a double, and doubles that look equal may differ: use int or string`,
    );
  }
  return { name, kind: 'top', field: field.name, fieldType: field.type, limit, by, where: null };
}

function readLimit(node: ASTNode, report: ReportAt): number | null {
  const limit = node.op === 'value' && typeof node.args === 'bigint' ? Number(node.args) : NaN;
  if (limit >= 1 && limit <= MAX_TOP) return limit;
  return report(node.start, `top begins with how many: a whole number from 1 to ${MAX_TOP}`);
}

function readAmount(node: ASTNode, read: TopReaders, report: ReportAt): TopAmount | null {
  const kind = node.op === 'call' ? AMOUNTS.find((amount) => amount === node.args[0]) : undefined;
  if (node.op !== 'call' || kind === undefined) {
    return report(node.start, 'top is by count(), sum(x) or max(x)');
  }
  const [argument, excess] = node.args[1];
  if (kind === 'count') return argument === undefined ? { kind } : report(argument.start, 'count() takes no field');
  if (argument === undefined) return report(node.start, `${kind} needs a field: ${kind}(x)`);
  if (excess !== undefined) return report(excess.start, `${kind} takes one field`);
  const field = read.field(kind, argument);
  if (field === null || field.type === null || !read.isFor(kind, field, argument.start)) return null;
  const fieldType = field.type as Numeric;
  return kind === 'max' ? { kind, field: field.name, fieldType } : sumOf(field.name, fieldType);
}

/** Instants have been refused. */
function sumOf(field: string, fieldType: Numeric): TopAmount | null {
  return fieldType === 'timestamp' ? null : { kind: 'sum', field, fieldType };
}
