import { ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder, status } from '@grpc/grpc-js';
import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { limitMessage, type Grant, type KeyLimits, type KeyRing, type ShownKey } from '@tillstream/doors';
import { authorizationOf, UNAUTHENTICATED } from './read-keys';
import { retryTrailers } from './status-error';

/** Who is let in to ask, and how often. */
export interface KeyGateOptions {
  readonly ring: KeyRing;
  readonly limits: KeyLimits;
  /** Of the wall: keys expire by it. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Whoever starts and watches a service has no key; neither tells anything of a stream. */
const OPEN_TO_ALL = ['/grpc.health.', '/grpc.reflection.'];

/**
 * Stands before every service but health and reflection:
 * - a caller without a key that holds, or who calls too often, is refused before a message of the call is read;
 * - nothing more goes out to a call whose key has expired, was taken away, or opens something else by now: a watch may last
 *   for longer than the right to it.
 */
export function createKeyGate({ ring, limits, nowMs, monotonicMs }: KeyGateOptions): ServerInterceptor {
  const admit = (shown: ShownKey): Status | Grant => {
    const found = shown(nowMs());
    if (found.kind !== 'granted') return { code: status.UNAUTHENTICATED, details: UNAUTHENTICATED[found.kind] };
    const admission = limits.admit(found.grant, monotonicMs());
    if (admission.kind === 'admitted') return found.grant;
    const [code, details] = [status.RESOURCE_EXHAUSTED, limitMessage(admission)];
    return { code, details, metadata: retryTrailers(code, details, admission.waitMs) };
  };
  return (method, call) => {
    if (ring.isOpen || OPEN_TO_ALL.some((prefix) => method.path.startsWith(prefix))) {
      return new ServerInterceptingCall(call);
    }
    let shown = ring.shown(undefined);
    let rights = '';
    const holds = (): boolean => {
      const found = shown(nowMs());
      return found.kind === 'granted' && rightsOf(found.grant) === rights;
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        shown = ring.shown(authorizationOf(metadata));
        const admitted = admit(shown);
        if ('code' in admitted) return call.sendStatus(admitted);
        rights = rightsOf(admitted);
        next(metadata);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMessage((message: unknown, next) => {
        if (holds()) return next(message);
        call.sendStatus({
          code: status.UNAUTHENTICATED,
          details: 'the read key does not hold any more: call with a new one',
        });
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}

const rightsOf = ({ streams, sqlStreams }: Grant): string => JSON.stringify([streams, sqlStreams]);
