import {
  fromTimestamp,
  toTimestamp,
  type DurationMessage,
  type MeasureMessage,
  type MetricMessage,
} from '@tillstream/contracts';
import type { ListWindowsRequest, TimestampMessage, ValueMap } from '@tillstream/contracts';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseInstant, wholeNumber } from '../options/parse-options';
import { RowPrinter } from '../query/print-rows';
import type { QueryClient } from '../query/query-client';
import {
  addGroup,
  formatOf,
  metricNamed,
  withFormatOptions,
  withQueryClient,
  withQueryOptions,
  type FormatOptions,
  type QueryOptions,
} from '../query/query-options';
import { instantText } from '../query/result-row';
import { windowTextOf } from '../query/window-text';
import { table } from '../table';

interface WindowsOptions extends QueryOptions, FormatOptions {
  readonly from?: number;
  readonly to?: number;
  readonly last?: number;
  readonly all?: boolean;
  readonly group?: ValueMap;
  readonly final?: boolean;
}

interface TopOptions extends QueryOptions, FormatOptions {
  readonly by?: string;
  readonly limit: number;
  readonly window?: number;
}

const PAGE_ROWS = 5_000;
const DEFAULT_LAST = 10;

/** `till query`: what the metrics are, and what they say. */
export const registerQuery: RegisterCommand = (program, context) => {
  const query = program.command('query').description('ask for results: what the metrics are, and what they say');

  withQueryOptions(query.command('metrics'))
    .description('the metrics of a stream: windows, groups, measures, and since when they are complete')
    .option('--json', 'one JSON object a line')
    .action((options: QueryOptions & { readonly json?: boolean }) =>
      withQueryClient(options, context, (client) => printMetrics(client, options, context)),
    );

  withFormatOptions(withQueryOptions(query.command('windows <metric>')))
    .description('the windows of a metric, by start, then group')
    .option('--from <time>', 'windows that start at or after', parseInstant)
    .option('--to <time>', 'windows that start before', parseInstant)
    .option(
      '--last <n>',
      `the newest so many windows (default: ${DEFAULT_LAST} without --from and --to)`,
      wholeNumber(1),
    )
    .option('--all', 'every window that is kept')
    .option('--group <field=value>', 'only this group; may be given for several fields', addGroup)
    .option('--final', 'only what will never change again')
    .action((metric: string, options: WindowsOptions) =>
      withQueryClient(options, context, (client) => printWindows(client, metric, options, context)),
    );

  withFormatOptions(withQueryOptions(query.command('top <metric>')))
    .description('the groups of one window with the largest values of a measure')
    .option('--by <measure>', 'measure to order by (default: the first)')
    .option('--limit <n>', 'so many groups', wholeNumber(1), 10)
    .option('--window <time>', 'start of the window (default: the newest)', parseInstant)
    .action((metric: string, options: TopOptions) =>
      withQueryClient(options, context, (client) => printTop(client, metric, options, context)),
    );
};

async function printMetrics(
  client: QueryClient,
  { stream, json }: QueryOptions & { readonly json?: boolean },
  context: CliContext,
): Promise<void> {
  const { metrics } = await client.listMetrics({ stream, includeRetired: true });
  if (json) {
    for (const metric of metrics) context.write(`${JSON.stringify(described(metric))}\n`);
    return;
  }
  const rows = metrics.map((metric) => [
    metric.retired ? `${metric.name}@${metric.definition}` : metric.name,
    metric.from || 'events',
    windowTextOf(metric),
    metric.groupBy.join(', ') || '–',
    metric.measures.map(measureText).join(', '),
    instantText(metric.completeFrom) || 'the beginning',
    instantText(metric.newestWindow) || '–',
  ]);
  context.write(table(['metric', 'over', 'window', 'groups', 'measures', 'complete from', 'newest window'], rows));
}

function described(metric: MetricMessage): object {
  return {
    stream: metric.stream,
    metric: metric.name,
    definition: metric.definition,
    retired: metric.retired,
    ...(metric.from === '' ? {} : { from: metric.from }),
    window_size_ms: metric.windowSize && durationMs(metric.windowSize),
    window_hop_ms: metric.windowHop && durationMs(metric.windowHop),
    session_gap_ms: metric.sessionGap && durationMs(metric.sessionGap),
    session_max_duration_ms: metric.sessionMaxDuration && durationMs(metric.sessionMaxDuration),
    running_total: metric.runningTotal,
    out_of_orderness_ms: durationMs(metric.outOfOrderness),
    group_by: metric.groupBy,
    measures: metric.measures.map(({ name, kind, valueKind, relativeError }) => ({
      name,
      kind,
      value_kind: valueKind,
      ...(relativeError === 0 ? {} : { relative_error: relativeError }),
    })),
    ...(metric.compare.length === 0 ? {} : { compare: metric.compare }),
    complete_from: instantText(metric.completeFrom) || null,
    oldest_window: instantText(metric.oldestWindow) || null,
    newest_window: instantText(metric.newestWindow) || null,
  };
}

/** How far a value may be off, where it is not exact. */
function measureText({ name, relativeError }: MeasureMessage): string {
  return relativeError === 0 ? name : `${name} ±${Number((100 * relativeError).toFixed(1))} %`;
}

const durationMs = (message: DurationMessage | null): number => (message === null ? 0 : fromTimestamp(message));

async function printWindows(
  client: QueryClient,
  name: string,
  options: WindowsOptions,
  context: CliContext,
): Promise<void> {
  const metric = await metricNamed(client, options.stream, name);
  const printer = new RowPrinter(context, metric, formatOf(options));
  const request: Partial<ListWindowsRequest> = {
    stream: options.stream,
    metric: name,
    ...rangeOf(metric, options),
    group: options.group ?? {},
    finalOnly: options.final ?? false,
    pageSize: PAGE_ROWS,
  };
  let pageToken = '';
  do {
    const page = await client.listWindows({ ...request, pageToken });
    await printer.print(page.windows);
    noteMissing(page, context);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && !context.signal.aborted);
}

/** Which windows are meant: those named, else the newest. */
function rangeOf(
  metric: MetricMessage,
  { from, to, last, all }: WindowsOptions,
): { readonly from: TimestampMessage | null; readonly to: TimestampMessage | null } {
  const isOpen = from === undefined && to === undefined;
  const count = last ?? (isOpen && !all ? DEFAULT_LAST : null);
  const newest = to === undefined ? metric.newestWindow : toTimestamp(to - durationMs(metric.windowHop));
  const first =
    count === null || newest === null ? from : fromTimestamp(newest) - (count - 1) * durationMs(metric.windowHop);
  return {
    from: first === undefined ? null : toTimestamp(Math.max(first, from ?? -Infinity)),
    to: to === undefined ? null : toTimestamp(to),
  };
}

async function printTop(client: QueryClient, name: string, options: TopOptions, context: CliContext): Promise<void> {
  const metric = await metricNamed(client, options.stream, name);
  const answer = await client.topGroups({
    stream: options.stream,
    metric: name,
    measure: options.by ?? metric.measures[0]?.name ?? '',
    limit: options.limit,
    windowStart: options.window === undefined ? null : toTimestamp(options.window),
  });
  await new RowPrinter(context, metric, formatOf(options)).print(answer.windows);
  noteMissing(answer, context);
}

function noteMissing({ historyMissing }: { readonly historyMissing: string }, context: CliContext): void {
  if (historyMissing !== '') context.note(`${historyMissing}\n`);
}
