import type {
  ChannelCredentials,
  ChannelOptions,
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ServiceError,
} from '@grpc/grpc-js';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type {
  ListMetricsRequest,
  ListMetricsResponse,
  ListWindowsRequest,
  ListWindowsResponse,
  PublishRequest,
  PublishResponse,
  TopGroupsRequest,
  TopGroupsResponse,
  WatchWindowsRequest,
  WatchWindowsResponse,
} from '@tillstream/contracts';
import { PROTO_FILES, PROTO_LOADER_OPTIONS, protoRoot } from '@tillstream/contracts';

type Answer<Response> = (error: ServiceError | null, response: Response) => void;
/** Epoch ms at which the call is given up. */
interface CallOptions {
  readonly deadline?: number;
}
/** A call with one answer. */
export type Ask<Request, Response> = (
  request: Partial<Request>,
  options: CallOptions,
  answer: Answer<Response>,
) => void;

export interface IngestStub extends Client {
  publish(
    request: Partial<PublishRequest>,
    metadata: Metadata,
    options: CallOptions,
    answer: Answer<PublishResponse>,
  ): void;
  publishStream(metadata: Metadata): ClientDuplexStream<Partial<PublishRequest>, PublishResponse>;
}

export interface QueryStub extends Client {
  listMetrics: Ask<ListMetricsRequest, ListMetricsResponse>;
  listWindows: Ask<ListWindowsRequest, ListWindowsResponse>;
  topGroups: Ask<TopGroupsRequest, TopGroupsResponse>;
  watchWindows(request: Partial<WatchWindowsRequest>): ClientReadableStream<WatchWindowsResponse>;
}

type StubClass<Stub> = new (address: string, channel: unknown, options: ChannelOptions) => Stub;
interface Loaded {
  tillstream: {
    ingest: { v1: { IngestService: StubClass<IngestStub> } };
    query: { v1: { QueryService: StubClass<QueryStub> } };
  };
}

/** Each stub has a connection of its own, as real clients have, and takes whatever a server sends. */
const OWN_CONNECTION: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};
const loaded = loadPackageDefinition(
  loadSync([PROTO_FILES.ingest, PROTO_FILES.query], { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] }),
) as unknown as Loaded;

/** A client of a gateway on this machine. */
export function ingestStub(port: number, options = OWN_CONNECTION): IngestStub {
  const { IngestService } = loaded.tillstream.ingest.v1;
  return new IngestService(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}

/** A client of a query API on this machine. */
export function queryStub(port: number): QueryStub {
  return queryStubAt(`127.0.0.1:${port}`, OWN_CONNECTION);
}

/** @param address `host:port` */
export function queryStubAt(address: string, options: ChannelOptions = {}): QueryStub {
  const { QueryService } = loaded.tillstream.query.v1;
  return new QueryService(address, credentials.createInsecure(), options);
}

/** As a client with a certificate or a key has it. */
export interface KeyedQueryStub extends Client {
  listMetrics(request: Partial<ListMetricsRequest>, metadata: Metadata, answer: Answer<ListMetricsResponse>): void;
}

/** @param address `host:port` */
export function queryStubWith(address: string, channel: ChannelCredentials): KeyedQueryStub {
  const { QueryService } = loaded.tillstream.query.v1;
  return new QueryService(address, channel, OWN_CONNECTION) as unknown as KeyedQueryStub;
}

/** What a call says of who makes it. */
export function bearer(key: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  return metadata;
}
