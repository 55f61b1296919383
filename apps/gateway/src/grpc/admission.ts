import { ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder, status } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { GrpcIngest } from './grpc-ingest';
import { INGEST_SERVICE } from './ingest-service';

/**
 * Stands before IngestService, in front of its messages:
 * - a caller without a write key is refused before a message of it is read;
 * - a stream has at most `maxUnanswered` bodies unanswered. The next one is held back, and with it everything behind it, until
 *   an answer has gone out: HTTP/2's flow control then stops the client.
 */
export function createAdmission(ingest: GrpcIngest, maxUnanswered: number): ServerInterceptor {
  return (method, call) => {
    if (!method.path.startsWith(`/${INGEST_SERVICE}/`)) return new ServerInterceptingCall(call);
    let unanswered = 0;
    let waiting: (() => void) | null = null;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (ingest.caller(metadata) !== null) return next(metadata);
        call.sendStatus({
          code: status.UNAUTHENTICATED,
          details: 'a known write key is needed: authorization: Bearer <write key>',
        });
      })
      .withOnReceiveMessage((message: unknown, next) => {
        const pass = (): void => {
          unanswered++;
          next(message);
        };
        if (unanswered < maxUnanswered) pass();
        else waiting = pass;
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMessage((message: unknown, next) => {
        unanswered--;
        next(message);
        const pass = waiting;
        waiting = null;
        pass?.();
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}
