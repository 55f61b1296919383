import { toTimestamp, type MetricMessage } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { compareMetrics, type DiffSummary, type GroupDifference, type WindowRows } from '../diff/compare-metrics';
import { parseInstant, parseShare, wholeNumber } from '../options/parse-options';
import { spanText, windowSpan, type WindowSpan } from '../options/window-range';
import { Progress } from '../progress';
import { cellText } from '../query/print-rows';
import type { QueryClient } from '../query/query-client';
import { metricNamed, withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import { toRow, type ResultRow } from '../query/result-row';
import { windowTextOf } from '../query/window-text';
import { table } from '../table';

interface DiffOptions extends QueryOptions {
  readonly from?: number;
  readonly to?: number;
  readonly tolerance: number;
  readonly limit: number;
  readonly json?: boolean;
}

const PAGE_ROWS = 5_000;
/** Something differs: another code than for what has kept the comparison from being made. */
const DIFFERS = 3;

/** `till diff`: two metrics side by side. */
export const registerDiff: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('diff <a> <b>'))
    .description('compare the finals of two metrics window by window and group by group')
    .option('--from <time>', 'windows that begin at or after', parseInstant)
    .option('--to <time>', 'windows that begin before', parseInstant)
    .option(
      '--tolerance <share>',
      'numbers that differ by no more than this are equal, as 0.5% or 0.005',
      parseShare,
      0,
    )
    .option('--limit <n>', 'show so many differences', wholeNumber(0), 20)
    .option('--json', 'one JSON object a line for each group that differs, then one with the summary')
    .addHelpText(
      'after',
      `
A metric is named as in the stream file, or with its definition: revenue_by_category@7c8b30fd. Measures are compared
that both have; windows and groups are those of equal start and equal values.

Exit code: 0 equal, 3 something differs, 1 they could not be compared.`,
    )
    .action((a: string, b: string, options: DiffOptions) =>
      withQueryClient(options, context, (client) => diff(client, [a, b], options, context)),
    );
};

async function diff(
  client: QueryClient,
  [nameOfA, nameOfB]: readonly [string, string],
  options: DiffOptions,
  context: CliContext,
): Promise<void> {
  const a = await metricNamed(client, options.stream, nameOfA);
  const b = await metricNamed(client, options.stream, nameOfB);
  const measures = a.measures.map(({ name }) => name).filter((name) => b.measures.some((other) => other.name === name));
  if (measures.length === 0) throw new CliError(`${nameOfA} and ${nameOfB} have no measure of the same name`);
  const span = windowSpan(options);
  const progress = new Progress(context, systemClock);
  let rows = 0;
  const read = (metric: MetricMessage): AsyncGenerator<WindowRows> =>
    windowsOf(client, metric, span, (count) => {
      context.signal.throwIfAborted();
      rows += count;
      progress.show(() => `compared ${rows.toLocaleString('en')} results`);
    });
  const comparison = compareMetrics(read(a), read(b), measures, options.tolerance);
  const shown: GroupDifference[] = [];
  let next = await comparison.next();
  for (; next.done !== true; next = await comparison.next()) {
    if (options.json) context.write(`${JSON.stringify(next.value)}\n`);
    else if (shown.length < options.limit) shown.push(next.value);
  }
  const summary = next.value;
  progress.end(
    `${identityOf(a)} (a) and ${identityOf(b)} (b), ${spanText(span)}: ${rows.toLocaleString('en')} results`,
  );
  if (options.json) context.write(`${JSON.stringify(plain(summary))}\n`);
  else context.write(`${notes(a, b, measures)}${summaryTable(summary)}${differenceTable(shown, summary)}`);
  const differing = summary.different + summary.onlyA + summary.onlyB;
  if (differing > 0) {
    throw new CliError(`${differing.toLocaleString('en')} groups of windows are not the same in both`, null, DIFFERS);
  }
  if (!options.json) context.write(`All ${summary.equal.toLocaleString('en')} groups of windows are equal.\n`);
}

