import { status } from '@grpc/grpc-js';
import {
  PROTO_FILES,
  protoRoot,
  toDuration,
  toTimestamp,
  type ExplainWindowRequest,
  type ExplainWindowResponse,
  type AbandonedCartMessage,
  type AlertMessage,
  type AttributionMessage,
  type ListAbandonedCartsRequest,
  type ListAlertsRequest,
  type ListAttributionsRequest,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type ListWindowsRequest,
  type MetricMessage,
  type RunSqlRequest,
  type RunSqlResponse,
  type SessionMessage,
  type TopGroupsRequest,
  type WatchWindowsRequest,
  type WatchWindowsResponse,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { GrpcServer, GrpcStatusError, serverStreamHandler, unaryHandler } from '@tillstream/nest-runtime';

export const SALES: MetricMessage = {
  stream: 'commerce',
  name: 'sales',
  definition: 'abcd1234',
  windowSize: toDuration(60_000),
  windowHop: toDuration(30_000),
  outOfOrderness: toDuration(60_000),
  groupBy: ['category'],
  measures: [
    { name: 'total', kind: 'sum', valueKind: 'decimal', relativeError: 0 },
    { name: 'orders', kind: 'count', valueKind: 'integer', relativeError: 0 },
    { name: 'names', kind: 'collect', valueKind: 'list', relativeError: 0 },
  ],
  completeFrom: null,
  oldestWindow: toTimestamp(0),
  newestWindow: toTimestamp(600_000),
  compare: [],
  retired: false,
  sessionGap: null,
  sessionMaxDuration: null,
  runningTotal: false,
  from: '',
};

/** A row of `sales`. */
export function sale(startMs: number, category: string | null, total: string, final = false): WindowResultMessage {
  return {
    metric: 'sales',
    start: toTimestamp(startMs),
    end: toTimestamp(startMs + 60_000),
    group: { category: category === null ? {} : { text: category } },
    measures: { total: { decimal: total }, orders: { integer: '3' }, names: { list: { values: [{ text: 'a "b"' }] } } },
    final,
    revision: '7',
    lateRows: '2',
    truncated: false,
    comparisons: [],
  };
}

/** An alert of `sales`. */
export function alert(category: string, openedMs: number, resolvedMs: number | null = null): AlertMessage {
  return {
    ...{ id: `sales@1|${openedMs}|${category}`, metric: 'sales', definition: '1', severity: 'critical' },
    state: resolvedMs === null ? 'open' : 'resolved',
    group: { category: { text: category } },
    since: toTimestamp(openedMs - 60_000),
    opened: toTimestamp(openedMs),
    resolved: resolvedMs === null ? null : toTimestamp(resolvedMs),
    measures: { total: { decimal: '12.50' }, orders: { integer: '3' } },
    history: { 'robust_z(total, 1d, 7)': { number: -5.125 } },
  };
}

export const message = (more: Partial<WatchWindowsResponse>): WatchWindowsResponse => ({
  snapshot: false,
  upserts: [],
  retractions: [],
  resumeToken: '',
  ...more,
});

type Watching = (request: WatchWindowsRequest) => AsyncIterable<WatchWindowsResponse>;

/** A query-api that answers what it is told to, over a real connection. */
export class FakeQueryApi {
  rows: WindowResultMessage[] = [];
  metrics: MetricMessage[] = [SALES];
  readonly listed: ListWindowsRequest[] = [];
  readonly topped: TopGroupsRequest[] = [];
  readonly watched: WatchWindowsRequest[] = [];
  alerts: AlertMessage[] = [];
  readonly alertsAsked: ListAlertsRequest[] = [];
  sessions: SessionMessage[] = [];
  /** Beside the sessions of an answer. */
  sessionsSaid: Partial<ListSessionsResponse> = {};
  readonly sessionsAsked: ListSessionsRequest[] = [];
  carts: AbandonedCartMessage[] = [];
  attributions: AttributionMessage[] = [];
  readonly attributionsAsked: ListAttributionsRequest[] = [];
  sqlAnswer: RunSqlResponse = { columns: [], rows: [], truncated: false };
  readonly sqlAsked: RunSqlRequest[] = [];
  readonly explained: ExplainWindowRequest[] = [];
  explanation: ExplainWindowResponse | null = null;
  watching: Watching = async function* () {};
  key: string | null = null;

  private readonly server = new GrpcServer({
    host: '127.0.0.1',
    port: 0,
    protoRoot: protoRoot(),
    protoFiles: [PROTO_FILES.query],
    services: [
      {
        name: 'tillstream.query.v1.QueryService',
        methods: {
          listMetrics: unaryHandler(async (_request: unknown, { metadata }) => {
            if (this.key !== null && metadata.get('authorization')[0] !== `Bearer ${this.key}`) {
              throw new GrpcStatusError(status.UNAUTHENTICATED, 'a read key is wanted');
            }
            return { metrics: this.metrics };
          }, unexpected),
          listWindows: unaryHandler(async (request: ListWindowsRequest) => {
            this.listed.push(request);
            const { items: windows, nextPageToken } = twoOf(this.rows, request);
            return { windows, nextPageToken, historyMissing: '' };
          }, unexpected),
          topGroups: unaryHandler(async (request: TopGroupsRequest) => {
            this.topped.push(request);
            return { windows: this.rows, historyMissing: '' };
          }, unexpected),
          listLate: unaryHandler(async () => ({ rows: [], nextPageToken: '' }), unexpected),
          listAlerts: unaryHandler(async (request: ListAlertsRequest) => {
            this.alertsAsked.push(request);
            const { items: alerts, nextPageToken } = twoOf(this.alerts, request);
            return { alerts, nextPageToken };
          }, unexpected),
          getSession: unaryHandler(async () => ({ session: this.sessions[0] ?? null }), unexpected),
          listSessions: unaryHandler(async (request: ListSessionsRequest) => {
            this.sessionsAsked.push(request);
            const { items: sessions, nextPageToken } = twoOf(this.sessions, request);
            const unknown = { openSessionsUnknown: false, openAsOf: null, completeFrom: null, historyMissing: '' };
            return { sessions, nextPageToken, ...unknown, ...this.sessionsSaid };
          }, unexpected),
          listAbandonedCarts: unaryHandler(async (request: ListAbandonedCartsRequest) => {
            const { items: carts, nextPageToken } = twoOf(this.carts, request);
            return { carts, nextPageToken };
          }, unexpected),
          listAttributions: unaryHandler(async (request: ListAttributionsRequest) => {
            this.attributionsAsked.push(request);
            const { items: attributions, nextPageToken } = twoOf(this.attributions, request);
            return { attributions, nextPageToken, completeFrom: null, historyMissing: '' };
          }, unexpected),
          explainWindow: unaryHandler(async (request: ExplainWindowRequest) => {
            this.explained.push(request);
            if (this.explanation === null) throw new GrpcStatusError(status.FAILED_PRECONDITION, 'nothing is retained');
            return this.explanation;
          }, unexpected),
          runSql: unaryHandler(async (request: RunSqlRequest) => {
            this.sqlAsked.push(request);
            return this.sqlAnswer;
          }, unexpected),
          watchWindows: serverStreamHandler((request: WatchWindowsRequest) => {
            this.watched.push(request);
            return this.watching(request);
          }, unexpected),
        },
      },
    ],
  });

  async start(): Promise<void> {
    await this.server.start();
  }

  get address(): string {
    return `127.0.0.1:${this.server.port!}`;
  }

  async stop(): Promise<void> {
    await this.server.stop(0);
  }
}

/** A page of two. */
function twoOf<Item>(
  all: readonly Item[],
  { pageToken }: { readonly pageToken: string },
): { readonly items: readonly Item[]; readonly nextPageToken: string } {
  const from = Number(pageToken || 0);
  return { items: all.slice(from, from + 2), nextPageToken: from + 2 < all.length ? String(from + 2) : '' };
}

function unexpected(method: string, error: unknown): void {
  throw new Error(`${method} failed`, { cause: error });
}
