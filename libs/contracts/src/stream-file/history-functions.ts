import { comparableType } from '@tillstream/core';
import type { Expression, HistoryValue, HoppingMetric, Measure, StreamSchema } from '@tillstream/core';
import type { ASTNode } from '@marcbachmann/cel-js';
import { PREVIOUS, readLag } from './compare-section';
import type { ReportAt, ScopeFunction } from './expression-scope';
import { inMajorUnits } from './money-expression';
import { didYouMean } from './nearest-name';

/** What an alert's condition may ask of a metric's own earlier results. */
export const HISTORY_FUNCTIONS = ['change', 'change_percent', 'robust_z'] as const;
type HistoryFunction = (typeof HISTORY_FUNCTIONS)[number];

const MIN_COUNT = 3;
const MAX_COUNT = 60;
const EXAMPLES: Readonly<Record<HistoryFunction, string>> = {
  change: 'change(x, previous) or change(x, 1d)',
  change_percent: 'change_percent(x, previous) or change_percent(x, 1d)',
  robust_z: 'robust_z(x, 1d, 7), for the same window of the last seven days',
};

/**
 * Durations as names of the same length, `1d` as `d1`: CEL has no such literals. Texts in quotes stay as they are, and so does the
 * place of everything.
 */
export function durationsAsNames(text: string): string {
  return text.replace(
    /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])(\d+)(ms|s|m|h|d)\b/g,
    (all, count: string | undefined, unit: string | undefined) => (count === undefined ? all : `${unit}${count}`),
  );
}

/** Reads calls such as `change(x, 1d)` as names of history values, and gathers these. */
export class HistoryReader {
  private readonly found = new Map<string, HistoryValue>();

  constructor(
    private readonly metric: HoppingMetric,
    private readonly money: StreamSchema['money'],
  ) {}

  /** In the order in which they were read, each once. */
  get values(): readonly HistoryValue[] {
    return [...this.found.values()];
  }

  reader(kind: HistoryFunction): ScopeFunction {
    return (call, args, report) => this.read(kind, call, args, report);
  }

  private read(kind: HistoryFunction, call: ASTNode, args: readonly ASTNode[], report: ReportAt): Expression | null {
    const [measureNode, lagNode, countNode, excess] = args;
    const takesCount = kind === 'robust_z';
    if (measureNode === undefined || lagNode === undefined || (takesCount && countNode === undefined)) {
      return report(call.start, `${kind} says of what and since when: ${EXAMPLES[kind]}`);
    }
    const surplus = takesCount ? excess : countNode;
    if (surplus !== undefined) return report(surplus.start, `there is more than ${kind} takes: ${EXAMPLES[kind]}`);
    const measure = this.readMeasure(kind, measureNode, report);
    const lag = this.readLag(kind, lagNode, report);
    const count = countNode === undefined ? 1 : readCount(countNode, report);
    if (measure === null || lag === null || count === null) return null;
    const name = `${kind}(${measure.name}, ${lag.name}${takesCount ? `, ${count}` : ''})`;
    this.found.set(name, { name, kind, measure: measure.name, lagMs: lag.lagMs, count });
    return kind === 'change' ? this.changeOf(name, measure) : { kind: 'field', name, type: 'double' };
  }

  /** A difference is what the measure is; of averages of money it is in major units, as they are in expressions. */
  private changeOf(name: string, measure: Measure): Expression {
    const type = comparableType(measure) ?? 'double';
    if (measure.kind !== 'avg' || type !== 'money') return { kind: 'field', name, type };
    return inMajorUnits({ kind: 'field', name, type: 'money' }, this.money);
  }

  private readMeasure(kind: HistoryFunction, node: ASTNode, report: ReportAt): Measure | null {
    const { measures } = this.metric;
    const numbers = measures.filter((measure) => comparableType(measure) !== null).map(({ name }) => name);
    if (node.op !== 'id') return report(node.start, `${kind} takes a measure: ${EXAMPLES[kind]}`);
    const measure = measures.find(({ name }) => name === node.args);
    if (measure === undefined) {
      return report(node.start, `there is no measure ${node.args}: ${didYouMean(node.args, numbers)}`);
    }
    if (comparableType(measure) !== null) return measure;
    return report(node.start, `${kind} is of numbers, and ${measure.name} is none: ${didYouMean(node.args, numbers)}`);
  }

  private readLag(kind: HistoryFunction, node: ASTNode, report: ReportAt) {
    const written = node.op === 'id' ? /^(ms|s|m|h|d)(\d+)$/.exec(node.args) : null;
    const name = written ? `${written[2]}${written[1]}` : textOf(node);
    if (name === null) return report(node.start, `${kind} looks at ${PREVIOUS}, or so much earlier: ${EXAMPLES[kind]}`);
    const lagMs = readLag(name, this.metric.window, (message) => report(node.start, message));
    return lagMs === null ? null : { name, lagMs };
  }
}

/** `previous` or `'1d'`. */
function textOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args;
  return node.op === 'value' && typeof node.args === 'string' ? node.args : null;
}

function readCount(node: ASTNode, report: ReportAt): number | null {
  const count = node.op === 'value' && typeof node.args === 'bigint' ? Number(node.args) : NaN;
  if (count >= MIN_COUNT && count <= MAX_COUNT) return count;
  return report(node.start, `robust_z looks at a whole number of windows from ${MIN_COUNT} to ${MAX_COUNT}`);
}
