import type { Column } from '../batch/event-batch';
import type { Columns, Condition } from '../expression/columns';
import { compileCondition } from '../expression/compile-expression';
import { absentValue, percentChange } from '../history/comparable';
import { robustZ } from '../history/robust-z';
import type { AlertDefinition, HistoryValue, Measure, MetricDefinition } from '../metrics/definition';

/** The finals of one window: the numbers of each group, one a measure of the metric, NaN for null and for no number. */
export type WindowNumbers = ReadonlyMap<string, readonly number[]>;

/** A group of a window with what was made of its history. */
export interface JudgedGroup {
  readonly group: string;
  readonly holds: boolean;
  /** One a history value of the alert; NaN for null. */
  readonly history: readonly number[];
}

/** Which groups of a window satisfy an alert's condition, looked at together with earlier windows. */
export class AlertJudge {
  /** A window says nothing any more to one that begins so much later. */
  readonly reachMs: number;
  private readonly condition: Condition;
  private readonly measures: ReadonlyMap<string, { readonly index: number; readonly measure: Measure }>;
  private readonly history: readonly HistoryValue[];

  constructor(
    private readonly metric: MetricDefinition,
    { when, history }: AlertDefinition,
  ) {
    this.condition = compileCondition(when);
    this.history = history;
    this.measures = new Map(metric.measures.map((measure, index) => [measure.name, { index, measure }]));
    this.reachMs = Math.max(0, ...history.map(({ lagMs, count }) => lagMs * count));
  }

  /** @param windowAt the finals of a window, by its start; undefined or empty: nothing was told of it */
  judge(startMs: number, windowAt: (startMs: number) => WindowNumbers | undefined): JudgedGroup[] {
    const window = windowAt(startMs) ?? new Map<string, readonly number[]>();
    const groups = [...window.keys()];
    const numbers = [...window.values()];
    const past = this.history.map((value) =>
      Float64Array.from(groups, (group, row) => this.historyOf(value, group, numbers[row] ?? [], startMs, windowAt)),
    );
    const columns = new AlertColumns(groups.length, (name) => {
      const at = this.history.findIndex((value) => value.name === name);
      if (at >= 0) return past[at] as Float64Array;
      const { index } = this.measureNamed(name);
      return Float64Array.from(numbers, (row) => row[index] ?? NaN);
    });
    const held = this.condition(columns);
    return groups.map((group, row) => ({
      group,
      holds: held[row] === 1,
      history: past.map((values) => values[row] as number),
    }));
  }

  private historyOf(
    { kind, measure: name, lagMs, count }: HistoryValue,
    group: string,
    numbers: readonly number[],
    startMs: number,
    windowAt: (startMs: number) => WindowNumbers | undefined,
  ): number {
    const { index, measure } = this.measureNamed(name);
    const absent = absentValue(measure, this.metric.having !== null);
    const now = numbers[index] ?? NaN;
    const earlier = Array.from({ length: count }, (_, i) => {
      const window = windowAt(startMs - (i + 1) * lagMs);
      if (window === undefined || window.size === 0) return NaN;
      const before = window.get(group);
      return before === undefined ? absent : (before[index] ?? NaN);
    });
    if (kind === 'robust_z') return robustZ(now, earlier);
    const before = earlier[0] ?? NaN;
    return kind === 'change' ? now - before : percentChange(now, before);
  }

  private measureNamed(name: string): { readonly index: number; readonly measure: Measure } {
    const found = this.measures.get(name);
    if (!found) throw new RangeError(`metric ${this.metric.name} has no measure ${name}`);
    return found;
  }
}

/** The numbers of all groups of a window as columns. */
class AlertColumns implements Columns {
  constructor(
    readonly rows: number,
    private readonly numbersOf: (name: string) => Float64Array,
  ) {}

  column(name: string): Column {
    return { kind: 'number', values: this.numbersOf(name) };
  }
}
