import type { AcceptedRow } from './decide-partition';
import { decimalText, divideHalfEven } from './decimal';
import type {
  PlainDefinition,
  PlainHops,
  PlainMeasure,
  PlainMeasures,
  PlainMetric,
  PlainRanked,
  PlainRow,
  PlainType,
  PlainValue,
} from './plain-definition';

/** Starts of all windows that hold a time, ascending. */
export function windowStartsOf(metric: PlainHops, timeMs: number): number[] {
  const starts: number[] = [];
  let start = Math.floor(timeMs / metric.hopMs) * metric.hopMs;
  while (start + metric.sizeMs > timeMs) {
    starts.unshift(start);
    start -= metric.hopMs;
  }
  return starts;
}

/** Values as results are written in JSON: money and its averages as decimal text, instants as ISO text. */
export type JsonValue =
  | JsonScalar
  | readonly (string | number | boolean)[]
  | readonly { readonly value: JsonScalar; readonly amount: JsonScalar }[];
type JsonScalar = string | number | boolean | null;

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
  lengthMs: number,
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
      lengthMs / 1000,
    );
    if (metric.having !== undefined && !metric.having(measured.plain)) continue;
    results.push({ group: JSON.parse(key) as Record<string, JsonValue>, measures: measured.json });
  }
  return results;
}

/** The group that a row is of, as results write it. */
export function groupOf(definition: PlainDefinition, metric: PlainMetric, row: PlainRow): Record<string, JsonValue> {
  return Object.fromEntries(
    metric.groupBy.map((name) => [name, toJson(definition, typeOf(definition, name), row[name] ?? null)]),
  );
}

function measure(
  definition: PlainDefinition,
  metric: PlainMetric,
  rows: readonly PlainRow[],
  seconds: number,
): { readonly plain: PlainMeasures; readonly json: Record<string, JsonValue> } {
  const plain: Record<string, Measured['value']> = {};
  const json: Record<string, JsonValue> = {};
  const lists = Object.values(metric.measures).filter((how) => 'collect' in how || 'top' in how).length;
  const bytesForList = Math.floor(LIST_BYTES / lists);
  for (const [name, how] of Object.entries(metric.measures)) {
    const { value, text } = measureOne(definition, how, rows, plain, bytesForList, seconds);
    plain[name] = value;
    json[name] = text;
  }
  return { plain, json };
}

interface Measured {
  readonly value: PlainMeasures[string];
  readonly text: JsonValue;
}

function measureOne(
  definition: PlainDefinition,
  how: PlainMeasure,
  allRows: readonly PlainRow[],
  before: PlainMeasures,
  bytesForList: number,
  seconds: number,
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
  if ('first' in how || 'last' in how) return edgeOf(definition, how, rows);
  if ('rate' in how) return rateOf(definition, how.rate, rows, seconds);
  if ('top' in how) {
    const value = topOf(definition, how, rows);
    const { by } = how;
    const amountType = by === 'count' ? 'int' : typeOf(definition, 'sum' in by ? by.sum : by.max);
    const text = value.map((item) => ({
      value: toJson(definition, typeOf(definition, how.top), item.value),
      amount: toJson(definition, amountType, item.amount),
    }));
    return { value, text: text.slice(0, rankedWithin(value, bytesForList)) };
  }
  if ('avg' in how) return average(definition, typeOf(definition, how.avg), present(how.avg));
  const field = 'sum' in how ? how.sum : 'min' in how ? how.min : how.max;
  const values = present(field);
  const value = 'sum' in how ? sumOf(typeOf(definition, field), values) : extremeOf(values, 'min' in how ? -1 : 1);
  return { value, text: toJson(definition, typeOf(definition, field), value) };
}

/** Of the earliest or latest row with a value; of equal times the first or last in order. */
function edgeOf(
  definition: PlainDefinition,
  how: Extract<PlainMeasure, { readonly first: string } | { readonly last: string }>,
  rows: readonly PlainRow[],
): Measured {
  const field = 'first' in how ? how.first : how.last;
  let value: PlainValue = null;
  let at = NaN;
  for (const row of rows) {
    const here = row[field] ?? null;
    if (here === null) continue;
    const time = row[definition.eventTime] as number;
    if (value !== null && ('first' in how ? time >= at : time < at)) continue;
    value = here;
    at = time;
  }
  return { value, text: toJson(definition, typeOf(definition, field), value) };
}

function rateOf(
  definition: PlainDefinition,
  field: string | null,
  rows: readonly PlainRow[],
  seconds: number,
): Measured {
  const values = field === null ? rows.map(() => 1) : rows.map((row) => row[field] ?? null).filter(isPresent);
  const type = field === null ? 'int' : typeOf(definition, field);
  const sum = Number(sumOf(type, values) ?? 0);
  const value = sum / (seconds * (type === 'money' ? 10 ** definition.minorDigits : 1));
  return { value, text: value };
}

/** Values by their amounts, the largest first; of equal amounts the value that comes first by its bytes, or as a number. */
function topOf(
  definition: PlainDefinition,
  { top, limit, by }: Extract<PlainMeasure, { readonly top: string }>,
  rows: readonly PlainRow[],
): PlainRanked[] {
  const numbers = new Map<PlainValue, NonNullable<PlainValue>[]>();
  for (const row of rows) {
    const value = row[top] ?? null;
    const number = by === 'count' ? 1 : (row['sum' in by ? by.sum : by.max] ?? null);
    if (value === null || number === null || (top === definition.key[0] && value === '')) continue;
    const known = numbers.get(value);
    if (known === undefined) numbers.set(value, [number]);
    else known.push(number);
  }
  const ranked = [...numbers].map(([value, of]): PlainRanked => {
    if (by === 'count') return { value, amount: of.length };
    return { value, amount: 'sum' in by ? sumOf(typeOf(definition, by.sum), of) : extremeOf(of, 1) };
  });
  ranked.sort((a, b) => compare(b.amount, a.amount) || compare(a.value, b.value));
  return ranked.slice(0, limit);
}

function compare(a: PlainValue, b: PlainValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a === null || b === null || a === b ? 0 : a < b ? -1 : 1;
}

/** As `countWithin`, for values with amounts: 48 more for each. */
function rankedWithin(ranked: readonly PlainRanked[], bytes: number): number {
  let left = bytes;
  const end = ranked.findIndex(({ value }) => {
    left -= 48 + (typeof value === 'string' ? Buffer.byteLength(value) + 3 : 24);
    return left < 0;
  });
  return end < 0 ? ranked.length : end;
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

function toJson(definition: PlainDefinition, type: PlainType, value: PlainValue): JsonScalar {
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
