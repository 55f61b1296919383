import type { ResultRow } from '../query/result-row';
import type { ValueDifference } from './compare-values';
import { compareValues } from './compare-values';

/** Rows of one window. */
export interface WindowRows {
  readonly start: string;
  readonly rows: readonly ResultRow[];
}

/** What became of one group of one window. */
export interface GroupDifference {
  readonly window_start: string;
  readonly group: ResultRow['group'];
  readonly only: 'a' | 'b' | null;
  /** By measure, those that differ. */
  readonly measures: Readonly<Record<string, ValueDifference>>;
}

export interface MeasureSummary {
  readonly different: number;
  /** Of the numbers among them: the largest |b − a| and the largest percentage. */
  readonly largest: number;
  readonly largestPercent: number;
}

export interface DiffSummary {
  readonly windows: number;
  readonly equal: number;
  readonly different: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly measures: ReadonlyMap<string, MeasureSummary>;
}

/**
 * Compares two metrics window by window and group by group. Both come by window start; of each no more than one window
 * is held.
 *
 * @param measures that both have
 * @returns after all differences have been yielded, the summary
 */
export async function* compareMetrics(
  a: AsyncIterable<WindowRows>,
  b: AsyncIterable<WindowRows>,
  measures: readonly string[],
  tolerance: number,
): AsyncGenerator<GroupDifference, DiffSummary> {
  const found = { windows: 0, equal: 0, different: 0, onlyA: 0, onlyB: 0 };
  const byMeasure = new Map(measures.map((name) => [name, { different: 0, largest: 0, largestPercent: 0 }]));
  for await (const [left, right] of inStep(a, b)) {
    found.windows += 1;
    for (const difference of compareWindow(left, right, measures, tolerance)) {
      if (difference === null) {
        found.equal += 1;
        continue;
      }
      if (difference.only === 'a') found.onlyA += 1;
      else if (difference.only === 'b') found.onlyB += 1;
      else found.different += 1;
      for (const [name, { absolute, percent }] of Object.entries(difference.measures)) {
        const summary = byMeasure.get(name);
        if (!summary) continue;
        summary.different += 1;
        summary.largest = Math.max(summary.largest, Math.abs(Number(absolute ?? 0)));
        summary.largestPercent = Math.max(summary.largestPercent, Math.abs(percent ?? 0));
      }
      yield difference;
    }
  }
  return { ...found, measures: byMeasure };
}

/** One group after the other; null for an equal one. */
function* compareWindow(
  left: WindowRows | null,
  right: WindowRows | null,
  measures: readonly string[],
  tolerance: number,
): Generator<GroupDifference | null> {
  const start = (left ?? right)?.start ?? '';
  const others = new Map((right?.rows ?? []).map((row) => [JSON.stringify(row.group), row]));
  for (const row of left?.rows ?? []) {
    const name = JSON.stringify(row.group);
    const other = others.get(name);
    others.delete(name);
    if (!other) {
      yield { window_start: start, group: row.group, only: 'a', measures: {} };
      continue;
    }
    const differing = measures.flatMap((measure) => {
      const values = compareValues(row.measures[measure] ?? null, other.measures[measure] ?? null, tolerance);
      return values === null ? [] : [[measure, values] as const];
    });
    yield differing.length === 0
      ? null
      : { window_start: start, group: row.group, only: null, measures: Object.fromEntries(differing) };
  }
  for (const row of others.values()) yield { window_start: start, group: row.group, only: 'b', measures: {} };
}

/** The windows of both by start: those that both have together. */
async function* inStep(
  a: AsyncIterable<WindowRows>,
  b: AsyncIterable<WindowRows>,
): AsyncGenerator<readonly [WindowRows | null, WindowRows | null], void> {
  const [left, right] = [a[Symbol.asyncIterator](), b[Symbol.asyncIterator]()];
  let [x, y] = await Promise.all([left.next(), right.next()]);
  while (x.done !== true || y.done !== true) {
    const [p, q] = [x.done === true ? null : x.value, y.done === true ? null : y.value];
    const takesLeft = p !== null && (q === null || p.start <= q.start);
    const takesRight = q !== null && (p === null || q.start <= p.start);
    yield [takesLeft ? p : null, takesRight ? q : null];
    if (takesLeft) x = await left.next();
    if (takesRight) y = await right.next();
  }
}
