import { status } from '@grpc/grpc-js';
import {
  PROTO_FILES,
  protoRoot,
  toDuration,
  toTimestamp,
  type ExplainWindowRequest,
  type ExplainWindowResponse,
  type AlertMessage,
  type ListAlertsRequest,
  type ListWindowsRequest,
  type MetricMessage,
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
            const from = Number(request.pageToken || 0);
            const more = from + 2 < this.rows.length;
            return { windows: this.rows.slice(from, from + 2), nextPageToken: more ? String(from + 2) : '' };
          }, unexpected),
          topGroups: unaryHandler(async (request: TopGroupsRequest) => {
            this.topped.push(request);
            return { windows: this.rows };
          }, unexpected),
          listLate: unaryHandler(async () => ({ rows: [], nextPageToken: '' }), unexpected),
          listAlerts: unaryHandler(async (request: ListAlertsRequest) => {
            this.alertsAsked.push(request);
            const from = Number(request.pageToken || 0);
            const more = from + 2 < this.alerts.length;
            return { alerts: this.alerts.slice(from, from + 2), nextPageToken: more ? String(from + 2) : '' };
          }, unexpected),
          explainWindow: unaryHandler(async (request: ExplainWindowRequest) => {
            this.explained.push(request);
            if (this.explanation === null) throw new GrpcStatusError(status.FAILED_PRECONDITION, 'nothing is retained');
            return this.explanation;
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

function unexpected(method: string, error: unknown): void {
  throw new Error(`${method} failed`, { cause: error });
}
