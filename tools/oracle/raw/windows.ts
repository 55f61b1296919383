import type { AcceptedRow } from './decide-partition';
import { decimalText, divideHalfEven } from './decimal';
import type {
  PlainDefinition,
  PlainMeasure,
  PlainMeasures,
  PlainMetric,
  PlainRow,
  PlainType,
  PlainValue,
} from './plain-definition';

/** Starts of all windows that hold a time, ascending. */
export function windowStartsOf(metric: PlainMetric, timeMs: number): number[] {
  const starts: number[] = [];
  let start = Math.floor(timeMs / metric.hopMs) * metric.hopMs;
  while (start + metric.sizeMs > timeMs) {
    starts.unshift(start);
    start -= metric.hopMs;
  }
  return starts;
}

/** Values as results are written in JSON: money and its averages as decimal text, instants as ISO text. */
export type JsonValue = string | number | boolean | null | readonly (string | number | boolean)[];

/** Room for all lists of a result together. */
const LIST_BYTES = 128 * 1024;

/** A row of results without its place in time. */
export interface GroupResult {
  readonly group: Readonly<Record<string, JsonValue>>;
  readonly measures: Readonly<Record<string, JsonValue>>;
}

/** Results of one window: one per group whose measures satisfy `having`, computed from all its rows at once. */
export function resultsOfWindow(
  definition: PlainDefinition,
  metric: PlainMetric,
  rows: readonly AcceptedRow[],
): GroupResult[] {
  const groups = new Map<string, AcceptedRow[]>();
  for (const accepted of rows) {
    const key = JSON.stringify(groupOf(definition, metric, accepted.row));
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [accepted]);
    else members.push(accepted);
  }
  const results: GroupResult[] = [];
  for (const [key, members] of groups) {
    const inOrder = [...members].sort((a, b) => a.partition - b.partition || a.offset - b.offset || a.index - b.index);
    const measured = measure(
      definition,
      metric,
      inOrder.map((member) => member.row),
    );
    if (metric.having !== undefined && !metric.having(measured.plain)) continue;
    results.push({ group: JSON.parse(key) as Record<string, JsonValue>, measures: measured.json });
  }
  return results;
}

function groupOf(definition: PlainDefinition, metric: PlainMetric, row: PlainRow): Record<string, JsonValue> {
  return Object.fromEntries(
    metric.groupBy.map((name) => [name, toJson(definition, typeOf(definition, name), row[name] ?? null)]),
  );
}

function measure(
  definition: PlainDefinition,
  metric: PlainMetric,
  rows: readonly PlainRow[],
): { readonly plain: PlainMeasures; readonly json: Record<string, JsonValue> } {
  const plain: Record<string, PlainValue | readonly PlainValue[]> = {};
  const json: Record<string, JsonValue> = {};
  const lists = Object.values(metric.measures).filter((how) => 'collect' in how).length;
  const bytesForList = Math.floor(LIST_BYTES / lists);
  for (const [name, how] of Object.entries(metric.measures)) {
    const { value, text } = measureOne(definition, how, rows, plain, bytesForList);
    plain[name] = value;
    json[name] = text;
  }
  return { plain, json };
}

interface Measured {
  readonly value: PlainValue | readonly PlainValue[];
  readonly text: JsonValue;
}

function measureOne(
  definition: PlainDefinition,
  how: PlainMeasure,
  allRows: readonly PlainRow[],
  before: PlainMeasures,
  bytesForList: number,
): Measured {
  if ('derived' in how) {
    const value = how.derived(before);
    return { value, text: toJson(definition, typeof value === 'bigint' ? 'money' : 'double', value) };
  }
  const rows = allRows.filter((row) => how.where === undefined || how.where(row));
  if ('count' in how) return { value: rows.length, text: rows.length };
  const present = (name: string): NonNullable<PlainValue>[] => rows.map((row) => row[name] ?? null).filter(isPresent);
  if ('distinct' in how) {
    const size = new Set(present(how.distinct)).size;
    return { value: size, text: size };
  }
  if ('collect' in how) {
    const type = typeOf(definition, how.collect);
    const first = present(how.collect).slice(0, how.limit);
    const value = first.slice(0, countWithin(first, bytesForList));
    return { value, text: value.map((item) => toJson(definition, type, item) as string | number | boolean) };
  }
  if ('avg' in how) return average(definition, typeOf(definition, how.avg), present(how.avg));
  const field = 'sum' in how ? how.sum : 'min' in how ? how.min : how.max;
  const values = present(field);
  const value = 'sum' in how ? sumOf(typeOf(definition, field), values) : extremeOf(values, 'min' in how ? -1 : 1);
  return { value, text: toJson(definition, typeOf(definition, field), value) };
}

/** How many values come before the first for which a list has no more room: a text counts 3 more than its UTF-8, others 24. */
function countWithin(values: readonly NonNullable<PlainValue>[], bytes: number): number {
  let taken = 0;
  let count = 0;
  for (const value of values) {
    taken += typeof value === 'string' ? Buffer.byteLength(value) + 3 : 24;
    if (taken > bytes) break;
    count += 1;
  }
  return count;
}

/** The sum of nothing is null, as in SQL. */
function sumOf(type: PlainType, values: readonly NonNullable<PlainValue>[]): PlainValue {
  if (values.length === 0) return null;
  if (type === 'money') return (values as bigint[]).reduce((sum, value) => sum + value, 0n);
  return (values as number[]).reduce((sum, value) => sum + value, 0);
}

function extremeOf(values: readonly NonNullable<PlainValue>[], sign: -1 | 1): PlainValue {
  let extreme: PlainValue = null;
  for (const value of values) if (extreme === null || (sign < 0 ? value < extreme : value > extreme)) extreme = value;
  return extreme;
}

const AVERAGE_DIGITS = 6;

/** An average of money is exact decimal text; of anything else a double. Of nothing it is null. */
function average(definition: PlainDefinition, type: PlainType, values: readonly NonNullable<PlainValue>[]): Measured {
  if (values.length === 0) return { value: null, text: null };
  if (type !== 'money') {
    const value = (sumOf(type, values) as number) / values.length;
    return { value, text: value };
  }
  const sum = sumOf(type, values) as bigint;
  const divisor = BigInt(values.length) * 10n ** BigInt(definition.minorDigits);
  const text = decimalText(divideHalfEven(sum * 10n ** BigInt(AVERAGE_DIGITS), divisor), AVERAGE_DIGITS);
  return { value: Number(text), text };
}

function toJson(definition: PlainDefinition, type: PlainType, value: PlainValue): JsonValue {
  if (value === null) return null;
  if (typeof value === 'bigint') return decimalText(value, definition.minorDigits);
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) return null;
  return type === 'timestamp' ? new Date(value).toISOString() : value;
}

function typeOf(definition: PlainDefinition, field: string): PlainType {
  const declared = definition.fields[field];
  if (declared === undefined) throw new Error(`the definition has no field ${field}`);
  return declared.type;
}

function isPresent(value: PlainValue): value is NonNullable<PlainValue> {
  return value !== null;
}
