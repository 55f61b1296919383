import { status } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { contextOf, drained, GrpcStatusError, retryTrailers, statusOf, unaryHandler } from '@tillstream/nest-runtime';
import type { GrpcService, UnexpectedErrorListener } from '@tillstream/nest-runtime';
import type { GrpcIngest } from './grpc-ingest';
import type { PublishRequest, PublishResponse } from '@tillstream/contracts';

export const INGEST_SERVICE = 'tillstream.ingest.v1.IngestService';

/**
 * The calls of IngestService. The admission interceptor has let them in, and bounds what a stream has in flight.
 *
 * @param stopping ends every stream, once what was begun of it is answered
 */
export function createIngestService(
  ingest: GrpcIngest,
  stopping: AbortSignal,
  onUnexpected: UnexpectedErrorListener,
): GrpcService {
  const publish = unaryHandler<PublishRequest, PublishResponse>(async (request, { metadata }) => {
    const response = await ingest.publish(request, metadata);
    if (response.code !== (status.OK as number)) throw statusErrorOf(response);
    return response;
  }, onUnexpected);

  const publishStream: handleBidiStreamingCall<PublishRequest, PublishResponse> = (call) => {
    answerInOrder(call, ingest, stopping).then(
      () => call.end(),
      (error: unknown) => {
        if (!call.cancelled) call.emit('error', statusOf(error, call.getPath(), onUnexpected));
      },
    );
  };
  return { name: INGEST_SERVICE, methods: { publish, publishStream } };
}

/**
 * Starts on each body as it comes, so that several share a send to the log, and answers in the order of the bodies.
 *
 * @throws GrpcStatusError when the service stops: what has no answer by then was not taken, and is to be sent again elsewhere
 */
async function answerInOrder(
  call: ServerDuplexStream<PublishRequest, PublishResponse>,
  ingest: GrpcIngest,
  stopping: AbortSignal,
): Promise<void> {
  const { metadata, signal } = contextOf(call);
  let answered: Promise<void> = Promise.resolve();
  for await (const request of untilAborted(call as AsyncIterable<PublishRequest>, stopping)) {
    const response = ingest.publish(request, metadata);
    const earlier = answered;
    answered = (async () => {
      await earlier;
      if (!call.write(await response)) await drained(call, signal);
    })();
    answered.catch(() => {}); // seen when the last one is awaited
  }
  await answered;
  if (stopping.aborted) throw isStopping();
}

/** What comes before the signal. What was asked for then and comes too late is left to nobody. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  let stop = (): void => undefined;
  const stopped = new Promise<null>((resolve) => (stop = () => resolve(null)));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const item = await Promise.race([stopped, items.next()]);
      if (item === null || item.done === true) return;
      yield item.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function isStopping(): GrpcStatusError {
  const message = 'this replica is stopping: send what has no answer once more, over another call';
  return new GrpcStatusError(status.UNAVAILABLE, message, retryTrailers(status.UNAVAILABLE, message, 0));
}

function statusErrorOf({ code, message, retryAfterMs }: PublishResponse): GrpcStatusError {
  const metadata = retryAfterMs > 0 ? retryTrailers(code, message, retryAfterMs) : undefined;
  return new GrpcStatusError(code, message, metadata);
}
