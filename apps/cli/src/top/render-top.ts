import type { CliContext } from '../cli-context';
import { cellText } from '../query/print-rows';
import type { PlainValue, ResultRow } from '../query/result-row';
import { table } from '../table';
import { sumOf, type ShownWindow, type WatchedMetric } from './watched-metric';

/** What the services say of themselves; null: not known. */
export interface Vitals {
  readonly nowMs: number;
  readonly eventsPerSecond: number | null;
  readonly accepted: number | null;
  readonly rejected: number | null;
  /** Records that are still to be processed, over all services asked. */
  readonly lag: number | null;
  /** Names of services that do not answer. */
  readonly away: readonly string[];
}

const GROUPS_SHOWN = 5;

/**
 * The view as a page for a terminal: a headline, then a block for each metric, as many as have room; the names of the others
 * stand below. Lines are cut to the width.
 */
export function renderPage(
  stream: string,
  vitals: Vitals,
  metrics: readonly WatchedMetric[],
  size: Pick<CliContext, 'columns' | 'lines'>,
): string[] {
  const lines = [`Tillstream · ${stream} · ${clockText(vitals.nowMs)} · ${vitalsText(vitals)}`];
  const blocks = metrics.map((metric) => ['', ...blockOf(metric)]);
  // The last line of the terminal is the cursor's, and two more tell of what has no room.
  const room = (isLast: boolean): number => size.lines - 1 - (isLast ? 0 : 2) - lines.length;
  let shown = 0;
  for (; shown < blocks.length; shown += 1) {
    const block = blocks[shown] ?? [];
    if (shown > 0 && block.length > room(shown === blocks.length - 1)) break;
    lines.push(...block);
  }
  const others = metrics.slice(shown).map(({ metric }) => metric.name);
  if (others.length > 0) lines.push('', `${others.length} more (--metric NAME): ${others.join(', ')}`);
  return lines.map((line) => (line.length < size.columns ? line : `${line.slice(0, size.columns - 2)}…`));
}

/** The view as one line, for logs. */
export function renderLine(vitals: Vitals, metrics: readonly WatchedMetric[]): string {
  return [clockText(vitals.nowMs), vitalsText(vitals), ...metrics.map(summaryOf)].join('  |  ');
}

function vitalsText({ eventsPerSecond, accepted, rejected, lag, away }: Vitals): string {
  const parts = [
    `${eventsPerSecond === null ? '–' : count(Math.round(eventsPerSecond))} events/s`,
    `${accepted === null ? '–' : count(accepted)} accepted`,
    ...(rejected ? [`${count(rejected)} rejected`] : []),
    `lag ${lag === null ? '–' : count(lag)}`,
    ...(away.length > 0 ? [`no answer from ${away.join(', ')}`] : []),
  ];
  return parts.join(' · ');
}

function blockOf(watched: WatchedMetric): string[] {
  const { metric } = watched;
  const shown = watched.shown();
  const title = [metric.name, ...(shown ? [windowText(shown)] : ['no results yet']), ...notes(watched)].join(' · ');
  if (!shown) return [title];
  const measures = metric.measures.map(({ name }) => name);
  if (metric.groupBy.length === 0) {
    return [title, ...measureLines(measures, shown.rows[0]!)];
  }
  const rows = shown.rows
    .slice(0, GROUPS_SHOWN)
    .map(({ group, measures: values }) => [
      ...metric.groupBy.map((name) => cellText(group[name] ?? null)),
      ...measures.map((name) => cellText(values[name] ?? null)),
    ]);
  const lines = table([...metric.groupBy, ...measures], rows)
    .trimEnd()
    .split('\n');
  return [`${title} · ${totalText(watched, shown)}`, ...lines.map((line) => `  ${line}`)];
}

/** What has one value on one line, each list on one of its own. */
function measureLines(names: readonly string[], { measures }: ResultRow): string[] {
  const texts = names.map((name) => ({
    isList: Array.isArray(measures[name]),
    text: `${name} ${cellText(measures[name] ?? null, Infinity)}`,
  }));
  const single = texts.filter(({ isList }) => !isList).map(({ text }) => text);
  const lists = texts.filter(({ isList }) => isList).map(({ text }) => text);
  return [...(single.length > 0 ? [single.join(' · ')] : []), ...lists].map((line) => `  ${line}`);
}

function summaryOf(watched: WatchedMetric): string {
  const { metric } = watched;
  const shown = watched.shown();
  if (!shown) return `${metric.name}: no results yet`;
  if (metric.groupBy.length > 0) {
    return `${metric.name} ${timeText(shown.startMs)}: ${totalText(watched, shown)}`;
  }
  const values = metric.measures.map(({ name }) => `${name} ${cellText(shown.rows[0]!.measures[name] ?? null)}`);
  return `${metric.name} ${timeText(shown.startMs)}: ${values.join(', ')}`;
}

/** How many groups, and what they add up to where the first measure can be added. */
function totalText({ metric }: WatchedMetric, { rows }: ShownWindow): string {
  const first = metric.measures[0];
  const groups = `${count(rows.length)} ${rows.length === 1 ? 'group' : 'groups'}`;
  if (first === undefined || (first.kind !== 'sum' && first.kind !== 'count')) return groups;
  const total: PlainValue = sumOf(rows.map(({ measures }) => measures[first.name] ?? null));
  return total === null ? groups : `${groups}, ${first.name} ${cellText(total)}`;
}

function notes({ lateRows, lost }: WatchedMetric): string[] {
  return [...(lateRows > 0 ? [`${count(lateRows)} late`] : []), ...(lost ? ['connection lost, trying again'] : [])];
}

function windowText({ startMs, endMs, final }: ShownWindow): string {
  return `${timeText(startMs)} to ${timeText(endMs)} · ${final ? 'final' : 'provisional'}`;
}

/** Event time, UTC: with its date, unless that is today. */
function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

const clockText = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 19);

const count = (value: number): string => value.toLocaleString('en-US');
