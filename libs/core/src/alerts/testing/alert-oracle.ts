import type { Row } from '../../metrics/testing/evaluate-row';
import { evaluateRow } from '../../metrics/testing/evaluate-row';
import type { AlertDefinition, HistoryValue, HoppingMetric } from '../../metrics/definition';

/** A final as a plain row: its measures by name. */
export interface PlainFinal {
  readonly startMs: number;
  readonly group: string;
  readonly row: Readonly<Record<string, number | null>>;
}

export interface PlainChange {
  readonly kind: 'opened' | 'resolved';
  readonly group: string;
  readonly sinceMs: number;
  readonly openedMs: number;
  readonly startMs: number;
}

/**
 * What the finals of a metric alert of, window by window from the first that has results on, for each group by itself. Slow
 * and obvious: it looks through all finals for each question.
 */
export function plainAlerts(
  { window, having, measures }: HoppingMetric,
  { when, history, forWindows }: AlertDefinition,
  finals: readonly PlainFinal[],
  closedUntilMs: number,
): PlainChange[] {
  const rowOf = (startMs: number, group: string): PlainFinal['row'] | undefined =>
    finals.find((final) => final.startMs === startMs && final.group === group)?.row;

  const earlierValue = (measure: string, startMs: number, group: string): number | null => {
    if (!finals.some((final) => final.startMs === startMs)) return null;
    const row = rowOf(startMs, group);
    if (row) return row[measure] ?? null;
    const kind = measures.find(({ name }) => name === measure)?.kind ?? '';
    const isNothing = ['count', 'sum', 'rate', 'distinct', 'approx_distinct'].includes(kind);
    return having === null && isNothing ? 0 : null;
  };

  const valueOf = (value: HistoryValue, startMs: number, group: string): number | null => {
    const now = rowOf(startMs, group)?.[value.measure] ?? null;
    const earlier = [];
    for (let i = 1; i <= value.count; i += 1) {
      earlier.push(earlierValue(value.measure, startMs - i * value.lagMs, group));
    }
    if (now === null) return null;
    const [before = null] = earlier;
    if (value.kind === 'change') return before === null ? null : now - before;
    if (value.kind === 'change_percent') {
      return before === null || before === 0 ? null : (100 * (now - before)) / Math.abs(before);
    }
    const known = earlier.filter((number) => number !== null);
    if (known.length < 3 || 2 * known.length < earlier.length) return null;
    const usual = middle(known);
    const deviation = middle(known.map((number) => Math.abs(number - usual)));
    return deviation === 0 ? null : (now - usual) / (1.4826 * deviation);
  };

  const holds = (startMs: number, group: string): boolean => {
    const row = rowOf(startMs, group);
    if (!row) return false;
    const past = history.map((value) => [value.name, valueOf(value, startMs, group)] as const);
    const all: Row = { ...row, ...Object.fromEntries(past) };
    return evaluateRow(when, all) === true;
  };

  const starts = finals.map(({ startMs }) => startMs);
  const changes: PlainChange[] = [];
  for (const group of new Set(finals.map((final) => final.group))) {
    let run: number[] = [];
    let open: { sinceMs: number; openedMs: number } | null = null;
    for (let startMs = Math.min(...starts); startMs + window.sizeMs <= closedUntilMs; startMs += window.hopMs) {
      if (holds(startMs, group)) {
        run.push(startMs);
        if (run.length !== forWindows) continue;
        open = { sinceMs: run[0] as number, openedMs: startMs };
        changes.push({ kind: 'opened', group, ...open, startMs });
      } else {
        if (open) changes.push({ kind: 'resolved', group, ...open, startMs });
        run = [];
        open = null;
      }
    }
  }
  return changes;
}

function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(half)] as number;
  return ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}
