import { ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder, status } from '@grpc/grpc-js';
import type { Responder, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import type { PublishRequest } from '@tillstream/contracts';
import { retryTrailers } from '@tillstream/nest-runtime';
import { ArrivingBodies } from './arriving-bodies';
import type { ArrivalProblem } from './arriving-bodies';
import { UNAUTHENTICATED, type GrpcIngest } from './grpc-ingest';
import { incomingStreamOf } from './incoming-stream';
import { INGEST_SERVICE } from './ingest-service';

export interface AdmissionOptions {
  /** Bodies of a stream. */
  readonly maxUnanswered: number;
  readonly maxBodyBytes: number;
  /** Longer messages are refused by grpc-js. */
  readonly maxMessageBytes: number;
  /** How long a body may take to come. */
  readonly bodyTimeoutMs: number;
}

/**
 * Stands before IngestService, in front of its messages:
 * - a caller without a write key is refused before a message of it is read;
 * - a body takes its share of what may be in flight before it is read. Where there is no room for it, a call of one body ends,
 *   and a stream waits;
 * - a stream has at most `maxUnanswered` bodies unanswered. The next one is held back, and with it everything behind it, until
 *   an answer has gone out: HTTP/2's flow control then stops the client.
 */
export function createAdmission(ingest: GrpcIngest, options: AdmissionOptions): ServerInterceptor {
  const { maxUnanswered, maxBodyBytes, maxMessageBytes, bodyTimeoutMs } = options;
  return (method, call) => {
    if (!method.path.startsWith(`/${INGEST_SERVICE}/`)) return new ServerInterceptingCall(call);
    const stream = incomingStreamOf(call);
    /** In order, with the one that is held back. */
    const unanswered: PublishRequest[] = [];
    let waiting: (() => void) | null = null;
    const bodies = new ArrivingBodies({
      stream,
      lane: () => ingest.lane,
      mayWait: method.requestStream,
      maxBodyBytes,
      maxMessageBytes,
      timeoutMs: bodyTimeoutMs,
      refuse: (problem) => call.sendStatus(statusOf(problem, ingest, bodyTimeoutMs)),
    });
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const { kind } = ingest.find(metadata);
        if (kind === 'granted') return next(metadata);
        ingest.turnedAway(status.UNAUTHENTICATED);
        call.sendStatus({ code: status.UNAUTHENTICATED, details: UNAUTHENTICATED[kind] });
      })
      .withOnReceiveMessage((message: PublishRequest, next) =>
        bodies.whenCounted((share) => {
          ingest.arrived(message, share);
          if (unanswered.push(message) <= maxUnanswered) next(message);
          else waiting = () => next(message);
        }),
      )
      .withOnCancel(() => {
        // The call is over, however that came about. What is still coming is read and thrown away.
        bodies.close();
        for (const request of unanswered) ingest.abandoned(request);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMessage((message: unknown, next) => {
        unanswered.shift();
        next(message);
        const pass = waiting;
        waiting = null;
        pass?.();
      })
      .build();
    return new AdmittedCall(call, responder, bodies);
  };
}

/** Reads on only while there is room for what comes. */
class AdmittedCall extends ServerInterceptingCall {
  constructor(
    call: ServerInterceptingCallInterface,
    responder: Responder,
    private readonly bodies: ArrivingBodies,
  ) {
    super(call, responder);
  }

  override startRead(): void {
    this.bodies.whenReadable(() => super.startRead());
  }
}

function statusOf(
  problem: ArrivalProblem,
  ingest: GrpcIngest,
  timeoutMs: number,
): Parameters<ServerInterceptingCallInterface['sendStatus']>[0] {
  if (problem === 'too-slow') {
    ingest.turnedAway(status.DEADLINE_EXCEEDED);
    return { code: status.DEADLINE_EXCEEDED, details: `a body must have come after ${timeoutMs} ms` };
  }
  const { code, message, retryAfterMs } = ingest.refuseUnread();
  return { code, details: message, metadata: retryTrailers(code, message, retryAfterMs) };
}
