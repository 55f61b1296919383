import { averageMoney } from '../../money/money';
import type { StreamSchema } from '../../stream/schema';
import type { Measure, MetricDefinition } from '../definition';
import type { Row, RowValue } from './evaluate-row';
import { evaluateRow } from './evaluate-row';
import type { PartitionLog } from './partition-log';

/** The value of a measure in a result. */
export type MeasureValue = RowValue | readonly RowValue[];

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
  const { sizeMs } = metric.window;
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

/** Starts of the windows that hold a time, ascending. */
export function windowStarts({ window: { sizeMs, hopMs } }: MetricDefinition, time: number): number[] {
  const starts: number[] = [];
  for (let start = Math.floor(time / hopMs) * hopMs; start > time - sizeMs; start -= hopMs) starts.unshift(start);
  return starts;
}

/** Results of the rows of one window, all at once; groups that do not satisfy `having` are left out. */
export function resultsOf(metric: MetricDefinition, schema: StreamSchema, rows: readonly Row[]): PlainResult[] {
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
    const lists = metric.measures.filter(({ kind }) => kind === 'collect').length;
    const bytesForList = Math.floor(BYTES_FOR_LISTS / lists);
    for (const measure of metric.measures) {
      const value = measureOf(measure, members, numbers, schema, bytesForList);
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

interface Measured {
  readonly shown: MeasureValue;
  readonly number: RowValue;
  readonly truncated: boolean;
}

function plain(value: RowValue, truncated = false): Measured {
  return { shown: value, number: value, truncated };
}

function measureOf(
  measure: Measure,
  group: readonly Row[],
  earlier: Row,
  schema: StreamSchema,
  bytesForList: number,
): Measured {
  if (measure.kind === 'derived') {
    const value = evaluateRow(measure.value, earlier) as number | null;
    return plain(value === null || measure.type === 'double' || Number.isSafeInteger(value) ? value : null);
  }
  const { where } = measure;
  const rows = group.filter((row) => where === null || evaluateRow(where, row) === true);
  if (measure.kind === 'count') return plain(rows.length);
  const values = rows.map((row) => row[measure.field] ?? null).filter((value) => value !== null);
  switch (measure.kind) {
    case 'distinct': {
      const isKey = measure.field === schema.key[0];
      return plain(new Set(values.filter((value) => !(isKey && value === ''))).size);
    }
    case 'collect': {
      const list = withinBytes(values.slice(0, measure.limit), bytesForList);
      return { shown: list, number: null, truncated: values.length > list.length };
    }
    case 'min':
    case 'max': {
      const numbers = (values as number[]).sort((a, b) => a - b);
      return plain((measure.kind === 'min' ? numbers.at(0) : numbers.at(-1)) ?? null);
    }
    case 'sum':
    case 'avg': {
      if (values.length === 0) return plain(null);
      const sum =
        measure.fieldType === 'double'
          ? (values as number[]).reduce((total, value) => total + value, 0)
          : Number((values as number[]).reduce((total, value) => total + BigInt(value), 0n));
      if (measure.fieldType !== 'double' && !Number.isSafeInteger(sum)) return plain(null, true);
      if (measure.kind === 'sum') return plain(sum);
      const average = sum / values.length;
      if (measure.fieldType !== 'money') return plain(average);
      return { shown: averageMoney(sum, values.length, schema.money.exponent), number: average, truncated: false };
    }
  }
}
