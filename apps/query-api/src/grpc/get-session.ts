import { status } from '@grpc/grpc-js';
import type { GetSessionRequest, GetSessionResponse } from '@tillstream/contracts';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import type { Histories } from '../history/window-history';
import type { FollowedSessions } from '../visits/followed-sessions';

/** A user may have this in the name, and so may what divides the user's events. */
const DIVIDER = '|';
/** Ways to take an id apart that are tried. */
const MOST_OWNERS = 8;

/** A session by its id: one that is over, of the view or of the lake, or one that is open. */
export async function getSession(
  followed: FollowedSessions,
  { id }: GetSessionRequest,
  histories: Histories,
  signal: AbortSignal,
): Promise<GetSessionResponse> {
  const closed = followed.withId(id);
  if (closed) return { session: closed };
  const older = followed.older(histories);
  const startMs = startOf(id);
  // What starts behind the seam ends behind it, and would be in the view.
  const stored = startMs !== null && startMs < older.seamMs ? await older.session(id, startMs) : null;
  if (stored) return { session: followed.toMessage(stored) };
  for (const user of ownersOf(id)) {
    const open = await followed.openNow(user, signal);
    const found = followed.withId(id) ?? open?.sessions.find((session) => session.id === id);
    if (found) return { session: found };
    if (open === null) {
      throw new GrpcStatusError(status.UNAVAILABLE, `no session ${id} is over, and which are open is not known now`);
    }
  }
  if (older.isWaiting) {
    throw new GrpcStatusError(
      status.UNAVAILABLE,
      `whether there is a session ${id} is not known now: ${older.missing}`,
    );
  }
  const reason = older.missing === '' ? '' : `: ${older.missing}`;
  throw new GrpcStatusError(status.NOT_FOUND, `there is no session ${id}, or it is no longer kept${reason}`);
}

/** Whose session it may be: `user|start`, or `user|part|start`. */
function ownersOf(id: string): string[] {
  const names = id.split(DIVIDER).slice(0, -1);
  return names.map((_, i) => names.slice(0, names.length - i).join(DIVIDER)).slice(0, MOST_OWNERS);
}

/** Null: no session has this id. */
function startOf(id: string): number | null {
  const [, start] = /\|(-?\d{1,16})$/.exec(id) ?? [];
  return start === undefined ? null : Number(start);
}
