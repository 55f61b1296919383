import type { ExpressionType, FieldType, Measure, StreamSchema } from '@tillstream/core';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Value } from './document';
import { parseCel, pathOf } from './cel-syntax';
import { parseCondition, parseExpression } from './expression-parser';
import type { ExpressionScope, ReportAt, ScopeName } from './expression-scope';
import { fieldScope } from './field-section';
import type { DeclaredField } from './field-section';
import { inMajorUnits } from './money-expression';
import { didYouMean, nearestName } from './nearest-name';
import { readTop, topWithComma } from './top-measure';
import type { TopReaders } from './top-measure';
import { unknownField } from './unknown-field';

const FUNCTIONS = [
  ...(['count', 'sum', 'avg', 'min', 'max', 'stddev', 'rate', 'percentile', 'median'] as const),
  ...(['first', 'last', 'distinct', 'approx_distinct', 'collect', 'top'] as const),
] as const;
const DEFAULT_COLLECT = 100;
const MAX_COLLECT = 1000;
const MEDIAN = 50;
/** What a function takes beside a field. */
const SECOND_ARGUMENTS: Readonly<Partial<Record<string, string>>> = { collect: 'a limit', percentile: 'a percentage' };

/** What a measure may rely on. */
export interface MeasureScope {
  readonly fields: ReadonlyMap<string, DeclaredField>;
  readonly money: StreamSchema['money'];
  /** The stream's first key field. */
  readonly key: string | null;
  /** All rows of a group are in one partition. */
  readonly local: boolean;
  /** Measures declared before this one. */
  readonly earlier: ReadonlyMap<string, ScopeName>;
  /** All measures of the metric. */
  readonly all: readonly string[];
}

/**
 * Reads a measure: `sum(revenue)`, `count() where …`, or a formula over measures declared before it.
 *
 * @returns null after every problem has been reported
 */
export function readMeasure(name: string, value: Value, scope: MeasureScope): Measure | null {
  const text = value.formula();
  if (text === null) return null;
  const report: ReportAt = (at, message) => value.problemAt(at, message);
  const split = splitWhere(text);
  const top = /^\s*top\b/.test(split.head) ? topWithComma(split.head) : null;
  const ast = parseCel(top ?? split.head, report);
  const isFormula = ast !== null && ast.op !== 'call';
  const condition = split.where === null || isFormula ? null : readWhere(text, split.where, scope, report);
  if (ast === null) return null;
  if (ast.op === 'call') {
    const measure = readAggregate(name, ast, top !== null, scope, report);
    if (measure === null || (split.where !== null && condition === null)) return null;
    return { ...measure, where: condition };
  }
  if (split.where !== null) {
    return report(split.where - 'where'.length, 'where belongs to count, sum and the like, not to a formula');
  }
  return readDerived(name, split.head, scope, report);
}

/** The names of measures in a formula or in `having`. */
export function measureName(measure: Measure, money: StreamSchema['money']): ScopeName {
  switch (measure.kind) {
    case 'count':
    case 'distinct':
    case 'approx_distinct':
      return { type: 'int' };
    case 'rate':
    case 'stddev':
      return { type: 'double' };
    case 'first':
    case 'last':
      return edgeName(measure.name, measure.fieldType);
    case 'collect':
    case 'top':
      return { type: null, refused: `${measure.name} is a list, which expressions cannot use` };
    case 'derived':
      return { type: measure.type };
    case 'avg':
      return measure.fieldType === 'money' ? averageOfMoney(measure.name, money) : { type: 'double' };
    default:
      return { type: measure.fieldType };
  }
}

function edgeName(name: string, type: FieldType): ScopeName {
  if (type !== 'string' && type !== 'bool') return { type };
  return { type: null, refused: `${name} is ${type}: expressions over measures use numbers` };
}

/** An average of money is no amount (it has fractions of cents): expressions see it as a double in major units. */
function averageOfMoney(name: string, money: StreamSchema['money']): ScopeName {
  return { type: 'double', expression: inMajorUnits({ kind: 'field', name, type: 'money' }, money) };
}

