import {
  formatDuration,
  fromTimestamp,
  toTimestamp,
  type AbandonedCartMessage,
  type CartLineMessage,
  type SessionEdgeMessage,
  type SessionMessage,
} from '@tillstream/contracts';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseInstant, wholeNumber } from '../options/parse-options';
import type { QueryClient } from '../query/query-client';
import { withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import { instantText } from '../query/result-row';
import { table } from '../table';
import { ComparedSessions, describeComparison } from '../visits/compare-sessions';
import { missingNotes } from '../visits/note-missing';
import { pageThrough } from '../visits/page-through';

interface SessionsOptions extends QueryOptions {
  readonly user?: string;
  readonly open?: boolean;
  readonly converted?: boolean;
  readonly abandoned?: boolean;
  readonly compare?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 100;

/** `till sessions`: who came, what they did, and where clients see it differently. */
export const registerSessions: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('sessions'))
    .description('visits that are over, the newest first')
    .option('--user <key>', 'only of this user')
    .option('--open', 'also those of the user that are not over')
    .option('--converted', 'only those with a purchase')
    .option('--abandoned', 'what was left in the carts of those that ended without a purchase')
    .option('--compare', 'where they and the session ids that clients gave their events disagree')
    .option('--from <time>', 'begun at or after; carts: abandoned at or after', parseInstant)
    .option('--to <time>', 'begun before; carts: abandoned before', parseInstant)
    .option('--limit <n>', `so many (default: ${DEFAULT_LIMIT}; with --compare all)`, wholeNumber(1))
    .option('--json', 'one JSON object a line')
    .action((options: SessionsOptions) =>
      withQueryClient(options, context, (client) => {
        if (options.compare) return compare(client, options, context);
        return options.abandoned ? listCarts(client, options, context) : list(client, options, context);
      }),
    );
};

async function list(client: QueryClient, options: SessionsOptions, context: CliContext): Promise<void> {
  if (options.open && options.user === undefined) {
    throw new CliError('--open is about one user', 'Say which with --user.');
  }
  const sessions: SessionMessage[] = [];
  for await (const session of sessionsOf(client, options, context, DEFAULT_LIMIT)) sessions.push(session);
  if (options.json) for (const session of sessions) context.write(`${JSON.stringify(plainSession(session))}\n`);
  else if (sessions.length > 0) context.write(table(HEADER, sessions.map(cells)));
  else context.note('there are no sessions\n');
}

async function compare(client: QueryClient, options: SessionsOptions, context: CliContext): Promise<void> {
  const compared = new ComparedSessions();
  for await (const session of sessionsOf(client, options, context, Infinity)) compared.add(session);
  const found = compared.result();
  context.write(options.json ? `${JSON.stringify(found)}\n` : describeComparison(found));
}

async function* sessionsOf(
  client: QueryClient,
  { stream, user = '', open = false, converted = false, from, to, limit }: SessionsOptions,
  context: CliContext,
  byDefault: number,
): AsyncGenerator<SessionMessage> {
  const request = {
    ...{ stream, user, convertedOnly: converted, includeOpen: open },
    from: from === undefined ? null : toTimestamp(from),
    to: to === undefined ? null : toTimestamp(to),
  };
  const noteMissing = missingNotes(context);
  yield* pageThrough(limit ?? byDefault, async (page) => {
    const answer = await client.listSessions({ ...request, ...page });
    if (answer.openSessionsUnknown) context.note('open sessions are not known now: no session-tracker answers\n');
    noteMissing(answer);
    return { items: answer.sessions, nextPageToken: answer.nextPageToken };
  });
}

async function listCarts(client: QueryClient, options: SessionsOptions, context: CliContext): Promise<void> {
  const { stream, user = '', from, to, limit = DEFAULT_LIMIT, json } = options;
  const request = {
    ...{ stream, user },
    from: from === undefined ? null : toTimestamp(from),
    to: to === undefined ? null : toTimestamp(to),
  };
  const carts: AbandonedCartMessage[] = [];
  const asked = pageThrough(limit, async (page) => {
    const answer = await client.listAbandonedCarts({ ...request, ...page });
    return { items: answer.carts, nextPageToken: answer.nextPageToken };
  });
  for await (const cart of asked) carts.push(cart);
  if (json) for (const cart of carts) context.write(`${JSON.stringify(plainCart(cart))}\n`);
  else if (carts.length > 0) {
    const rows = carts.map(({ user: who, end, value, products }) => {
      return [who, instantText(end), value, products.map(({ product }) => product).join(', ')];
    });
    context.write(table(['user', 'abandoned', 'value', 'products'], rows));
  } else context.note('no cart was abandoned\n');
}

const HEADER = ['user', 'start', 'duration', 'events', 'views', 'carts', 'buys', 'revenue', 'entry', 'exit', 'state'];

function cells(session: SessionMessage): (string | number)[] {
  const { user, start, duration, events, pageViews, carts, purchases, revenue, entry, exit, closed, cut } = session;
  return [
    ...[user, instantText(start), formatDuration(duration === null ? 0 : fromTimestamp(duration))],
    ...[events, pageViews, carts, purchases, revenue, entry?.category || '–', exit?.category || '–'],
    closed ? (cut ? 'cut' : 'over') : 'open',
  ];
}

function plainSession(session: SessionMessage): object {
  const { start, end, duration, part, device, location, pageViews, clientSessions, closedBy, ...rest } = session;
  const { entry, exit, cart } = session;
  return {
    ...rest,
    part: part || null,
    ...{
      start: instantText(start),
      end: instantText(end),
      duration_ms: duration === null ? 0 : fromTimestamp(duration),
    },
    ...{ page_views: pageViews, client_sessions: clientSessions },
    ...{ entry: plainEdge(entry), exit: plainEdge(exit), device: device || null, location: location || null },
    cart: plainLines(cart),
    closed_by: session.closed ? Number(closedBy) : null,
  };
}

function plainEdge(edge: SessionEdgeMessage | null): object {
  return { product: edge?.product || null, category: edge?.category || null };
}

function plainLines(cart: readonly CartLineMessage[]): readonly object[] {
  return cart.map(({ product, value }) => ({ product, value: value || null }));
}

function plainCart({ sessionId, part, start, end, products, ...rest }: AbandonedCartMessage): object {
  return {
    ...{ session: sessionId, ...rest, part: part || null, start: instantText(start), end: instantText(end) },
    products: plainLines(products),
  };
}
