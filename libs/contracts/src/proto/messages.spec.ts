import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type { AttributionMessage, ListAttributionsRequest, ListAttributionsResponse } from './attribution-messages';
import type {
  ExplainWindowRequest,
  ExplainWindowResponse,
  ExplainedPartitionMessage,
  RawRangeMessage,
  SampleRowMessage,
  ToldRevisionMessage,
} from './explain-messages';
import type { IndexRange, PublishRequest, PublishResponse, Rejection } from './ingest-messages';
import { PROTO_FILES, PROTO_LOADER_OPTIONS, protoPath, protoRoot } from './proto-root';
import { fromTimestamp, toDuration, toTimestamp } from './query-messages';
import type {
  AlertMessage,
  ComparisonMessage,
  ListAlertsRequest,
  ListAlertsResponse,
  ListMetricsRequest,
  ListMetricsResponse,
  ListWindowsRequest,
  ListWindowsResponse,
  MeasureMessage,
  MetricMessage,
  RetractionMessage,
  RowPositionMessage,
  TopGroupsRequest,
  TopGroupsResponse,
  ValueMessage,
  WatchWindowsRequest,
  WatchWindowsResponse,
  WindowResultMessage,
} from './query-messages';
import type {
  AsOfMessage,
  CountOpenSessionsRequest,
  CountOpenSessionsResponse,
  GetOpenSessionRequest,
  GetOpenSessionResponse,
  SessionMessage,
} from './session-messages';
import type {
  AbandonedCartMessage,
  GetSessionRequest,
  GetSessionResponse,
  ListAbandonedCartsRequest,
  ListAbandonedCartsResponse,
  ListSessionsRequest,
  ListSessionsResponse,
} from './session-query-messages';
import { SESSION_INSTANT } from './session-query-messages';
import type { RunSqlRequest, RunSqlResponse } from './sql-messages';

const definition = loadSync([PROTO_FILES.ingest, PROTO_FILES.query, PROTO_FILES.sessions], {
  ...PROTO_LOADER_OPTIONS,
  includeDirs: [protoRoot()],
});

/** Names of a message's fields in the proto, in lowerCamelCase. */
function fieldsOf(message: string): string[] {
  const { type } = definition[message] as MessageTypeDefinition<object, object>;
  const { field } = type as unknown as { readonly field: readonly { readonly name: string }[] };
  return field.map(({ name }) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())).sort();
}

