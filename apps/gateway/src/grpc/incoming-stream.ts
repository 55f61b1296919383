import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Readable } from 'node:stream';

/**
 * The bytes of a call as they come in. grpc-js shows interceptors a message only when the whole of it is in memory; what is on
 * its way can be counted only on the HTTP/2 stream that it keeps in the innermost call.
 *
 * @throws Error when grpc-js keeps it elsewhere: without it nothing would bound our memory
 */
export function incomingStreamOf(call: ServerInterceptingCallInterface): Readable {
  const { stream } = call as unknown as { readonly stream?: Readable };
  if (typeof stream?.prependListener !== 'function' || typeof stream.pause !== 'function') {
    throw new Error(
      'this version of @grpc/grpc-js does not show the stream of a call: what is coming cannot be bounded',
    );
  }
  return stream;
}