/** All finals of a metric, a window at a time. */
async function* windowsOf(
  client: QueryClient,
  metric: MetricMessage,
  { fromMs, toMs }: WindowSpan,
  onRows: (count: number) => void,
): AsyncGenerator<WindowRows> {
  const request = {
    stream: metric.stream,
    metric: identityOf(metric),
    from: fromMs === -Infinity ? null : toTimestamp(fromMs),
    to: toMs === Infinity ? null : toTimestamp(toMs),
    finalOnly: true,
    pageSize: PAGE_ROWS,
  };
  let start = '';
  let rows: ResultRow[] = [];
  let pageToken = '';
  do {
    const page = await client.listWindows({ ...request, pageToken });
    for (const row of page.windows.map(toRow)) {
      if (row.window_start !== start && rows.length > 0) {
        yield { start, rows };
        rows = [];
      }
      start = row.window_start;
      rows.push(row);
    }
    onRows(page.windows.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  if (rows.length > 0) yield { start, rows };
}

const identityOf = ({ name, definition }: MetricMessage): string => `${name}@${definition}`;

/** What to know about the two before reading on. */
function notes(a: MetricMessage, b: MetricMessage, measures: readonly string[]): string {
  const lines: string[] = [];
  const windows = [a, b].map(windowTextOf);
  if (windows[0] !== windows[1]) lines.push(`Their windows differ: ${windows[0]} and ${windows[1]}.`);
  if (a.groupBy.join() !== b.groupBy.join())
    lines.push(`Their groups differ: ${a.groupBy.join(', ')} and ${b.groupBy.join(', ')}.`);
  const alone = [a, b].flatMap(({ measures: all }) =>
    all.map(({ name }) => name).filter((name) => !measures.includes(name)),
  );
  if (alone.length > 0) lines.push(`Only one of them has ${alone.join(', ')}: not compared.`);
  return lines.map((line) => `${line}\n`).join('');
}

function summaryTable({ windows, equal, different, onlyA, onlyB, measures }: DiffSummary): string {
  const head = table(
    ['windows', 'groups equal', 'different', 'only in a', 'only in b'],
    [[windows, equal, different, onlyA, onlyB]],
  );
  const differing = [...measures].filter(([, summary]) => summary.different > 0);
  if (differing.length === 0) return head;
  const rows = differing.map(([name, summary]) => [
    name,
    summary.different,
    cellText(summary.largest),
    `${summary.largestPercent.toFixed(2)} %`,
  ]);
  return `${head}\n${table(['measure', 'different', 'largest difference', 'largest share'], rows)}`;
}

function differenceTable(shown: readonly GroupDifference[], { different, onlyA, onlyB }: DiffSummary): string {
  if (shown.length === 0) return '';
  const rows = shown.flatMap(({ window_start, group, only, measures }) => {
    const which = [window_start, groupText(group)];
    if (only !== null)
      return [[...which, '', only === 'a' ? 'only in a' : '–', only === 'b' ? 'only in b' : '–', '', '']];
    return Object.entries(measures).map(([name, { a, b, absolute, percent }]) => [
      ...which,
      name,
      cellText(a),
      cellText(b),
      absolute ?? '',
      percent === null ? '' : `${percent.toFixed(2)} %`,
    ]);
  });
  const hidden = different + onlyA + onlyB - shown.length;
  const more = hidden > 0 ? `… ${hidden.toLocaleString('en')} more; --limit shows more, --json all.\n` : '';
  return `\n${table(['window', 'group', 'measure', 'a', 'b', 'b − a', 'share'], rows)}${more}`;
}

function groupText(group: ResultRow['group']): string {
  return Object.entries(group)
    .map(([name, value]) => `${name}=${cellText(value)}`)
    .join(', ');
}

function plain({ measures, ...summary }: DiffSummary): object {
  return { summary: { ...summary, measures: Object.fromEntries(measures) } };
}
