import { status } from '@grpc/grpc-js';
import type {
  ExplainWindowRequest,
  ListAlertsRequest,
  ListLateRequest,
  ListMetricsRequest,
  ListWindowsRequest,
  RunSqlRequest,
  TopGroupsRequest,
  WatchWindowsRequest,
} from '@tillstream/contracts';
import type { Clock, LogReader } from '@tillstream/engine';
import {
  GrpcStatusError,
  type ReadKeys,
  serverStreamHandler,
  unaryHandler,
  type CallContext,
  type GrpcService,
  type UnexpectedErrorListener,
} from '@tillstream/nest-runtime';
import type { Histories } from '../history/window-history';
import type { QueryMetrics } from '../metrics/query-metrics';
import type { SqlSource } from '../sql/sql-source';
import type { WatchPace } from '../view/watch-rows';
import type { FollowedVisits } from '../visits/followed-visits';
import { Explainer, type ExplainLimits } from './explain-window';
import { AlertBook } from '../alerts/alert-book';
import { listAlerts } from './list-alerts';
import { listLate } from './list-late';
import { listMetrics } from './list-metrics';
import { listWindows } from './list-windows';
import { runSql } from './run-sql';
import { ReadableStreams, type FollowedStream } from './streams';
import { timed } from './timed';
import { topGroups } from './top-groups';
import { visitMethods } from './visit-methods';
import { watchWindows } from './watch-windows';

export interface QueryServiceOptions {
  readonly streams: readonly FollowedStream[];
  /** By stream. */
  readonly visits: ReadonlyMap<string, FollowedVisits>;
  /** For what no view holds. */
  readonly log: LogReader;
  /** For what the views no longer hold. */
  readonly histories: Histories;
  readonly keys: ReadKeys;
  /** Null: SQL is not answered. */
  readonly sql: SqlSource | null;
  readonly pace: WatchPace;
  readonly explain: ExplainLimits;
  /** Ends every watch, so that clients go on elsewhere. */
  readonly stopping: AbortSignal;
  readonly metrics: Pick<QueryMetrics, 'answered' | 'watchers' | 'watchMessage'>;
  readonly clock: Clock;
  readonly onUnexpected: UnexpectedErrorListener;
}

/** tillstream.query.v1.QueryService */
export function createQueryService(options: QueryServiceOptions): GrpcService {
  const { streams, keys, onUnexpected } = options;
  const readable = ({ metadata }: CallContext): ReadableStreams =>
    new ReadableStreams(streams, keys.streamsFor(metadata));
  const explainer = new Explainer(options.log, options.explain, options.stopping);
  const books = new Map(streams.map((followed) => [followed, new AlertBook(options.log, followed.stream.definition)]));
  return {
    name: 'tillstream.query.v1.QueryService',
    methods: {
      ...visitMethods((name, context) => readable(context).named(name), options),
      listMetrics: unaryHandler(
        timed('ListMetrics', options, async (request: ListMetricsRequest, context) =>
          listMetrics(readable(context), request),
        ),
        onUnexpected,
      ),
      listWindows: unaryHandler(
        timed('ListWindows', options, async (request: ListWindowsRequest, context) =>
          listWindows(readable(context).named(request.stream), request, options.histories, context.signal),
        ),
        onUnexpected,
      ),
      topGroups: unaryHandler(
        timed('TopGroups', options, async (request: TopGroupsRequest, context) =>
          topGroups(readable(context).named(request.stream), request, options.histories, context.signal),
        ),
        onUnexpected,
      ),
      listLate: unaryHandler(
        timed('ListLate', options, async (request: ListLateRequest, context) =>
          listLate(readable(context).named(request.stream), request, options.log, context.signal),
        ),
        onUnexpected,
      ),
      listAlerts: unaryHandler(
        timed('ListAlerts', options, async (request: ListAlertsRequest, context) => {
          const followed = readable(context).named(request.stream);
          return listAlerts(followed, request, books.get(followed)!, context.signal);
        }),
        onUnexpected,
      ),
      runSql: unaryHandler(
        timed('RunSql', options, async (request: RunSqlRequest, { metadata, signal }) => {
          const { sql } = options;
          if (sql === null) throw notSwitchedOn();
          const allowed = new ReadableStreams(streams, keys.sqlStreamsFor(metadata));
          return runSql(allowed.named(request.stream), request, sql, signal);
        }),
        onUnexpected,
      ),
      explainWindow: unaryHandler(
        timed('ExplainWindow', options, async (request: ExplainWindowRequest, context) =>
          explainer.explain(readable(context).named(request.stream), request, context.signal),
        ),
        onUnexpected,
      ),
      watchWindows: serverStreamHandler(
        (request: WatchWindowsRequest, context) =>
          watchUntilStopping(options, () => readable(context).named(request.stream), request, context.signal),
        onUnexpected,
      ),
    },
  };
}

const notSwitchedOn = (): GrpcStatusError =>
  new GrpcStatusError(
    status.FAILED_PRECONDITION,
    'SQL is not answered here: TILLSTREAM_SQL=on switches it on, where the stream has a lake',
  );

async function* watchUntilStopping(
  { pace, stopping, metrics }: QueryServiceOptions,
  find: () => FollowedStream,
  request: WatchWindowsRequest,
  cancelled: AbortSignal,
): ReturnType<typeof watchWindows> {
  metrics.watchers(1);
  try {
    for await (const message of watchWindows(find(), request, pace, AbortSignal.any([cancelled, stopping]))) {
      metrics.watchMessage();
      yield message;
    }
  } finally {
    metrics.watchers(-1);
  }
  if (stopping.aborted) {
    throw new GrpcStatusError(status.UNAVAILABLE, 'this replica is stopping: watch again with the newest resume_token');
  }
}
