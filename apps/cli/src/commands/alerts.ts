import { toTimestamp, type AlertMessage } from '@tillstream/contracts';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseInstant, wholeNumber } from '../options/parse-options';
import { cellText } from '../query/print-rows';
import { withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import type { QueryClient } from '../query/query-client';
import { instantText, plainValues, type PlainValue } from '../query/result-row';
import { table } from '../table';

interface AlertsOptions extends QueryOptions {
  readonly metric?: string;
  readonly open?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly json?: boolean;
}

const MAX_PAGE_SIZE = 1_000;

/** `till alerts`: what metrics have alerted of. */
export const registerAlerts: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('alerts'))
    .description('what metrics have alerted of, the newest first')
    .option('--metric <name>', 'only of this metric')
    .option('--open', 'only what is open')
    .option('--from <time>', 'opened by a window that starts at or after', parseInstant)
    .option('--to <time>', 'opened by a window that starts before', parseInstant)
    .option('--limit <n>', 'so many', wholeNumber(1), 100)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
An alert is about one group of a metric; the stream file says when it is opened. retired: it was open when what alerts
was changed, and nobody looks at it any more.`,
    )
    .action((options: AlertsOptions) => withQueryClient(options, context, (client) => list(client, options, context)));
};

async function list(client: QueryClient, options: AlertsOptions, context: CliContext): Promise<void> {
  const { stream, metric = '', open = false, from, to, limit, json } = options;
  const request = {
    ...{ stream, metric, openOnly: open },
    from: from === undefined ? null : toTimestamp(from),
    to: to === undefined ? null : toTimestamp(to),
  };
  const alerts: AlertMessage[] = [];
  for (let pageToken = ''; ;) {
    const pageSize = Math.min(limit - alerts.length, MAX_PAGE_SIZE);
    const page = await client.listAlerts({ ...request, pageSize, pageToken });
    alerts.push(...page.alerts);
    pageToken = page.nextPageToken;
    if (pageToken === '' || alerts.length >= limit) break;
  }
  if (json) for (const alert of alerts) context.write(`${JSON.stringify(plainAlert(alert))}\n`);
  else if (alerts.length > 0) context.write(table(HEADER, alerts.map(cells)));
  else context.note(open ? 'nothing is open\n' : 'there are no alerts\n');
}

const HEADER = ['alert', 'severity', 'group', 'opened', 'resolved', 'seen'];

function cells(alert: AlertMessage): string[] {
  const { metric, severity, state, group, opened, resolved, measures, history } = alert;
  return [
    metric,
    severity,
    namedValues(plainValues(group)) || '–',
    instantText(opened),
    instantText(resolved) || state,
    namedValues({ ...plainValues(measures), ...plainValues(history) }),
  ];
}

function namedValues(values: Readonly<Record<string, PlainValue>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${cellText(value)}`)
    .join(' ');
}

function plainAlert(alert: AlertMessage): object {
  const { id, metric, definition, severity, state, group, since, opened, resolved, measures, history } = alert;
  return {
    ...{ id, alert: metric, definition, severity, state, group: plainValues(group) },
    since: instantText(since),
    opened: instantText(opened),
    resolved: instantText(resolved) || null,
    measures: plainValues(measures),
    history: plainValues(history),
  };
}
