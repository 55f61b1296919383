import { InvalidArgumentError } from 'commander';
import { formatDuration, fromTimestamp, toTimestamp, type AttributionMessage } from '@tillstream/contracts';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseInstant, wholeNumber } from '../options/parse-options';
import type { QueryClient } from '../query/query-client';
import { withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import { instantText } from '../query/result-row';
import { table } from '../table';
import { missingNotes } from '../visits/note-missing';
import { pageThrough } from '../visits/page-through';

interface AttributionsOptions extends QueryOptions {
  readonly user?: string;
  readonly product?: string;
  readonly on?: Readonly<Record<string, string>>;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly json?: boolean;
}

/** `till attributions`: what led to purchases. */
export const registerAttributions: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('attributions'))
    .description('purchases with the views that led to them, the newest first')
    .option('--user <key>', 'only of this user')
    .option('--product <id>', 'only of this product; short for --on product_id=<id>')
    .option('--on <field=value>', 'only with this value of a field that views and purchases agree in', addValue)
    .option('--from <time>', 'bought at or after', parseInstant)
    .option('--to <time>', 'bought before', parseInstant)
    .option('--limit <n>', 'so many', wholeNumber(1), 100)
    .option('--json', 'one JSON object a line')
    .action((options: AttributionsOptions) =>
      withQueryClient(options, context, (client) => list(client, options, context)),
    );
};

/** Collects `--on field=value`, given as often as wanted. */
function addValue(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, field, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (field === undefined || value === undefined) throw new InvalidArgumentError('a value looks like product_id=42');
  return { ...before, [field]: value };
}

async function list(client: QueryClient, options: AttributionsOptions, context: CliContext): Promise<void> {
  const { stream, user = '', product, on = {}, from, to, limit, json } = options;
  const request = {
    ...{ stream, user, on: product === undefined ? on : { ...on, product_id: product } },
    from: from === undefined ? null : toTimestamp(from),
    to: to === undefined ? null : toTimestamp(to),
  };
  const purchases: AttributionMessage[] = [];
  const noteMissing = missingNotes(context);
  const asked = pageThrough(limit, async (page) => {
    const answer = await client.listAttributions({ ...request, ...page });
    noteMissing(answer);
    return { items: answer.attributions, nextPageToken: answer.nextPageToken };
  });
  for await (const purchase of asked) purchases.push(purchase);
  if (json) for (const purchase of purchases) context.write(`${JSON.stringify(plainPurchase(purchase))}\n`);
  else if (purchases.length > 0) context.write(table(HEADER, purchases.map(cells)));
  else context.note('there are no purchases\n');
}

const HEADER = ['user', 'bought', 'on', 'category', 'revenue', 'views', 'last view'];

function cells({ user, time, on, category, revenue, views, truncated }: AttributionMessage): (string | number)[] {
  const values = Object.entries(on).map(([field, value]) => `${field}=${value}`);
  const [last] = views;
  return [
    ...[user, instantText(time), values.join(' '), category || '–', revenue || '–'],
    truncated ? `${views.length}+` : views.length,
    last?.timeToPurchase ? `${formatDuration(fromTimestamp(last.timeToPurchase))} before` : 'direct',
  ];
}

function plainPurchase(message: AttributionMessage): object {
  const { purchase, user, time, on, category, device, revenue, views, truncated } = message;
  return {
    ...{ purchase, user, time: instantText(time), on },
    ...{ category: category || null, device: device || null, revenue: revenue || null },
    views: views.map((view) => ({
      ...{ position: view.position, time: instantText(view.time) },
      time_to_purchase_ms: view.timeToPurchase === null ? 0 : fromTimestamp(view.timeToPurchase),
      ...{ last_touch: view.lastTouch, share: view.share, revenue: view.revenue || null },
    })),
    truncated,
  };
}
