import { type Client, type ClientReadableStream, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type WatchWindowsRequest,
  type WatchWindowsResponse,
} from '@tillstream/contracts';

interface Stub extends Client {
  watchWindows(request: Partial<WatchWindowsRequest>): ClientReadableStream<WatchWindowsResponse>;
}

/** A watch of one metric. */
export interface RunningWatch {
  /** Rejects when the watch ends by itself. */
  readonly failed: Promise<never>;
  close(): void;
}

/** Watches a metric of a query API at `host:port` until closed. */
export function watchWindows(
  address: string,
  request: Partial<WatchWindowsRequest>,
  onMessage: (message: WatchWindowsResponse) => void,
): RunningWatch {
  const definition = loadSync(PROTO_FILES.query, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
  const { tillstream } = loadPackageDefinition(definition) as unknown as {
    tillstream: { query: { v1: { QueryService: new (address: string, channel: unknown) => Stub } } };
  };
  const stub = new tillstream.query.v1.QueryService(address, credentials.createInsecure());
  const call = stub.watchWindows(request);
  let closed = false;
  call.on('data', onMessage);
  const failed = new Promise<never>((_resolve, reject) => {
    call.on('error', (error) => closed || reject(error));
    call.on('end', () => closed || reject(new Error('the watch has ended')));
  });
  failed.catch(() => undefined); // whoever waits hears it
  return {
    failed,
    close: () => {
      closed = true;
      call.cancel();
      stub.close();
    },
  };
}
