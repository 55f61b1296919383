import type { DurationCounts, LatenessSurvey, MetricLateness } from '@tillstream/engine';
import { Punctuality, diagnose, type Diagnosis } from '@tillstream/engine';
import { formatDuration } from '@tillstream/contracts';
import { table } from '../table';

/** How many sources are shown, those with most late rows first. */
const SHOWN_SOURCES = 15;
const DAY_MS = 86_400_000;

/** By metric: what was missed, and what would have caught it. */
export function metricTable(survey: LatenessSurvey, ledger: ReadonlyMap<string, number>): string {
  const rows = survey.metrics.map((lateness) => {
    const { metric, rows: taken, late, needed, byFastClocks } = lateness;
    return [
      metric.name,
      taken,
      late,
      percent(late, taken),
      ledger.get(metric.identity) ?? 0,
      durationText(metric.outOfOrdernessMs),
      ...[0.99, 0.999, 1].map((share) => boundFor(lateness, needed, share)),
      byFastClocks,
    ];
  });
  const header = [
    'metric',
    'rows',
    'late',
    'share',
    'in ledger',
    'bound now',
    'for 99 %',
    'for 99.9 %',
    'for all',
    'by fast clocks',
  ];
  return table(header, rows);
}

/** By partition and by source: when rows came, how far behind they were, and what is the matter. */
export function punctualityTables(survey: LatenessSurvey, sourceField: string | null): string {
  const all = total(survey);
  const boundMs = Math.min(...survey.metrics.map(({ metric }) => metric.outOfOrdernessMs));
  const line = (name: string, origin: Punctuality): (string | number)[] => [
    name,
    origin.rows,
    origin.late,
    ...spread(origin.delay),
    ...spread(origin.behind),
    sentence(diagnose(origin, all, boundMs), origin),
  ];
  const header = (name: string): string[] => [
    ...[name, 'rows', 'missed'],
    ...['delay 50 %', '99 %', 'most'],
    ...['behind 50 %', '99 %', 'most'],
    'what is the matter',
  ];
  const partitions = [...survey.partitions]
    .sort(([a], [b]) => a - b)
    .map(([partition, { punctuality }]) => line(String(partition), punctuality));
  const parts = [table(header('partition'), partitions)];
  if (sourceField !== null) {
    const byLateness = [...survey.sources].sort(([, a], [, b]) => b.late - a.late || b.rows - a.rows);
    const shown = byLateness.slice(0, SHOWN_SOURCES).map(([name, origin]) => line(name, origin));
    const hidden = byLateness.length - shown.length;
    parts.push(table(header(sourceField), shown), hidden > 0 ? `… ${hidden} more; --json gives all.\n` : '');
  }
  return parts.filter((text) => text !== '').join('\n');
}

/** What to do, in a few sentences. */
export function advice(survey: LatenessSurvey, sourceField: string | null): string {
  const late = survey.metrics.reduce((sum, metric) => sum + metric.late, 0);
  if (late === 0) return 'Nothing was late.\n';
  const lines: string[] = [];
  const all = total(survey);
  if ((all.delay.quantile(0.5) ?? 0) > DAY_MS) {
    lines.push(
      'Events are much older than their arrival, as in a replay: their delay says nothing, and `behind` says how far out of ' +
        'order they stand in the log.',
    );
  }
  for (const { metric, late: missed, needed } of survey.metrics) {
    if (missed === 0) continue;
    lines.push(
      `${metric.name}: outOfOrderness ${durationText(needed.quantile(0.99) ?? 0)} would have caught 99 % of its late rows, ` +
        `${durationText(needed.quantile(0.999) ?? 0)} 99.9 %; its windows would close that much later.`,
    );
  }
  const fast = survey.metrics.reduce((sum, metric) => sum + metric.byFastClocks, 0);
  if (fast > 0) lines.push(`${fast.toLocaleString('en')} were late only because clocks ahead had moved the watermark.`);
  if (sourceField === null) lines.push('No field says where a row comes from; --by FIELD groups by any of the stream.');
  return lines.map((line) => `${line}\n`).join('');
}

export function sentence({ cause, byMs }: Diagnosis, { ahead, rows }: Punctuality): string {
  switch (cause) {
    case 'in-time':
      return 'in time';
    case 'clock-ahead':
      return `clock ahead by ${durationText(byMs)} in ${percent(ahead.count, rows)} of its rows: it moves the watermark up`;
    case 'always-behind':
      return `behind by ${durationText(byMs)} all the time: a slow clock, or a constant delay`;
    case 'bursts':
      return `behind by up to ${durationText(byMs)} now and then: it sends what it has gathered`;
  }
}

/** Two units at most, rounded up: nobody sets a bound to the millisecond. */
export function durationText(ms: number): string {
  if (ms < 0) return `−${durationText(-ms)}`;
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  for (const [unitMs, unit, partMs] of UNITS) {
    if (ms < unitMs) continue;
    const rounded = Math.ceil(ms / partMs) * partMs;
    const whole = Math.floor(rounded / unitMs);
    const rest = rounded - whole * unitMs;
    return rest === 0 ? `${whole}${unit}` : `${whole}${unit} ${formatDuration(rest)}`;
  }
  return formatDuration(ms);
}

const UNITS: readonly (readonly [number, string, number])[] = [
  [86_400_000, 'd', 3_600_000],
  [3_600_000, 'h', 60_000],
  [60_000, 'm', 1_000],
  [1_000, 's', 1_000],
];

export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  return `${part > 0 && share < 0.01 ? '<0.01' : share.toFixed(2)} %`;
}

/** Everything that came, over all partitions. */
export function total(survey: LatenessSurvey): Punctuality {
  const all = new Punctuality();
  for (const { punctuality } of survey.partitions.values()) {
    all.rows += punctuality.rows;
    all.late += punctuality.late;
    all.delay.addAll(punctuality.delay);
    all.behind.addAll(punctuality.behind);
    all.ahead.addAll(punctuality.ahead);
  }
  return all;
}

function spread(counts: DurationCounts): string[] {
  return [0.5, 0.99, 1].map((share) => {
    const ms = counts.quantile(share);
    return ms === null ? '–' : durationText(ms);
  });
}

function boundFor({ late }: MetricLateness, needed: DurationCounts, share: number): string {
  return late === 0 ? '–' : durationText(needed.quantile(share) ?? 0);
}
