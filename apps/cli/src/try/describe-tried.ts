import type { ResultValue } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { instant } from '../options/window-range';
import { cellText } from '../query/print-rows';
import { windowText } from '../query/window-text';
import { table } from '../table';
import type { TriedResult, TriedRows } from './try-metrics';

/** The newest results of each metric, and how many there were. */
export class TriedResults {
  private readonly byMetric = new Map<
    string,
    { windows: Set<number>; final: number; open: number; newest: TriedResult[] }
  >();

  constructor(
    private readonly metrics: readonly MetricDefinition[],
    /** How many results of a metric are shown. */
    private readonly shown: number,
  ) {
    for (const { name } of metrics) this.byMetric.set(name, { windows: new Set(), final: 0, open: 0, newest: [] });
  }

  note(result: TriedResult): void {
    const found = this.byMetric.get(result.metric);
    if (!found) return;
    found.windows.add(result.startMs);
    if (result.final) found.final += 1;
    else found.open += 1;
    found.newest.push(result);
    if (found.newest.length > 2 * this.shown) found.newest = this.newestOf(found.newest);
  }

  /** A table of all metrics, then one of each with its newest results. */
  describe({ late }: TriedRows): string {
    const rows = this.metrics.map(({ name, window }) => {
      const { windows, final, open } = this.byMetric.get(name) ?? { windows: new Set(), final: 0, open: 0 };
      return [name, windowText(window), windows.size, final, open, late.get(name) ?? 0];
    });
    const summary = table(['metric', 'window', 'windows', 'final', 'still open', 'late rows'], rows);
    return [summary, ...this.metrics.flatMap((metric) => this.tableOf(metric))].join('\n');
  }

  private tableOf({ name, groupBy, measures }: MetricDefinition): string[] {
    const newest = this.newestOf(this.byMetric.get(name)?.newest ?? []);
    if (newest.length === 0) return [];
    const header = ['window', ...groupBy, ...measures.map((measure) => measure.name), ''];
    const rows = newest.map(({ startMs, group, measures: values, final }) => [
      instant(startMs),
      ...groupBy.map((field) => cell(group[field])),
      ...measures.map((measure) => cell(values[measure.name])),
      final ? '' : 'open',
    ]);
    return [`${name}, the newest:\n${table(header, rows)}`];
  }

  private newestOf(results: readonly TriedResult[]): TriedResult[] {
    return [...results].sort((a, b) => b.startMs - a.startMs).slice(0, this.shown);
  }
}

const cell = (value: ResultValue | undefined): string | number => {
  const plain = value ?? null;
  return typeof plain === 'number' && Number.isInteger(plain) ? plain : cellText(plain);
};
