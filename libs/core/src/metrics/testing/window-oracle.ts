import { averageMoney } from '../../money/money';
import { murmur3x128 } from '../../hash/murmur3';
import type { FieldType, StreamSchema } from '../../stream/schema';
import type { HoppingSpec, Measure, MetricDefinition } from '../definition';
import type { Row, RowValue } from './evaluate-row';
import { evaluateRow } from './evaluate-row';
import type { PartitionLog } from './partition-log';

/** The value of a measure in a result. */
export type MeasureValue = RowValue | readonly RowValue[] | readonly RankedValue[];

/** An item of a `top`. */
export interface RankedValue {
  readonly value: RowValue;
  readonly amount: RowValue;
}

/** One group of a result, in plain values. */
export interface PlainResult {
  readonly group: readonly RowValue[];
  readonly measures: Readonly<Record<string, MeasureValue>>;
  readonly truncated: boolean;
}

export interface PlainWindow {
  readonly metric: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly revision: number;
  /** In no particular order. */
  readonly results: readonly PlainResult[];
}

export interface PlainLate {
  readonly metric: string;
  readonly rawOffset: number;
  readonly index: number;
  readonly missedStartsMs: readonly number[];
  readonly latenessMs: number;
}

export interface PlainLateCount {
  readonly metric: string;
  readonly startMs: number;
  readonly count: number;
  readonly revision: number;
}

/** What one metric makes of one partition. */
export interface PartitionVerdict {
  /** Rows of the windows that are closed, and of those that are still open, by start. */
  readonly closed: ReadonlyMap<number, { readonly rows: readonly Row[]; readonly revision: number }>;
  readonly open: ReadonlyMap<number, readonly Row[]>;
  readonly late: readonly PlainLate[];
  readonly lateCounts: readonly PlainLateCount[];
}

/**
 * Decides about every row by itself: which windows hold it, which of them are closed. No slices, no columns, no batches.
 * Looks at the entries below `end`.
 */
export function judgePartition(
  log: PartitionLog,
  metric: MetricDefinition,
  schema: StreamSchema,
  end = log.entries.length,
): PartitionVerdict {
  const open = new Map<number, Row[]>();
  const closed = new Map<number, { rows: Row[]; revision: number }>();
  const late: PlainLate[] = [];
  const lateCounts = new Map<number, PlainLateCount>();
  const { sizeMs } = hoppingOf(metric);
  log.entries.slice(0, end).forEach((entry, i) => {
    const watermark = log.before(i).watermarkInputMs - metric.outOfOrdernessMs;
    entry.rows.forEach((row, index) => {
      if (metric.where !== null && evaluateRow(metric.where, row) !== true) return;
      const key = row[schema.key[0] as string] ?? null;
      if (metric.local && (key === null || key === '')) return;
      const time = row[schema.eventTime.field] as number;
      const missed: number[] = [];
      for (const start of windowStarts(metric, time)) {
        if (start + sizeMs <= watermark) missed.push(start);
        else open.set(start, [...(open.get(start) ?? []), row]);
      }
      if (missed.length === 0) return;
      const place = { metric: metric.name, rawOffset: entry.offset, index };
      late.push({ ...place, missedStartsMs: missed, latenessMs: watermark - time });
      for (const startMs of missed) {
        const count = (lateCounts.get(startMs)?.count ?? 0) + 1;
        lateCounts.set(startMs, { metric: metric.name, startMs, count, revision: entry.offset + 1 });
      }
    });
    const after = log.before(i + 1).watermarkInputMs - metric.outOfOrdernessMs;
    for (const [start, rows] of open) {
      if (start + sizeMs > after) continue;
      closed.set(start, { rows, revision: entry.offset + 1 });
      open.delete(start);
    }
  });
  return { open, closed, late, lateCounts: [...lateCounts.values()] };
}

/** @throws Error for a metric of sessions */
export function hoppingOf({ name, window }: MetricDefinition): HoppingSpec {
  if ('gapMs' in window) throw new Error(`${name} has sessions`);
  return window;
}

/** Starts of the windows that hold a time, ascending. */
export function windowStarts(metric: MetricDefinition, time: number): number[] {
  const { sizeMs, hopMs } = hoppingOf(metric);
  const starts: number[] = [];
  for (let start = Math.floor(time / hopMs) * hopMs; start > time - sizeMs; start -= hopMs) starts.unshift(start);
  return starts;
}

