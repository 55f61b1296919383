import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { retryTrailers } from './status-error';

const HEALTH_WATCH = '/grpc.health.v1.Health/Watch';
const STOPPING = 'this replica is stopping: call again, it is another one that answers';

/**
 * The calls that a server has under way, so that those which would never end by themselves can be ended with a status that
 * every client knows what to do with: a connection that is cut instead tells it nothing.
 */
export class OpenCalls {
  private readonly open = new Map<ServerInterceptingCall, string>();

  /** To be the last of a server's interceptors, and so the nearest to the handlers: what ends a call here passes all others. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const tracked = new TrackedCall(call, () => this.open.delete(tracked));
    this.open.set(tracked, method.path);
    return tracked;
  };

  /** Those who watch the health of the server: they have been told, and would watch for ever. */
  endHealthWatches(): void {
    this.end((path) => path === HEALTH_WATCH);
  }

  endAll(): void {
    this.end(() => true);
  }

  private end(isMeant: (path: string) => boolean): void {
    const trailers = retryTrailers(status.UNAVAILABLE, STOPPING, 0);
    for (const [call, path] of [...this.open]) {
      if (isMeant(path)) call.sendStatus({ code: status.UNAVAILABLE, details: STOPPING, metadata: trailers });
    }
  }
}

/** Tells once when its call is over, however that came about. */
class TrackedCall extends ServerInterceptingCall {
  constructor(call: ServerInterceptingCallInterface, over: () => void) {
    super(call, {
      start: (next) =>
        next({
          onCancel: over,
        }),
      sendStatus: (ending, next) => {
        over();
        next(ending);
      },
    });
  }
}