const value: ValueMessage = {
  list: { values: [{ integer: '9007199254740993' }, { decimal: '12.50' }, { text: 'x' }] },
};
const ranking: ValueMessage = { ranking: { values: [{ value: { text: 'x' }, amount: { decimal: '12.50' } }] } };
const start = toTimestamp(1_571_000_000_123);
const end = toTimestamp(1_571_000_060_123);
const rejection: Rejection = { index: -1, code: 'malformed-json', path: '$', message: 'no' };
const range: IndexRange = { first: 100, last: 163 };
const measure: MeasureMessage = { name: 'total', kind: 'sum', valueKind: 'decimal', relativeError: 0 };
const metric: MetricMessage = {
  stream: 's',
  name: 'm',
  definition: '01234567',
  windowSize: toDuration(60_000),
  windowHop: toDuration(250),
  outOfOrderness: toDuration(0),
  groupBy: ['category'],
  measures: [measure],
  completeFrom: start,
  oldestWindow: start,
  newestWindow: end,
  retired: true,
  compare: ['previous', '1d'],
  sessionGap: toDuration(1_800_000),
  sessionMaxDuration: toDuration(86_400_000),
  runningTotal: true,
  from: 'sessions',
};
const comparison: ComparisonMessage = {
  with: '1d',
  start,
  change: { total: { decimal: '-1.50' } },
  percent: { total: { number: -12.5 } },
};
const window: WindowResultMessage = {
  metric: 'm',
  start,
  end,
  group: { category: { text: 'shoes' } },
  measures: { total: value, best: ranking, rate: { number: 0.5 }, on: { flag: false }, none: {} },
  final: true,
  revision: '18014398509481984',
  lateRows: '3',
  truncated: true,
  comparisons: [comparison],
};
const retraction: RetractionMessage = { metric: 'm', start, end, group: { category: {} } };
const publishRequest: PublishRequest = {
  stream: 's',
  payload: Buffer.from('{}'),
  contentType: 'application/json',
  idempotencyKey: 'k',
};
const publishResponse: PublishResponse = {
  accepted: 1,
  rejected: [rejection],
  code: 14,
  message: 'away',
  retryAfterMs: 250,
  furtherRejected: [range],
};
const listMetricsRequest: ListMetricsRequest = { stream: 's', includeRetired: true };
const listMetricsResponse: ListMetricsResponse = { metrics: [metric] };
const listWindowsRequest: ListWindowsRequest = {
  stream: 's',
  metric: 'm',
  from: start,
  to: end,
  group: { category: { text: 'shoes' } },
  finalOnly: true,
  pageSize: 10,
  pageToken: 't',
};
const listWindowsResponse: ListWindowsResponse = { windows: [window], nextPageToken: 't', historyMissing: 'h' };
const topGroupsRequest: TopGroupsRequest = { stream: 's', metric: 'm', measure: 'total', limit: 5, windowStart: start };
const topGroupsResponse: TopGroupsResponse = { windows: [window], historyMissing: 'h' };
const watchRequest: WatchWindowsRequest = {
  stream: 's',
  metric: 'm',
  group: {},
  finalOnly: false,
  from: start,
  resumeToken: 't',
  newestWindows: 3,
};
const watchResponse: WatchWindowsResponse = {
  snapshot: true,
  upserts: [window],
  retractions: [retraction],
  resumeToken: 't',
};

const position: RowPositionMessage = { partition: 1, offset: '9007199254740993', index: 2 };
const rawRange: RawRangeMessage = { from: '3', next: '9007199254740993' };
const explainedPartition: ExplainedPartitionMessage = {
  partition: 1,
  read: rawRange,
  contributed: rawRange,
  ...{ records: '1', counted: '2', filtered: '3', late: '4', duplicates: '5', otherGroups: '6' },
  deadLetters: { 'wrong-type': '7' },
  closedAt: position,
};
const revision: ToldRevisionMessage = {
  ...{ position, appended: end, final: true, revision: '7', retracted: true },
  measures: { total: value },
};
const sampleRow: SampleRowMessage = { fate: 'counted', position, eventTime: start, row: '{}', traceId: 'ab' };
const explainRequest: ExplainWindowRequest = {
  stream: 's',
  metric: 'm',
  windowStart: start,
  group: { category: { text: 'shoes' } },
  samples: 3,
};
const explainResponse: ExplainWindowResponse = {
  verdict: 'equal',
  told: window,
  recomputed: window,
  partitions: [explainedPartition],
  revisions: [revision],
  revisionsLeftOut: '8',
  samples: [sampleRow],
  traceIds: ['ab'],
  finalTraceId: 'cd',
};

const alert: AlertMessage = {
  ...{ id: 'm@1|2026', metric: 'm', definition: '01234567', severity: 'critical', state: 'resolved' },
  ...{ group: { category: {} }, since: start, opened: start, resolved: end },
  measures: { total: { decimal: '1.50' } },
  history: { 'change(total, 1d)': { decimal: '-1.50' } },
};
const listAlertsRequest: ListAlertsRequest = {
  ...{ stream: 's', metric: 'm', openOnly: true, from: start, to: end, pageSize: 10, pageToken: 't' },
};
const listAlertsResponse: ListAlertsResponse = { alerts: [alert], nextPageToken: 't' };

