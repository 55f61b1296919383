import { status } from '@grpc/grpc-js';
import type { CountOpenSessionsRequest, GetOpenSessionRequest } from '@tillstream/contracts';
import { opens } from '@tillstream/doors';
import { GrpcStatusError, unaryHandler, type CallContext, type GrpcService } from '@tillstream/nest-runtime';
import type { FaceParts } from '@tillstream/worker-runtime';
import { NoSessionsError, NotTrackedError, OpenSessions } from './open-sessions';

/** tillstream.sessions.v1.SessionService */
export function createSessionService({ definitions, store, readHistory, keys, onUnexpected }: FaceParts): GrpcService {
  const streams = new Map(
    definitions.map((definition) => [definition.schema.stream, new OpenSessions(definition, store, readHistory)]),
  );
  const named = (stream: string, { metadata }: CallContext): OpenSessions => {
    const allowed = keys.streamsFor(metadata);
    const found = opens(allowed, stream) ? streams.get(stream) : undefined;
    if (found) return found;
    const names = [...streams.keys()].filter((name) => opens(allowed, name)).join(', ') || 'none';
    throw new GrpcStatusError(status.NOT_FOUND, `there is no stream "${stream}"; there is ${names}`);
  };
  return {
    name: 'tillstream.sessions.v1.SessionService',
    methods: {
      getOpenSession: unaryHandler(
        ({ stream, user, part }: GetOpenSessionRequest, context) =>
          answered(async () => named(stream, context).of(user, part)),
        onUnexpected,
      ),
      countOpenSessions: unaryHandler(
        ({ stream }: CountOpenSessionsRequest, context) => answered(async () => named(stream, context).count()),
        onUnexpected,
      ),
    },
  };
}

/** @throws GrpcStatusError for what there is no answer to */
async function answered<Response>(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof NotTrackedError) throw new GrpcStatusError(status.UNAVAILABLE, error.message);
    if (error instanceof NoSessionsError) throw new GrpcStatusError(status.NOT_FOUND, error.message);
    throw error;
  }
}
