import { ParseError, parse } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { ReportAt } from './expression-scope';

/** The syntax tree of CEL text, or null after its mistake has been reported. */
export function parseCel(text: string, report: ReportAt): ASTNode | null {
  try {
    return parse(text).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const index = error.range?.start ?? 0;
    return report(Math.min(index, text.length), syntaxMessage(text, index, error.summary));
  }
}

function syntaxMessage(text: string, index: number, summary: string): string {
  const rest = text.slice(index);
  if (rest.startsWith('=')) return 'to compare, write ==';
  const word = /^\w+/.exec(text.slice(text.slice(0, index).search(/\w*$/)))?.[0] ?? '';
  const previous = /(\w+)\s*$/.exec(text.slice(0, index))?.[1] ?? '';
  for (const candidate of [word, previous]) {
    const operator = { and: '&&', or: '||', not: '!' }[candidate.toLowerCase()];
    if (operator !== undefined) return `for "${candidate.toLowerCase()}" write ${operator}`;
  }
  if (/EOF/.test(summary)) return 'the expression ends too early';
  return `this is not an expression: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`;
}

/** The name of a field as an expression has it: `meta.domain` is several names to the parser. Null for anything else. */
export function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return null;
  const object = pathOf(node.args[0]);
  return object === null ? null : `${object}.${node.args[1]}`;
}
