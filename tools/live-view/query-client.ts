import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  type ListMetricsRequest,
  type ListMetricsResponse,
  type ListWindowsRequest,
  type ListWindowsResponse,
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type TopGroupsRequest,
  type TopGroupsResponse,
} from '@tillstream/contracts';

const DEADLINE_MS = 2_000;

type Call<Request, Response> = (
  request: Partial<Request>,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => void;

interface Stub extends Client {
  listMetrics: Call<ListMetricsRequest, ListMetricsResponse>;
  listWindows: Call<ListWindowsRequest, ListWindowsResponse>;
  topGroups: Call<TopGroupsRequest, TopGroupsResponse>;
}

/** The questions the live view asks the query API. */
export class QueryClient {
  private readonly stub: Stub;

  /** @param address `host:port` */
  constructor(address: string) {
    const definition = loadSync(PROTO_FILES.query, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { query: { v1: { QueryService: new (address: string, channel: unknown) => Stub } } };
    };
    this.stub = new tillstream.query.v1.QueryService(address, credentials.createInsecure());
  }

  listMetrics(request: Partial<ListMetricsRequest>): Promise<ListMetricsResponse> {
    return this.ask(this.stub.listMetrics, request);
  }

  listWindows(request: Partial<ListWindowsRequest>): Promise<ListWindowsResponse> {
    return this.ask(this.stub.listWindows, request);
  }

  topGroups(request: Partial<TopGroupsRequest>): Promise<TopGroupsResponse> {
    return this.ask(this.stub.topGroups, request);
  }

  close(): void {
    this.stub.close();
  }

  private ask<Request, Response>(call: Call<Request, Response>, request: Partial<Request>): Promise<Response> {
    return new Promise((resolve, reject) => {
      call.call(this.stub, request, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
  }
}
