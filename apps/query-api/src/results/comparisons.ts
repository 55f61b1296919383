import { toTimestamp, type ComparisonMessage, type ResultValue, type ValueMessage } from '@tillstream/contracts';
import {
  absentValue,
  comparableType,
  percentChange,
  type ComparedWindow,
  type MetricDefinition,
} from '@tillstream/core';
import type { MetricRows } from '../view/metric-rows';
import type { WindowRows } from '../view/window-rows';
import { toMessage, type ValueType } from './values';

/** A measure that can be compared, and where its value stands among those of a row. */
interface Compared {
  readonly index: number;
  readonly type: ValueType;
  /** As a row has it: what is taken for the value of a group that an earlier window does not have. */
  readonly absent: ResultValue;
}

/** A row that is put beside earlier ones. */
export interface ComparedRow {
  readonly startMs: number;
  readonly group: string;
  /** One a measure. */
  readonly values: readonly ResultValue[];
}

/** Earlier windows of a metric, as far as they are whole. */
export interface EarlierWindows {
  /**
   * The group's final values in the window that starts then, one a measure; null: the window has all its results, and none of the
   * group; undefined: the window may get more, or is not to be had.
   */
  valuesIn(startMs: number, group: string): readonly ResultValue[] | null | undefined;
}

/** Those of the view. */
export function windowsOfView(rows: MetricRows): EarlierWindows {
  return {
    valuesIn: (startMs, group) => {
      const window = rows.finalWindow(startMs);
      return window === null ? undefined : finalIn(window, group);
    },
  };
}

/** The group's final values as far as a window is held, one a measure; null: it holds none. */
export function finalIn(window: WindowRows, group: string): readonly ResultValue[] | null {
  const slot = window.slotOf(group);
  if (slot === undefined || !window.isFinal(slot)) return null;
  return JSON.parse(window.payload(slot)) as ResultValue[];
}

/** About what a change and its percentage take in an answer, beside the name of their measure. */
const CHANGE_BYTES = 48;

/**
 * What a row's numbers have changed by since earlier windows of its metric. Computed from rows that are final when it is asked
 * for: once a change is told it stays what it is, as long as the row and the earlier window are kept.
 */
export class Comparisons {
  private readonly windows: readonly ComparedWindow[];
  private readonly measures: readonly Compared[];

  constructor(metric: MetricDefinition, moneyExponent: number, types: readonly ValueType[]) {
    this.windows = metric.compare ?? [];
    this.measures = metric.measures.flatMap((measure, index) => {
      const comparable = comparableType(measure);
      const type = types[index];
      if (comparable === null || type === undefined) return [];
      const isAbsent = Number.isNaN(absentValue(measure, metric.having !== null));
      const zero = comparable === 'money' ? (0).toFixed(moneyExponent) : 0;
      return [{ index, type, absent: isAbsent ? null : zero }];
    });
  }

  /** About how many bytes all comparisons of a row take in an answer. */
  get bytes(): number {
    const names = this.measures.reduce((sum, { type }) => sum + 2 * type.name.length + CHANGE_BYTES, 0);
    return this.windows.length * names;
  }

  /** How much earlier than a row's window others begin that it is compared with. */
  get lagsMs(): readonly number[] {
    return this.windows.map(({ lagMs }) => lagMs);
  }

  of({ startMs: rowStartMs, group, values }: ComparedRow, earlier: EarlierWindows): ComparisonMessage[] {
    return this.windows.map(({ name, lagMs }) => {
      const startMs = rowStartMs - lagMs;
      const found = earlier.valuesIn(startMs, group);
      const before = found === null ? this.absentValues() : found;
      const pairs = this.measures.map((measure) => {
        const change = changeOf(values[measure.index] ?? null, before?.[measure.index] ?? null, measure.type);
        return { name: measure.type.name, ...change };
      });
      return {
        with: name,
        start: toTimestamp(startMs),
        change: Object.fromEntries(pairs.map((pair) => [pair.name, pair.change])),
        percent: Object.fromEntries(pairs.map((pair) => [pair.name, pair.percent])),
      };
    });
  }

  /** Those of a group that is not there. */
  private absentValues(): readonly ResultValue[] {
    const values: ResultValue[] = [];
    for (const { index, absent } of this.measures) values[index] = absent;
    return values;
  }
}

function changeOf(now: ResultValue, before: ResultValue, { kind }: ValueType) {
  const nothing: ValueMessage = {};
  if (!isNumber(now) || !isNumber(before)) return { change: nothing, percent: nothing };
  const difference = kind === 'decimal' ? subtracted(String(now), String(before)) : Number(now) - Number(before);
  const percent = percentChange(unitsOf(now), unitsOf(before));
  return {
    change: toMessage(difference, { kind, items: null }),
    percent: toMessage(Number.isFinite(percent) ? percent : null, { kind: 'number', items: null }),
  };
}

/** Not null, and of a measure that can be compared: a number, or an amount as text. */
function isNumber(value: ResultValue): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** A number, or the smallest units of an amount: both of a pair have equally many digits behind the point. */
function unitsOf(value: string | number): number {
  return typeof value === 'string' ? Number(value.replace('.', '')) : Number(value);
}

/** a − b of decimal texts with equally many digits behind the point, exactly. */
function subtracted(a: string, b: string): string {
  const digits = a.includes('.') ? a.length - a.indexOf('.') - 1 : 0;
  const units = BigInt(a.replace('.', '')) - BigInt(b.replace('.', ''));
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const sign = units < 0n ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