const asOf: AsOfMessage = { partition: 3, rawNext: '9007199254740991', watermark: start, appended: end };
const session: SessionMessage = {
  ...{ id: 'u|p|1571000000123', user: 'u', part: 'p', start, end, duration: toDuration(60_000) },
  ...{ closed: true, cut: true, events: 9, pageViews: 4, carts: 3, purchases: 1, products: 4 },
  ...{ revenue: '12.50', converted: true },
  entry: { product: '7', category: 'shoes' },
  exit: { product: '', category: 'hats' },
  ...{ device: 'phone', location: 'Bern', path: ['page_view', 'purchase'], clientSessions: ['c1', 'c2'] },
  cart: [{ product: '7', value: '3.20' }],
  ...{ truncated: true, partition: 3, closedBy: '42' },
};
const getOpenSessionRequest: GetOpenSessionRequest = { stream: 's', user: 'u', part: 'p' };
const getOpenSessionResponse: GetOpenSessionResponse = { sessions: [session], asOf };
const countOpenSessionsRequest: CountOpenSessionsRequest = { stream: 's' };
const countOpenSessionsResponse: CountOpenSessionsResponse = { count: '8', partitions: [{ count: '8', asOf }] };
const getSessionRequest: GetSessionRequest = { stream: 's', id: 'u|1571000000123' };
const getSessionResponse: GetSessionResponse = { session };
const listSessionsRequest: ListSessionsRequest = {
  ...{ stream: 's', user: 'u', by: SESSION_INSTANT.end, from: start, to: end },
  ...{ convertedOnly: true, includeOpen: true, pageSize: 10, pageToken: 't' },
};
const listSessionsResponse: ListSessionsResponse = {
  ...{ sessions: [session], nextPageToken: 't', openSessionsUnknown: true, openAsOf: asOf, completeFrom: start },
  historyMissing: 'h',
};
const cart: AbandonedCartMessage = {
  ...{ sessionId: 'u|1571000000123', user: 'u', part: 'p', start, end, products: session.cart, value: '3.20' },
};
const listCartsRequest: ListAbandonedCartsRequest = {
  ...{ stream: 's', user: 'u', from: start, to: end, pageSize: 10, pageToken: 't' },
};
const listCartsResponse: ListAbandonedCartsResponse = { carts: [cart], nextPageToken: 't' };
const attribution: AttributionMessage = {
  ...{ purchase: position, user: 'u', time: end, on: { product_id: '7' }, category: 'shoes', device: 'phone' },
  revenue: '12.50',
  views: [
    { position, time: start, timeToPurchase: toDuration(60_000), lastTouch: true, share: 0.5, revenue: '6.25' },
    { position, time: start, timeToPurchase: toDuration(60_001), lastTouch: false, share: 0.5, revenue: '6.25' },
  ],
  truncated: true,
};
const listAttributionsRequest: ListAttributionsRequest = {
  ...{ stream: 's', user: 'u', on: { product_id: '7' }, from: start, to: end, pageSize: 10, pageToken: 't' },
};
const listAttributionsResponse: ListAttributionsResponse = {
  ...{ attributions: [attribution], nextPageToken: 't', completeFrom: start, historyMissing: 'h' },
};

const runSqlRequest: RunSqlRequest = { stream: 's', sql: 'SELECT 1', maxRows: 10 };
const runSqlResponse: RunSqlResponse = {
  columns: [{ name: 'n', type: 'BIGINT' }],
  rows: [{ values: [{ integer: '1' }, {}] }],
  truncated: true,
};

