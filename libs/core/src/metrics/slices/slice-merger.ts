import type { CollectedItems } from '../measures/collected';
import type { EdgeValues } from '../measures/edge-values';
import type { MetricPlan, SumPart } from '../plan/metric-plan';
import { mergeMoments } from '../measures/moments';
import type { Slice } from './slice';
import type { Tallies } from '../measures/tallies';
import type { TopTable } from '../measures/top-table';
import type { WindowValues } from '../results/window-values';

/**
 * Puts together from the slices of a window what cannot be subtracted: smallest and largest values, sums of doubles,
 * moments, first and last values, lists, sketches and amounts. Slices are merged oldest first, so that a sum of doubles is always the same one.
 */
export class SliceMerger {
  /** Is there anything to merge? */
  readonly isNeeded: boolean;
  private readonly inexact: readonly SumPart[];

  constructor(private readonly plan: MetricPlan) {
    this.inexact = plan.sums.filter(({ exact }) => !exact);
    this.isNeeded =
      this.inexact.length +
        plan.extremes.length +
        plan.moments.length +
        plan.edges.length +
        plan.collects.length +
        plan.sketches.length +
        plan.tops.length >
      0;
  }

  /** Merges an entry of a slice into a row of the window's values. */
  merge(values: WindowValues, row: number, slice: Slice, entry: number): void {
    const { plan } = this;
    const { numbers } = values;
    const to = row * plan.windowWidth;
    const from = entry * plan.width;
    for (const { at } of this.inexact) {
      const sum = (numbers[to + at] as number) + (slice.cells[from + at] as number);
      numbers[to + at] = Number.isFinite(sum) ? sum : NaN;
    }
    for (const { kind, at } of plan.extremes) {
      numbers[to + at] = extremeOf(kind, numbers[to + at] as number, slice.cells[from + at] as number);
    }
    for (const { at } of plan.moments) mergeMoments(numbers, to + at, slice.cells, from + at);
    for (const part of plan.edges) {
      values.mergeEdge(row, part, slice.cells, from + part.at, slice.edges[part.edge] as EdgeValues, entry);
    }
    for (const { list } of plan.collects) {
      values.gather(row, list, slice.collected[list] as CollectedItems, entry);
    }
    for (const { sketch } of plan.sketches) values.sketched.add(row, sketch, slice.sketches[sketch] as Tallies, entry);
    for (const { top } of plan.tops) values.tops.add(row, top, slice.tops[top] as TopTable, entry);
  }
}

/** The smaller or larger of two values; NaN is none. */
export function extremeOf(kind: 'min' | 'max', a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return kind === 'min' ? Math.min(a, b) : Math.max(a, b);
}