/** where: index of the condition's first character. */
function splitWhere(text: string): { readonly head: string; readonly where: number | null } {
  const pattern = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\bwhere\b/g;
  for (const match of text.matchAll(pattern)) {
    if (match[0] !== 'where') continue;
    return { head: text.slice(0, match.index).trimEnd(), where: match.index + 'where'.length };
  }
  return { head: text, where: null };
}

function readWhere(text: string, from: number, scope: MeasureScope, report: ReportAt) {
  const names: ExpressionScope = { what: 'field', names: fieldScope(scope.fields), money: scope.money };
  return parseCondition(text.slice(from), names, (at, message) => report(from + at, message));
}

type Aggregate = Exclude<Measure, { readonly kind: 'derived' }>;
type CallNode = Extract<ASTNode, { readonly op: 'call' }>;

/** @param isBy the call was written with the `by` of top */
function readAggregate(
  name: string,
  call: CallNode,
  isBy: boolean,
  scope: MeasureScope,
  report: ReportAt,
): Aggregate | null {
  const [called, args] = call.args;
  const kind = FUNCTIONS.find((candidate) => candidate === called);
  if (kind === undefined) return report(call.start, unknownFunction(called));
  if (kind === 'top') return readTop(name, call, isBy, topReaders(scope, report), report);
  if (kind === 'count') {
    const excess = args[0];
    if (excess === undefined) return { name, kind, where: null };
    return report(excess.start, 'count() takes no field: for rows that have one, write count() where x != null');
  }
  if (kind === 'rate' && args.length === 0) return { name, kind, field: null, fieldType: null, where: null };
  const field = readArgument(kind, call, scope, report);
  const limit = kind === 'collect' ? readLimit(args[1], report) : DEFAULT_COLLECT;
  const percent = kind === 'percentile' ? readPercent(call, report) : MEDIAN;
  const second = SECOND_ARGUMENTS[kind];
  const excess = args[second === undefined ? 1 : 2];
  if (excess !== undefined) {
    return report(excess.start, `${kind} takes ${second === undefined ? 'one field' : `a field and ${second}`}`);
  }
  if (field === null || field.type === null || limit === null || percent === null) return null;

  const at = args[0]?.start ?? call.start;
  switch (kind) {
    case 'distinct':
      return checkDistinct(field, scope, at, report) ? { name, kind, field: field.name, where: null } : null;
    case 'collect':
      return { name, kind, field: field.name, fieldType: field.type, limit, where: null };
    case 'first':
    case 'last':
      return { name, kind, field: field.name, fieldType: field.type, where: null };
    case 'approx_distinct':
      return { name, kind, field: field.name, where: null };
    default: {
      const refusal = refuseNumeric(kind, field.name, field.type, scope);
      if (refusal !== null) return report(at, refusal);
      if (kind === 'stddev' || kind === 'rate' || kind === 'percentile' || kind === 'median') {
        const fieldType = field.type as Exclude<NumericType, 'timestamp'>;
        if (kind === 'stddev' || kind === 'rate') return { name, kind, field: field.name, fieldType, where: null };
        return { name, kind: 'percentile', field: field.name, fieldType, percent, where: null };
      }
      return { name, kind, field: field.name, fieldType: field.type as NumericType, where: null };
    }
  }
}

function topReaders(scope: MeasureScope, report: ReportAt): TopReaders {
  return {
    field: (kind, argument) => readField(kind, argument, scope, report),
    isFor: (kind, { name, type }, at) => {
      const refusal = type === null ? null : refuseNumeric(kind, name, type, scope);
      if (refusal !== null) report(at, refusal);
      return refusal === null;
    },
  };
}

type NumericType = Extract<Measure, { readonly kind: 'sum' }>['fieldType'];

function unknownFunction(called: string): string {
  return `there is no function ${called}: ${didYouMean(called, FUNCTIONS)}`;
}

