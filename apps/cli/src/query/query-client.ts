import {
  loadPackageDefinition,
  Metadata,
  status,
  type ChannelCredentials,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type ExplainWindowRequest,
  type ExplainWindowResponse,
  type ListAbandonedCartsRequest,
  type ListAbandonedCartsResponse,
  type ListAlertsRequest,
  type ListAlertsResponse,
  type ListAttributionsRequest,
  type ListAttributionsResponse,
  type ListMetricsRequest,
  type ListMetricsResponse,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type ListWindowsRequest,
  type ListWindowsResponse,
  type RunSqlRequest,
  type RunSqlResponse,
  type TopGroupsRequest,
  type TopGroupsResponse,
  type WatchWindowsRequest,
  type WatchWindowsResponse,
} from '@tillstream/contracts';
import { grpcTarget, type ClientTls } from '@tillstream/doors';
import type { CliClock } from '../cli-clock';
import { isTlsProblem, TLS_REMEDY } from '../options/tls-options';
import { CliError } from '../cli-context';

type Asked<Request> = Partial<Request>;
type UnaryMethod<Request, Response> = (
  request: Asked<Request>,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => void;

interface GrpcClient {
  listMetrics: UnaryMethod<ListMetricsRequest, ListMetricsResponse>;
  listWindows: UnaryMethod<ListWindowsRequest, ListWindowsResponse>;
  topGroups: UnaryMethod<TopGroupsRequest, TopGroupsResponse>;
  listAlerts: UnaryMethod<ListAlertsRequest, ListAlertsResponse>;
  listSessions: UnaryMethod<ListSessionsRequest, ListSessionsResponse>;
  listAbandonedCarts: UnaryMethod<ListAbandonedCartsRequest, ListAbandonedCartsResponse>;
  listAttributions: UnaryMethod<ListAttributionsRequest, ListAttributionsResponse>;
  explainWindow: UnaryMethod<ExplainWindowRequest, ExplainWindowResponse>;
  runSql: UnaryMethod<RunSqlRequest, RunSqlResponse>;
  watchWindows(request: Asked<WatchWindowsRequest>, metadata: Metadata): ClientReadableStream<WatchWindowsResponse>;
  close(): void;
}

export interface QueryClientOptions {
  /** `host:port` of a query-api, or `grpcs://host:port`. */
  readonly address: string;
  readonly key: string | undefined;
  readonly timeoutMs: number;
  readonly tls: ClientTls;
}

/** What a watch that outlives its connections tells its reader. */
export type WatchNews =
  | { readonly kind: 'message'; readonly message: WatchWindowsResponse }
  /** The connection is gone; it is tried again, and goes on where it was. */
  | { readonly kind: 'lost'; readonly reason: string };

const RECONNECT_MS = 1_000;
/** Large answers are cut into pages by the server; a message of a watch is small. */
const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;
/** Statuses that another try, or another replica, may change. */
const PASSING: readonly status[] = [status.UNAVAILABLE, status.INTERNAL, status.UNKNOWN, status.RESOURCE_EXHAUSTED];

/** Asks a query-api. Whatever goes wrong is thrown as a CliError that says what to do. */
export class QueryClient {
  private readonly client: GrpcClient;

  constructor(private readonly options: QueryClientOptions) {
    const definition = loadSync(PROTO_FILES.query, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { query: { v1: { QueryService: GrpcClientConstructor } } };
    };
    const target = grpcTarget(options.address, options.tls);
    this.client = new tillstream.query.v1.QueryService(target.address, target.credentials, {
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      'grpc.keepalive_time_ms': 30_000,
    });
  }

  listMetrics(request: Asked<ListMetricsRequest>): Promise<ListMetricsResponse> {
    return this.ask(this.client.listMetrics, request);
  }

  listWindows(request: Asked<ListWindowsRequest>): Promise<ListWindowsResponse> {
    return this.ask(this.client.listWindows, request);
  }

  topGroups(request: Asked<TopGroupsRequest>): Promise<TopGroupsResponse> {
    return this.ask(this.client.topGroups, request);
  }

  runSql(request: Asked<RunSqlRequest>): Promise<RunSqlResponse> {
    return this.ask(this.client.runSql, request);
  }

  listAlerts(request: Asked<ListAlertsRequest>): Promise<ListAlertsResponse> {
    return this.ask(this.client.listAlerts, request);
  }

  listSessions(request: Asked<ListSessionsRequest>): Promise<ListSessionsResponse> {
    return this.ask(this.client.listSessions, request);
  }

  listAbandonedCarts(request: Asked<ListAbandonedCartsRequest>): Promise<ListAbandonedCartsResponse> {
    return this.ask(this.client.listAbandonedCarts, request);
  }

  listAttributions(request: Asked<ListAttributionsRequest>): Promise<ListAttributionsResponse> {
    return this.ask(this.client.listAttributions, request);
  }

  explainWindow(request: Asked<ExplainWindowRequest>): Promise<ExplainWindowResponse> {
    return this.ask(this.client.explainWindow, request);
  }

  /**
   * Watches until `signal` is aborted. A connection that breaks after the first message is made again, and the watch goes
   * on from its newest token: nothing is missed.
   */
  async *watch(request: Asked<WatchWindowsRequest>, clock: CliClock, signal: AbortSignal): AsyncGenerator<WatchNews> {
    let resumeToken = request.resumeToken ?? '';
    let reached = false;
    while (!signal.aborted) {
      try {
        for await (const message of this.openWatch({ ...request, resumeToken }, signal)) {
          reached = true;
          if (message.resumeToken !== '') resumeToken = message.resumeToken;
          yield { kind: 'message', message };
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isServiceError(error) || !reached || !PASSING.includes(error.code)) throw this.explain(error);
        yield { kind: 'lost', reason: error.details };
      }
      await clock.sleep(RECONNECT_MS, signal);
    }
  }

  close(): void {
    this.client.close();
  }

  private async *openWatch(
    request: Asked<WatchWindowsRequest>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchWindowsResponse> {
    const call = this.client.watchWindows(request, this.metadata());
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
    try {
      for await (const message of call) yield message as WatchWindowsResponse;
    } finally {
      signal.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  private ask<Request, Response>(method: UnaryMethod<Request, Response>, request: Asked<Request>): Promise<Response> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + this.options.timeoutMs };
      method.call(this.client, request, this.metadata(), options, (error, response) =>
        error ? reject(this.explain(error)) : resolve(response),
      );
    });
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.options.key !== undefined) metadata.set('authorization', `Bearer ${this.options.key}`);
    return metadata;
  }

  private explain(error: unknown): Error {
    if (!isServiceError(error)) return error instanceof Error ? error : new Error(String(error));
    const { address } = this.options;
    switch (error.code) {
      case status.UNAVAILABLE:
        if (isTlsProblem(error.details)) return new CliError(`no TLS with ${address}: ${error.details}`, TLS_REMEDY);
        return isAnswer(error)
          ? new CliError(`${address} answers: ${error.details}`, 'Try again in a moment.')
          : new CliError(
              `cannot reach ${address}: is the platform running?`,
              'npm start starts it; --query names another address, grpcs://host:port one with TLS.',
            );
      case status.DEADLINE_EXCEEDED:
        return new CliError(`${address} has not answered in time`, 'Ask for less, or give it more with --timeout.');
      case status.UNAUTHENTICATED:
        return new CliError(error.details, 'Give a read key with --key or TILLSTREAM_READ_KEY.');
      case status.UNIMPLEMENTED:
        return new CliError(`${address} is not a query-api`, 'Its gRPC port is 50052 unless configured otherwise.');
      default:
        return new CliError(error.details);
    }
  }
}

type GrpcClientConstructor = new (
  address: string,
  channelCredentials: ChannelCredentials,
  options: Readonly<Record<string, number>>,
) => GrpcClient;

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

/** UNAVAILABLE comes from the server itself, not from there being none. */
function isAnswer({ details }: ServiceError): boolean {
  return /^(not ready|this replica)/.test(details);
}
