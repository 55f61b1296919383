import type { MetricMessage, ValueMap, WatchWindowsResponse } from '@tillstream/contracts';
import { toTimestamp } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseInstant, wholeNumber } from '../options/parse-options';
import { cellText } from '../query/print-rows';
import type { QueryClient, WatchNews } from '../query/query-client';
import { addGroup, metricNamed, withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import { instantText, plainValues, toRow, type ResultRow } from '../query/result-row';

interface WatchOptions extends QueryOptions {
  readonly group?: ValueMap;
  readonly final?: boolean;
  readonly from?: number;
  readonly newest?: number;
  readonly resume?: string;
  readonly json?: boolean;
}

/** Room for ten products and what each has brought in. */
const MAX_LIST_CHARACTERS = 240;

/** `till watch`: what stands, then every change, until interrupted. */
export const registerWatch: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('watch <metric>'))
    .description('the results of a metric as they change, until Ctrl-C')
    .option('--group <field=value>', 'only this group; may be given for several fields', addGroup)
    .option('--final', 'only what will never change again')
    .option('--from <time>', 'windows that start at or after', parseInstant)
    .option('--newest <n>', 'only the newest so many windows', wholeNumber(1))
    .option('--resume <token>', 'go on where an earlier watch stopped (its last resume_token, see --json)')
    .option('--json', 'one JSON object a line: results, {"retracted":…}, {"snapshot":true}, {"resume_token":…}')
    .action((metric: string, options: WatchOptions) =>
      withQueryClient(options, context, (client) => watch(client, metric, options, context)),
    );
};

async function watch(client: QueryClient, name: string, options: WatchOptions, context: CliContext): Promise<void> {
  const metric = await metricNamed(client, options.stream, name);
  const request = {
    stream: options.stream,
    metric: name,
    group: options.group ?? {},
    finalOnly: options.final ?? false,
    from: options.from === undefined ? null : toTimestamp(options.from),
    newestWindows: options.newest ?? 0,
    resumeToken: options.resume ?? '',
  };
  const print = options.json ? jsonLines : (message: WatchWindowsResponse) => textLines(metric, message);
  for await (const news of client.watch(request, systemClock, context.signal)) {
    if (!context.write(linesOf(news, print, context))) await context.drained();
  }
}

function linesOf(news: WatchNews, print: (message: WatchWindowsResponse) => string, context: CliContext): string {
  if (news.kind === 'message') return print(news.message);
  context.note(`connection lost (${news.reason}); trying again\n`);
  return '';
}

function jsonLines({ snapshot, upserts, retractions, resumeToken }: WatchWindowsResponse): string {
  const lines: object[] = [
    ...(snapshot ? [{ snapshot }] : []),
    ...upserts.map(toRow),
    ...retractions.map(({ metric, start, group }) => ({
      retracted: { metric, window_start: instantText(start), group: plainValues(group) },
    })),
    ...(resumeToken === '' ? [] : [{ resume_token: resumeToken }]),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function textLines(metric: MetricMessage, { upserts, retractions }: WatchWindowsResponse): string {
  const shown = upserts.map((message) => rowLine(metric, toRow(message)));
  const gone = retractions.map(
    ({ start, group }) => `${instantText(start)}  ${groupText(plainValues(group), metric)}no longer a result\n`,
  );
  return [...shown, ...gone].join('');
}

function rowLine(metric: MetricMessage, row: ResultRow): string {
  const textOf = (name: string): string => cellText(row.measures[name] ?? null, MAX_LIST_CHARACTERS);
  const measures = metric.measures.map(({ name }) => `${name} ${textOf(name)}`).join('  ');
  const late = row.late_rows === 0 ? '' : `  late_rows ${cellText(row.late_rows)}`;
  return `${row.window_start}  ${groupText(row.group, metric)}${measures}${late}${row.final ? '  final' : ''}\n`;
}

function groupText(group: ResultRow['group'], { groupBy }: MetricMessage): string {
  return groupBy.map((name) => `${cellText(group[name] ?? null)}  `).join('');
}
