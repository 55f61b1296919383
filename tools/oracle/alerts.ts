import type { ExpectedOutcome, ExpectedRow, PlainMetric } from './raw-oracle';

/** Something that must have been told of an alert; windows by their start, ISO 8601. */
export interface ExpectedAlert {
  readonly kind: 'opened' | 'resolved';
  readonly metric: string;
  /** JSON text. */
  readonly group: string;
  /** The first window in a row. */
  readonly since: string;
  /** The one that has made the row long enough. */
  readonly opened: string;
  /** The one that did what is told. */
  readonly window: string;
  /** Of the final of that window; null: it has none. */
  readonly measures: ExpectedRow['measures'] | null;
}

/**
 * What a metric's finals must have alerted of: for each group by itself, one window after the other, from the first that has
 * results to the last that all partitions have closed.
 */
export function expectedAlerts(name: string, metric: PlainMetric, outcome: ExpectedOutcome): ExpectedAlert[] {
  const { alert } = metric;
  if (!alert || !('hopMs' in metric)) return [];
  const { hopMs, sizeMs } = metric;
  const finals = outcome.finals.filter((final) => final.metric === name);
  const finalOf = new Map(finals.map((final) => [`${final.windowStart} ${JSON.stringify(final.group)}`, final]));
  const told = new Set(finals.map(({ windowStart }) => windowStart));
  const closedMs = outcome.progress[name]?.allPartitionsMs ?? -Infinity;
  const firstMs = Math.min(...finals.map(({ windowStart }) => Date.parse(windowStart)));

  const alerts: ExpectedAlert[] = [];
  for (const group of new Set(finals.map((final) => JSON.stringify(final.group)))) {
    let row: string[] = [];
    for (let startMs = firstMs; startMs + sizeMs <= closedMs; startMs += hopMs) {
      const window = iso(startMs);
      const final = finalOf.get(`${window} ${group}`);
      const past = (lagMs: number): ExpectedRow['measures'] | null | undefined => {
        const earlier = iso(startMs - lagMs);
        return told.has(earlier) ? (finalOf.get(`${earlier} ${group}`)?.measures ?? null) : undefined;
      };
      const holds = final !== undefined && alert.holds(final.measures, past);
      const before = row;
      row = holds ? [...row, window] : [];
      const [since = window] = holds ? row : before;
      const opened = (holds ? row : before)[alert.forWindows - 1];
      if (opened === undefined || (holds && row.length > alert.forWindows)) continue;
      const measures = final?.measures ?? null;
      alerts.push({ kind: holds ? 'opened' : 'resolved', metric: name, group, since, opened, window, measures });
    }
  }
  return alerts;
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