function readArgument(kind: string, call: CallNode, scope: MeasureScope, report: ReportAt): DeclaredField | null {
  const argument = call.args[1][0];
  if (argument === undefined) return report(call.start, `${kind} needs a field: ${kind}(x)`);
  return readField(kind, argument, scope, report);
}

function readField(kind: string, argument: ASTNode, scope: MeasureScope, report: ReportAt): DeclaredField | null {
  const path = pathOf(argument);
  if (path === null) {
    return report(
      argument.start,
      `${kind} takes a field, not a formula: give the result a field of its own with a default`,
    );
  }
  const field = scope.fields.get(path);
  return field ?? report(argument.start, unknownField(path, scope.fields));
}

function readLimit(argument: ASTNode | undefined, report: ReportAt): number | null {
  if (argument === undefined) return DEFAULT_COLLECT;
  const limit = argument.op === 'value' && typeof argument.args === 'bigint' ? Number(argument.args) : NaN;
  if (limit >= 1 && limit <= MAX_COLLECT) return limit;
  return report(argument.start, `the limit of collect is a whole number from 1 to ${MAX_COLLECT}`);
}

function readPercent(call: CallNode, report: ReportAt): number | null {
  const argument = call.args[1][1];
  if (argument === undefined) return report(call.start, 'percentile needs a percentage: percentile(x, 95)');
  const percent = argument.op === 'value' ? Number(argument.args) : NaN;
  if (percent >= 0 && percent <= 100) return percent;
  return report(argument.start, 'the percentage of percentile is a number from 0 to 100');
}

type NumericFunction = 'sum' | 'avg' | 'min' | 'max' | 'stddev' | 'rate' | 'percentile' | 'median';

/** Why a function is not for fields of this type; null where it is. */
function refuseNumeric(kind: NumericFunction, field: string, type: FieldType, scope: MeasureScope): string | null {
  const distinct = isCountable(field, scope) ? 'distinct' : 'approx_distinct';
  if (type === 'int' || type === 'double' || type === 'money') return null;
  if (type === 'timestamp') {
    if (kind === 'min' || kind === 'max') return null;
    return kind === 'percentile' || kind === 'median'
      ? `${kind}(${field}): it is near in proportion, which says nothing of an instant; min and max can be taken`
      : `${kind}(${field}): instants cannot be added; min and max can be taken`;
  }
  return (
    `${kind}(${field}): ${field} is ${type}, and ${kind} needs int, double or money; ` +
    `to count different values write ${distinct}(${field}), to list them collect(${field})`
  );
}

/** Across partitions, only the key is known never to be counted twice. */
function checkDistinct(field: DeclaredField, scope: MeasureScope, at: number, report: ReportAt): boolean {
  if (isCountable(field.name, scope)) return true;
  const { key } = scope;
  report(
    at,
    `distinct(${field.name}) would count a value once in every partition: this metric is merged over partitions, where ` +
      `only distinct(${key}), the stream's key, is exact; write approx_distinct(${field.name})`,
  );
  return false;
}

function isCountable(field: string, { local, key }: MeasureScope): boolean {
  return local || key === null || field === key;
}

function readDerived(name: string, text: string, scope: MeasureScope, report: ReportAt): Measure | null {
  const names = new Map(scope.earlier);
  for (const other of scope.all) {
    if (names.has(other)) continue;
    const refused =
      other === name ? `${name} cannot use itself` : `${other} is declared below: a formula uses measures above it`;
    names.set(other, { type: null, refused });
  }
  for (const field of scope.fields.keys()) {
    const near = nearestName(field, scope.all);
    if (names.has(field) || near !== null) continue;
    names.set(field, { type: null, refused: `${field} is a field: a formula uses measures, such as sum(${field})` });
  }
  const value = parseExpression(text, { what: 'measure', names, money: scope.money }, report);
  if (value === null) return null;
  if (isNumeric(value.type)) return { name, kind: 'derived', value, type: value.type };
  return report(0, `a measure is a number, this is ${value.type}`);
}

function isNumeric(type: ExpressionType): boolean {
  return type === 'int' || type === 'double' || type === 'money' || type === 'timestamp';
}