/** Results of the rows of one window, all at once; groups that do not satisfy `having` are left out. */
export function resultsOf(
  metric: MetricDefinition,
  schema: StreamSchema,
  rows: readonly Row[],
  lengthMs = 'gapMs' in metric.window ? NaN : metric.window.sizeMs,
): PlainResult[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(metric.groupBy.map((field) => row[field] ?? null));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].flatMap(([key, members]) => {
    const measures: Record<string, MeasureValue> = {};
    // What formulas see: averages of money as numbers.
    const numbers: Record<string, RowValue> = {};
    let truncated = false;
    const lists = metric.measures.filter(({ kind }) => ['collect', 'first', 'last', 'top'].includes(kind)).length;
    const bytesForList = Math.floor(BYTES_FOR_LISTS / lists);
    for (const measure of metric.measures) {
      const value = measureOf(measure, members, numbers, { schema, seconds: lengthMs / 1000, bytesForList });
      measures[measure.name] = value.shown;
      numbers[measure.name] = value.number;
      truncated ||= value.truncated;
    }
    if (metric.having !== null && evaluateRow(metric.having, numbers) !== true) return [];
    return [{ group: JSON.parse(key) as RowValue[], measures, truncated }];
  });
}

const utf8 = new TextEncoder();
/** The lists of a result have room for so many bytes together. */
const BYTES_FOR_LISTS = 131_072;

/** Values up to the first that does not fit: a text needs 3 bytes more than its UTF-8, anything else 24. */
function withinBytes(values: readonly RowValue[], bytes: number): readonly RowValue[] {
  let left = bytes;
  const end = values.findIndex((value) => (left -= typeof value === 'string' ? utf8.encode(value).length + 3 : 24) < 0);
  return end < 0 ? values : values.slice(0, end);
}

/** As many whole characters as there is room for. */
function cutTo(text: string, bytes: number): string {
  const whole = utf8.encode(text);
  // A decoder that expects more keeps half a character to itself.
  return whole.length <= bytes ? text : new TextDecoder().decode(whole.subarray(0, bytes), { stream: true });
}

interface Measured {
  readonly shown: MeasureValue;
  readonly number: RowValue;
  readonly truncated: boolean;
}

function plain(value: RowValue, truncated = false): Measured {
  return { shown: value, number: value, truncated };
}

interface MeasureContext {
  readonly schema: StreamSchema;
  /** Length of the window. */
  readonly seconds: number;
  readonly bytesForList: number;
}

function measureOf(
  measure: Measure,
  group: readonly Row[],
  earlier: Row,
  { schema, seconds, bytesForList }: MeasureContext,
): Measured {
  if (measure.kind === 'derived') {
    const value = evaluateRow(measure.value, earlier) as number | null;
    return plain(value === null || measure.type === 'double' || Number.isSafeInteger(value) ? value : null);
  }
  const { where } = measure;
  const rows = group.filter((row) => where === null || evaluateRow(where, row) === true);
  if (measure.kind === 'count') return plain(rows.length);
  if (measure.kind === 'rate' && measure.field === null) return plain(rows.length / seconds);
  const values = rows.map((row) => row[measure.field ?? ''] ?? null).filter((value) => value !== null);
  switch (measure.kind) {
    case 'distinct': {
      const isKey = measure.field === schema.key[0];
      return plain(new Set(values.filter((value) => !(isKey && value === ''))).size);
    }
    case 'collect': {
      const list = withinBytes(values.slice(0, measure.limit), bytesForList);
      return { shown: list, number: null, truncated: values.length > list.length };
    }
    case 'first':
    case 'last': {
      const shown = rows.filter((row) => (row[measure.field] ?? null) !== null);
      const times = shown.map((row) => row[schema.eventTime.field] as number);
      const at = measure.kind === 'first' ? times.indexOf(Math.min(...times)) : times.lastIndexOf(Math.max(...times));
      const value = shown[at]?.[measure.field] ?? null;
      const kept = typeof value === 'string' ? cutTo(value, bytesForList - 3) : value;
      return plain(kept, kept !== value);
    }
    case 'top': {
      const isKey = measure.field === schema.key[0];
      const counted = rows.filter((row) => !(isKey && row[measure.field] === ''));
      return { ...topOf(measure, counted, bytesForList), number: null };
    }
    case 'min':
    case 'max': {
      const numbers = (values as number[]).sort((a, b) => a - b);
      return plain((measure.kind === 'min' ? numbers.at(0) : numbers.at(-1)) ?? null);
    }
    case 'stddev':
      return plain(deviationOf(values as number[], measure.fieldType, schema));
    case 'percentile':
      return plain(percentileOf(values as number[], measure.percent, measure.fieldType));
    case 'approx_distinct':
      return plain(fewDistinct(values));
    case 'sum':
    case 'avg':
    case 'rate': {
      if (values.length === 0) return plain(measure.kind === 'rate' ? 0 : null);
      const sum =
        measure.fieldType === 'double'
          ? (values as number[]).reduce((total, value) => total + value, 0)
          : Number((values as number[]).reduce((total, value) => total + BigInt(value), 0n));
      if (measure.fieldType !== 'double' && !Number.isSafeInteger(sum)) return plain(null, true);
      if (measure.kind === 'sum') return plain(sum);
      if (measure.kind === 'rate') {
        return plain(sum / (seconds * (measure.fieldType === 'money' ? 10 ** schema.money.exponent : 1)));
      }
      const average = sum / values.length;
      if (measure.fieldType !== 'money') return plain(average);
      return { shown: averageMoney(sum, values.length, schema.money.exponent), number: average, truncated: false };
    }
  }
}

