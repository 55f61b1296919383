import { status } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { contextOf, drained, GrpcStatusError, retryTrailers, statusOf, unaryHandler } from '@tillstream/nest-runtime';
import type { GrpcService, UnexpectedErrorListener } from '@tillstream/nest-runtime';
import type { Caller } from '../ingest/write-keys';
import type { GrpcIngest } from './grpc-ingest';
import type { PublishRequest, PublishResponse } from '@tillstream/contracts';

export const INGEST_SERVICE = 'tillstream.ingest.v1.IngestService';

/** The calls of IngestService. The admission interceptor has let them in, and bounds what a stream has in flight. */
export function createIngestService(ingest: GrpcIngest, onUnexpected: UnexpectedErrorListener): GrpcService {
  const publish = unaryHandler<PublishRequest, PublishResponse>(async (request, { metadata }) => {
    const response = await ingest.publish(request, authenticated(ingest.caller(metadata)));
    if (response.code !== (status.OK as number)) throw statusErrorOf(response);
    return response;
  }, onUnexpected);

  const publishStream: handleBidiStreamingCall<PublishRequest, PublishResponse> = (call) => {
    answerInOrder(call, ingest).then(
      () => call.end(),
      (error: unknown) => {
        if (!call.cancelled) call.emit('error', statusOf(error, call.getPath(), onUnexpected));
      },
    );
  };
  return { name: INGEST_SERVICE, methods: { publish, publishStream } };
}

/** Starts on each body as it comes, so that several share a send to the log, and answers in the order of the bodies. */
async function answerInOrder(
  call: ServerDuplexStream<PublishRequest, PublishResponse>,
  ingest: GrpcIngest,
): Promise<void> {
  const { metadata, signal } = contextOf(call);
  const caller = authenticated(ingest.caller(metadata));
  let answered: Promise<void> = Promise.resolve();
  for await (const request of call as AsyncIterable<PublishRequest>) {
    const response = ingest.publish(request, caller);
    const earlier = answered;
    answered = (async () => {
      await earlier;
      if (!call.write(await response)) await drained(call, signal);
    })();
    answered.catch(() => {}); // seen when the last one is awaited
  }
  await answered;
}

function authenticated(caller: Caller | null): Caller {
  if (caller !== null) return caller;
  throw new GrpcStatusError(status.UNAUTHENTICATED, 'a known write key is needed: authorization: Bearer <write key>');
}

function statusErrorOf({ code, message, retryAfterMs }: PublishResponse): GrpcStatusError {
  const metadata = retryAfterMs > 0 ? retryTrailers(code, message, retryAfterMs) : undefined;
  return new GrpcStatusError(code, message, metadata);
}
