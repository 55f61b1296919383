import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type {
  GetSessionRequest,
  ListAbandonedCartsRequest,
  ListAttributionsRequest,
  ListSessionsRequest,
} from '@tillstream/contracts';
import type { Clock } from '@tillstream/engine';
import {
  GrpcStatusError,
  unaryHandler,
  type CallContext,
  type UnexpectedErrorListener,
} from '@tillstream/nest-runtime';
import type { Histories } from '../history/window-history';
import type { QueryMetrics } from '../metrics/query-metrics';
import type { LogFollower } from '../results/log-follower';
import type { FollowedAttributions } from '../visits/followed-attributions';
import type { FollowedSessions } from '../visits/followed-sessions';
import type { FollowedVisits } from '../visits/followed-visits';
import { getSession } from './get-session';
import { listAbandonedCarts } from './list-abandoned-carts';
import { listAttributions } from './list-attributions';
import { listSessions } from './list-sessions';
import type { FollowedStream } from './streams';
import { timed } from './timed';

export interface VisitMethodOptions {
  /** By stream. */
  readonly visits: ReadonlyMap<string, FollowedVisits>;
  /** For what the views no longer hold. */
  readonly histories: Histories;
  readonly metrics: Pick<QueryMetrics, 'answered'>;
  readonly clock: Clock;
  readonly onUnexpected: UnexpectedErrorListener;
}

/** Finds a stream for a caller. @throws GrpcStatusError */
type FindStream = (name: string, context: CallContext) => FollowedStream;

/** Those methods of tillstream.query.v1.QueryService that are about sessions and attributions. */
export function visitMethods(find: FindStream, options: VisitMethodOptions): UntypedServiceImplementation {
  const { visits, onUnexpected } = options;
  const visitsOf = (request: { readonly stream: string }, context: CallContext): FollowedVisits | undefined =>
    visits.get(find(request.stream, context).stream.name);
  const sessions = (request: { readonly stream: string }, context: CallContext): FollowedSessions =>
    declared(visitsOf(request, context)?.sessions, request.stream, 'sessions');
  const attributions = (request: { readonly stream: string }, context: CallContext): FollowedAttributions =>
    declared(visitsOf(request, context)?.attributions, request.stream, 'attribution');
  return {
    getSession: unaryHandler(
      timed('GetSession', options, async (request: GetSessionRequest, context) =>
        getSession(sessions(request, context), request, options.histories, context.signal),
      ),
      onUnexpected,
    ),
    listSessions: unaryHandler(
      timed('ListSessions', options, async (request: ListSessionsRequest, context) =>
        listSessions(sessions(request, context), request, options.histories, context.signal),
      ),
      onUnexpected,
    ),
    listAbandonedCarts: unaryHandler(
      timed('ListAbandonedCarts', options, async (request: ListAbandonedCartsRequest, context) =>
        listAbandonedCarts(sessions(request, context), request, context.signal),
      ),
      onUnexpected,
    ),
    listAttributions: unaryHandler(
      timed('ListAttributions', options, async (request: ListAttributionsRequest, context) =>
        listAttributions(attributions(request, context), request, options.histories, context.signal),
      ),
      onUnexpected,
    ),
  };
}

/** @throws GrpcStatusError FAILED_PRECONDITION, UNAVAILABLE while the view has not caught up */
function declared<Followed extends { readonly follower: LogFollower }>(
  followed: Followed | null | undefined,
  stream: string,
  section: string,
): Followed {
  if (!followed) throw new GrpcStatusError(status.FAILED_PRECONDITION, `stream ${stream} declares no ${section}`);
  const { missing } = followed.follower;
  if (missing !== null) throw new GrpcStatusError(status.UNAVAILABLE, `not ready to answer yet: ${missing}`);
  return followed;
}
