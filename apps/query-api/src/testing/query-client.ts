import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type ExplainWindowRequest,
  type ExplainWindowResponse,
  type GetSessionRequest,
  type GetSessionResponse,
  type ListAbandonedCartsRequest,
  type ListAbandonedCartsResponse,
  type ListAlertsRequest,
  type ListAlertsResponse,
  type ListAttributionsRequest,
  type ListAttributionsResponse,
  type ListLateRequest,
  type ListLateResponse,
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
  type WindowResultMessage,
} from '@tillstream/contracts';

type Unary<Request, Response> = (
  request: Partial<Request>,
  metadata: Metadata,
  options: { readonly deadline?: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

interface RawClient {
  listMetrics: Unary<ListMetricsRequest, ListMetricsResponse>;
  listWindows: Unary<ListWindowsRequest, ListWindowsResponse>;
  topGroups: Unary<TopGroupsRequest, TopGroupsResponse>;
  listAlerts: Unary<ListAlertsRequest, ListAlertsResponse>;
  getSession: Unary<GetSessionRequest, GetSessionResponse>;
  listSessions: Unary<ListSessionsRequest, ListSessionsResponse>;
  listAbandonedCarts: Unary<ListAbandonedCartsRequest, ListAbandonedCartsResponse>;
  listAttributions: Unary<ListAttributionsRequest, ListAttributionsResponse>;
  listLate: Unary<ListLateRequest, ListLateResponse>;
  runSql: Unary<RunSqlRequest, RunSqlResponse>;
  explainWindow: Unary<ExplainWindowRequest, ExplainWindowResponse>;
  watchWindows(
    request: Partial<WatchWindowsRequest>,
    metadata: Metadata,
    options: { readonly deadline?: number },
  ): ClientReadableStream<WatchWindowsResponse>;
  close(): void;
}

/** A gRPC client over a real connection, for specs. */
export class QueryClient {
  private readonly client: RawClient;

  constructor(
    port: number,
    private readonly key?: string,
  ) {
    const definition = loadSync(PROTO_FILES.query, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { query: { v1: { QueryService: new (address: string, creds: unknown) => RawClient } } };
    };
    this.client = new tillstream.query.v1.QueryService(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  listMetrics(request: Partial<ListMetricsRequest>): Promise<ListMetricsResponse> {
    return this.unary(this.client.listMetrics, request);
  }

  listWindows(request: Partial<ListWindowsRequest>, deadline?: number): Promise<ListWindowsResponse> {
    return this.unary(this.client.listWindows, request, { deadline });
  }

  topGroups(request: Partial<TopGroupsRequest>): Promise<TopGroupsResponse> {
    return this.unary(this.client.topGroups, request);
  }

  runSql(request: Partial<RunSqlRequest>): Promise<RunSqlResponse> {
    return this.unary(this.client.runSql, request);
  }

  listAlerts(request: Partial<ListAlertsRequest>): Promise<ListAlertsResponse> {
    return this.unary(this.client.listAlerts, request);
  }

  getSession(request: Partial<GetSessionRequest>): Promise<GetSessionResponse> {
    return this.unary(this.client.getSession, request);
  }

  listSessions(request: Partial<ListSessionsRequest>): Promise<ListSessionsResponse> {
    return this.unary(this.client.listSessions, request);
  }

  listAbandonedCarts(request: Partial<ListAbandonedCartsRequest>): Promise<ListAbandonedCartsResponse> {
    return this.unary(this.client.listAbandonedCarts, request);
  }

  listAttributions(request: Partial<ListAttributionsRequest>): Promise<ListAttributionsResponse> {
    return this.unary(this.client.listAttributions, request);
  }

  listLate(request: Partial<ListLateRequest>): Promise<ListLateResponse> {
    return this.unary(this.client.listLate, request);
  }

  explainWindow(request: Partial<ExplainWindowRequest>, cancel?: AbortSignal): Promise<ExplainWindowResponse> {
    return this.unary(this.client.explainWindow, request, { cancel });
  }

  watch(request: Partial<WatchWindowsRequest>, deadline?: number): ClientReadableStream<WatchWindowsResponse> {
    return this.client.watchWindows(request, this.metadata(), deadline === undefined ? {} : { deadline });
  }

  /** All rows, page by page. */
  async allWindows(request: Partial<ListWindowsRequest>): Promise<WindowResultMessage[]> {
    const rows: WindowResultMessage[] = [];
    for (let pageToken = ''; ;) {
      const page = await this.listWindows({ ...request, pageToken });
      rows.push(...page.windows);
      pageToken = page.nextPageToken;
      if (pageToken === '') return rows;
    }
  }

  close(): void {
    this.client.close();
  }

  private unary<Request, Response>(
    call: Unary<Request, Response>,
    request: Partial<Request>,
    { deadline, cancel }: { readonly deadline?: number | undefined; readonly cancel?: AbortSignal | undefined } = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const options = deadline === undefined ? {} : { deadline };
      const asked = call.call(this.client, request, this.metadata(), options, (error, response) =>
        error ? reject(error) : resolve(response),
      );
      cancel?.addEventListener('abort', () => asked.cancel());
    });
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.key !== undefined) metadata.set('authorization', `Bearer ${this.key}`);
    return metadata;
  }
}
