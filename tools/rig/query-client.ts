import type {
  ListMetricsRequest,
  ListMetricsResponse,
  ListWindowsRequest,
  ListWindowsResponse,
  TopGroupsRequest,
  TopGroupsResponse,
} from '@tillstream/contracts';
import type { Ask, QueryStub } from './grpc-stubs';
import { queryStubAt } from './grpc-stubs';

const DEADLINE_MS = 20_000;

/** The questions to a query API that have one answer. Each rejects with a `ServiceError`, at the latest at its deadline. */
export class QueryClient {
  private readonly stub: QueryStub;

  /** @param address `host:port` */
  constructor(
    address: string,
    private readonly deadlineMs = DEADLINE_MS,
  ) {
    this.stub = queryStubAt(address);
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

  private ask<Request, Response>(question: Ask<Request, Response>, request: Partial<Request>): Promise<Response> {
    return new Promise((resolve, reject) => {
      question.call(this.stub, request, { deadline: Date.now() + this.deadlineMs }, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
  }
}
