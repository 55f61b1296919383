import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { GrpcStatusError } from './status-error';

/** What a handler may know of its call. */
export interface CallContext {
  readonly metadata: Metadata;
  /** Aborted when the client cancels, goes away, or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Told of errors that are not statuses: they are faults of ours, and the client learns nothing of them but INTERNAL. */
export type UnexpectedErrorListener = (method: string, error: unknown) => void;

/** A unary method from an async function. */
export function unaryHandler<Request, Response>(
  handle: (request: Request, context: CallContext) => Promise<Response>,
  onUnexpected: UnexpectedErrorListener,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handle(call.request, contextOf(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error, call.getPath(), onUnexpected)),
    );
  };
}

/**
 * A server-streaming method from an async generator, with back-pressure: the next message is asked for only when the
 * client's connection has taken the last ones, so a client that stops reading costs a few messages of memory, however long
 * it stays. When the call is cancelled the generator is returned from (its `finally` blocks run), also while it waits: it
 * should wait only on what `context.signal` aborts.
 */
export function serverStreamHandler<Request, Response>(
  produce: (request: Request, context: CallContext) => AsyncIterable<Response>,
  onUnexpected: UnexpectedErrorListener,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const context = contextOf(call);
    writeAll(call, produce(call.request, context), context.signal).then(
      () => call.end(),
      (error: unknown) => {
        if (!context.signal.aborted) call.emit('error', statusOf(error, call.getPath(), onUnexpected));
      },
    );
  };
}

async function writeAll<Response>(
  call: ServerWritableStream<unknown, Response>,
  messages: AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) return;
    if (!call.write(message)) await drained(call, signal);
    if (signal.aborted) return;
  }
}

/** Resolves when the stream takes more, or the call is over. */
export async function drained(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(call, 'drain', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'cancelled'> & NodeJS.EventEmitter;

/** Metadata of a call and a signal that follows its cancellation. */
export function contextOf(call: AnyCall): CallContext {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.once('cancelled', () => controller.abort());
  return { metadata: call.metadata, signal: controller.signal };
}

/** The status a call ends with when its handler has thrown `error`. */
export function statusOf(error: unknown, method: string, onUnexpected: UnexpectedErrorListener): GrpcStatusError {
  if (error instanceof GrpcStatusError) return error;
  onUnexpected(method, error);
  return new GrpcStatusError(status.INTERNAL, 'internal error');
}
