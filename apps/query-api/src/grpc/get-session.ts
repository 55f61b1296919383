import { status } from '@grpc/grpc-js';
import type { GetSessionRequest, GetSessionResponse } from '@tillstream/contracts';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import type { FollowedSessions } from '../visits/followed-sessions';

/** A user may have this in the name, and so may what divides the user's events. */
const DIVIDER = '|';
/** Ways to take an id apart that are tried. */
const MOST_OWNERS = 8;

/** A session by its id, over or open. */
export async function getSession(
  followed: FollowedSessions,
  { id }: GetSessionRequest,
  signal: AbortSignal,
): Promise<GetSessionResponse> {
  const closed = followed.withId(id);
  if (closed) return { session: closed };
  for (const user of ownersOf(id)) {
    const open = await followed.openNow(user, signal);
    const found = followed.withId(id) ?? open?.sessions.find((session) => session.id === id);
    if (found) return { session: found };
    if (open === null) {
      throw new GrpcStatusError(status.UNAVAILABLE, `no session ${id} is over, and which are open is not known now`);
    }
  }
  throw new GrpcStatusError(status.NOT_FOUND, `there is no session ${id}, or it is no longer kept`);
}

/** Whose session it may be: `user|start`, or `user|part|start`. */
function ownersOf(id: string): string[] {
  const names = id.split(DIVIDER).slice(0, -1);
  return names.map((_, i) => names.slice(0, names.length - i).join(DIVIDER)).slice(0, MOST_OWNERS);
}