/** Adds up value by value, sorts all of them. */
function topOf(
  { field, by, limit }: Extract<Measure, { kind: 'top' }>,
  rows: readonly Row[],
  bytes: number,
): { readonly shown: readonly RankedValue[]; readonly truncated: boolean } {
  const numbers = new Map<RowValue, number[]>();
  for (const row of rows) {
    const value = row[field] ?? null;
    const number = by.kind === 'count' ? 1 : (row[by.field] ?? null);
    if (value === null || typeof number !== 'number') continue;
    numbers.set(value, [...(numbers.get(value) ?? []), number]);
  }
  const isExact = by.kind === 'count' || by.fieldType !== 'double';
  const ranked = [...numbers].map(([value, of]) => {
    if (by.kind === 'max') return { value, amount: Math.max(...of) };
    const amount = isExact ? of.reduce((sum, n) => sum + BigInt(n), 0n) : of.reduce((sum, n) => sum + n, 0);
    return { value, amount };
  });
  ranked.sort((a, b) => (a.amount > b.amount ? -1 : a.amount < b.amount ? 1 : compareValues(a.value, b.value)));
  const first = ranked.slice(0, limit).map(({ value, amount }) => {
    const shown = Number(amount);
    return { value, amount: typeof amount === 'bigint' && !Number.isSafeInteger(shown) ? null : shown };
  });
  let left = bytes;
  const end = first.findIndex(({ value }) => {
    left -= 48 + (typeof value === 'string' ? utf8.encode(value).length + 3 : 24);
    return left < 0;
  });
  const shown = end < 0 ? first : first.slice(0, end);
  return { shown, truncated: end >= 0 || shown.some(({ amount }) => amount === null) };
}

/** Texts by code point, everything else by number. */
function compareValues(a: RowValue, b: RowValue): number {
  if (typeof a !== 'string' || typeof b !== 'string') return Number(a) - Number(b);
  const [first, second] = [[...a], [...b]];
  const at = first.findIndex((letter, i) => letter !== second[i]);
  if (at < 0) return first.length - second.length;
  return (first[at]?.codePointAt(0) ?? -1) - (second[at]?.codePointAt(0) ?? -1);
}

/** The value at its place, seen through the glasses of the sketch: the middle of a bucket from γ^(i−1) to γ^i. */
function percentileOf(values: readonly number[], percent: number, type: FieldType): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const exact = sorted[Math.floor((percent * (sorted.length - 1)) / 100)];
  if (exact === undefined) return null;
  const gamma = 101 / 99;
  const bounded = Math.min(Math.abs(exact), 2 ** 53);
  const middle = (2 * gamma ** Math.ceil(Math.log(bounded) / Math.log(gamma))) / (gamma + 1);
  const seen = exact === 0 ? 0 : Math.sign(exact) * middle;
  return type === 'double' ? seen : Math.round(seen) + 0;
}

/** By linear counting of the registers that are taken: what the sketch comes to when there are few values. */
function fewDistinct(values: readonly RowValue[]): number {
  const hash = new DataView(new ArrayBuffer(16));
  const registers = new Set(
    values.map((value) => {
      const bytes =
        typeof value === 'string' ? utf8.encode(value) : new Uint8Array(Float64Array.of(Number(value)).buffer);
      murmur3x128(bytes, 0, bytes.length, 0x1c0de, hash, 0);
      return hash.getUint32(0, true) >> 20;
    }),
  );
  return Math.round(4096 * Math.log(4096 / (4096 - registers.size)));
}

/** In two passes. Equal to what is kept by and by but for the last digits. */
function deviationOf(values: readonly number[], type: FieldType, { money }: StreamSchema): number | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / (type === 'money' ? 10 ** money.exponent : 1);
}