describe('message interfaces', () => {
  const whole: readonly (readonly [string, object])[] = [
    ['tillstream.ingest.v1.PublishRequest', publishRequest],
    ['tillstream.ingest.v1.PublishResponse', publishResponse],
    ['tillstream.ingest.v1.Rejection', rejection],
    ['tillstream.ingest.v1.IndexRange', range],
    ['tillstream.query.v1.ListMetricsRequest', listMetricsRequest],
    ['tillstream.query.v1.ListMetricsResponse', listMetricsResponse],
    ['tillstream.query.v1.Metric', metric],
    ['tillstream.query.v1.Measure', measure],
    ['tillstream.query.v1.ListWindowsRequest', listWindowsRequest],
    ['tillstream.query.v1.ListWindowsResponse', listWindowsResponse],
    ['tillstream.query.v1.TopGroupsRequest', topGroupsRequest],
    ['tillstream.query.v1.TopGroupsResponse', topGroupsResponse],
    ['tillstream.query.v1.WatchWindowsRequest', watchRequest],
    ['tillstream.query.v1.WatchWindowsResponse', watchResponse],
    ['tillstream.query.v1.Retraction', retraction],
    ['tillstream.query.v1.WindowResult', window],
    ['tillstream.query.v1.ExplainWindowRequest', explainRequest],
    ['tillstream.query.v1.ExplainWindowResponse', explainResponse],
    ['tillstream.query.v1.ExplainedPartition', explainedPartition],
    ['tillstream.query.v1.RawRange', rawRange],
    ['tillstream.query.v1.ToldRevision', revision],
    ['tillstream.query.v1.SampleRow', sampleRow],
    ['tillstream.query.v1.RowPosition', position],
    ['tillstream.query.v1.Comparison', comparison],
    ['tillstream.query.v1.ListAlertsRequest', listAlertsRequest],
    ['tillstream.query.v1.ListAlertsResponse', listAlertsResponse],
    ['tillstream.query.v1.Alert', alert],
    ['tillstream.sessions.v1.Session', session],
    ['tillstream.sessions.v1.SessionEdge', session.entry!],
    ['tillstream.sessions.v1.CartLine', session.cart[0]!],
    ['tillstream.sessions.v1.AsOf', asOf],
    ['tillstream.sessions.v1.GetOpenSessionRequest', getOpenSessionRequest],
    ['tillstream.sessions.v1.GetOpenSessionResponse', getOpenSessionResponse],
    ['tillstream.sessions.v1.CountOpenSessionsRequest', countOpenSessionsRequest],
    ['tillstream.sessions.v1.CountOpenSessionsResponse', countOpenSessionsResponse],
    ['tillstream.sessions.v1.PartitionCount', countOpenSessionsResponse.partitions[0]!],
    ['tillstream.query.v1.GetSessionRequest', getSessionRequest],
    ['tillstream.query.v1.GetSessionResponse', getSessionResponse],
    ['tillstream.query.v1.ListSessionsRequest', listSessionsRequest],
    ['tillstream.query.v1.ListSessionsResponse', listSessionsResponse],
    ['tillstream.query.v1.ListAbandonedCartsRequest', listCartsRequest],
    ['tillstream.query.v1.ListAbandonedCartsResponse', listCartsResponse],
    ['tillstream.query.v1.AbandonedCart', cart],
    ['tillstream.query.v1.ListAttributionsRequest', listAttributionsRequest],
    ['tillstream.query.v1.ListAttributionsResponse', listAttributionsResponse],
    ['tillstream.query.v1.Attribution', attribution],
    ['tillstream.query.v1.AttributedView', attribution.views[0]!],
    ['tillstream.query.v1.RunSqlRequest', runSqlRequest],
    ['tillstream.query.v1.RunSqlResponse', runSqlResponse],
    ['tillstream.query.v1.SqlColumn', runSqlResponse.columns[0]!],
    ['tillstream.query.v1.SqlRow', runSqlResponse.rows[0]!],
    [
      'tillstream.query.v1.Value',
      { integer: '', number: 0, decimal: '', text: '', flag: false, list: {}, ranking: {} } satisfies Record<
        keyof ValueMessage,
        unknown
      >,
    ],
  ];

  it.each(whole)('%s has exactly the fields of the proto', (name, sample) => {
    expect(Object.keys(sample).sort()).toEqual(fieldsOf(name));
  });

  it.each([
    ['tillstream.ingest.v1.IngestService', 'Publish', publishRequest, publishResponse],
    ['tillstream.query.v1.QueryService', 'ListMetrics', listMetricsRequest, listMetricsResponse],
    ['tillstream.query.v1.QueryService', 'ListWindows', listWindowsRequest, listWindowsResponse],
    ['tillstream.query.v1.QueryService', 'ListAlerts', listAlertsRequest, listAlertsResponse],
    ['tillstream.query.v1.QueryService', 'TopGroups', topGroupsRequest, topGroupsResponse],
    ['tillstream.query.v1.QueryService', 'WatchWindows', watchRequest, watchResponse],
    ['tillstream.query.v1.QueryService', 'ExplainWindow', explainRequest, explainResponse],
    ['tillstream.query.v1.QueryService', 'GetSession', getSessionRequest, getSessionResponse],
    ['tillstream.query.v1.QueryService', 'ListSessions', listSessionsRequest, listSessionsResponse],
    ['tillstream.query.v1.QueryService', 'ListAbandonedCarts', listCartsRequest, listCartsResponse],
    ['tillstream.query.v1.QueryService', 'ListAttributions', listAttributionsRequest, listAttributionsResponse],
    ['tillstream.query.v1.QueryService', 'RunSql', runSqlRequest, runSqlResponse],
    ['tillstream.sessions.v1.SessionService', 'GetOpenSession', getOpenSessionRequest, getOpenSessionResponse],
    ['tillstream.sessions.v1.SessionService', 'CountOpenSessions', countOpenSessionsRequest, countOpenSessionsResponse],
  ] as const)('%s/%s carries its messages unchanged', (service, name, request, response) => {
    const method = (definition[service] as ServiceDefinition)[name];
    if (method === undefined) throw new Error(`${service} has no ${name}`);
    expect(method.requestDeserialize(method.requestSerialize(request))).toMatchObject(request);
    expect(method.responseDeserialize(method.responseSerialize(response))).toMatchObject(response);
  });

  it('names the member of a oneof that is set, and leaves the others out', () => {
    const { TopGroups } = definition['tillstream.query.v1.QueryService'] as ServiceDefinition;
    const response = { windows: [{ ...window, group: {}, measures: { total: { decimal: '1.20' }, none: {} } }] };
    const received = TopGroups?.responseDeserialize(TopGroups.responseSerialize(response)) as TopGroupsResponse;
    expect(received.windows[0]?.measures).toEqual({ total: { kind: 'decimal', decimal: '1.20' }, none: {} });
  });

  it('keeps instants and spans to the millisecond, before the epoch too', () => {
    expect(toTimestamp(-1)).toEqual({ seconds: '-1', nanos: 999_000_000 });
    for (const ms of [0, 1, -1, 999, -1000, 1_571_000_000_123, -62_135_596_800_000]) {
      expect(fromTimestamp(toTimestamp(ms))).toBe(ms);
    }
    expect(toDuration(1250)).toEqual({ seconds: '1', nanos: 250_000_000 });
  });
});

describe('the proto files', () => {
  const buf = join(__dirname, '../../../../node_modules/.bin/buf');

  it('keep the rules of buf', () => {
    expect(execFileSync(buf, ['lint', protoRoot()], { encoding: 'utf8' })).toBe('');
  });

  it('are found in the sources, or where the environment says', () => {
    expect(protoPath('query')).toMatch(/libs\/contracts\/proto\/tillstream\/query\/v1\/query\.proto$/);
    expect(protoRoot({ TILLSTREAM_PROTO_ROOT: protoRoot({}) })).toBe(protoRoot({}));
    expect(() => protoRoot({ TILLSTREAM_PROTO_ROOT: '/nowhere' })).toThrow('the proto files are not in /nowhere');
  });
});
