import type { WatchWindowsRequest, WatchWindowsResponse } from '@tillstream/contracts';
import { queryStubAt } from '../rig/grpc-stubs';

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
  const stub = queryStubAt(address);
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
