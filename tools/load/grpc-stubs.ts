import type { Client, ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import { credentials, loadPackageDefinition, Metadata as GrpcMetadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type {
  ListWindowsRequest,
  ListWindowsResponse,
  PublishRequest,
  PublishResponse,
  WatchWindowsRequest,
  WatchWindowsResponse,
} from '@tillstream/contracts';
import { PROTO_FILES, PROTO_LOADER_OPTIONS, protoRoot } from '@tillstream/contracts';

type Unary<Request, Response> = (
  request: Partial<Request>,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => void;

export interface IngestStub extends Client {
  publish: Unary<PublishRequest, PublishResponse>;
}

export interface QueryStub extends Client {
  listWindows: Unary<ListWindowsRequest, ListWindowsResponse>;
  watchWindows(request: Partial<WatchWindowsRequest>): ClientReadableStream<WatchWindowsResponse>;
}

type StubClass<Stub> = new (address: string, channel: unknown, options: object) => Stub;
interface Loaded {
  tillstream: {
    ingest: { v1: { IngestService: StubClass<IngestStub> } };
    query: { v1: { QueryService: StubClass<QueryStub> } };
  };
}

/** Each stub has a connection of its own: real clients do not share one. */
const OPTIONS = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': 64 * 1024 * 1024 };
const loaded = loadPackageDefinition(
  loadSync([PROTO_FILES.ingest, PROTO_FILES.query], { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] }),
) as unknown as Loaded;

export function ingestStub(port: number): IngestStub {
  const { IngestService } = loaded.tillstream.ingest.v1;
  return new IngestService(`127.0.0.1:${port}`, credentials.createInsecure(), OPTIONS);
}

export function queryStub(port: number): QueryStub {
  const { QueryService } = loaded.tillstream.query.v1;
  return new QueryService(`127.0.0.1:${port}`, credentials.createInsecure(), OPTIONS);
}

export function bearer(key: string): Metadata {
  const metadata = new GrpcMetadata();
  metadata.set('authorization', `Bearer ${key}`);
  return metadata;
}
