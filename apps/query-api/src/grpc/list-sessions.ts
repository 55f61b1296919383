import {
  SESSION_INSTANT,
  fromTimestamp,
  toTimestamp,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type SessionMessage,
} from '@tillstream/contracts';
import type { Histories } from '../history/window-history';
import type { Instant } from '../view/recent-rows';
import type { SessionRow } from '../visits/session-rows';
import type { FollowedSessions } from '../visits/followed-sessions';
import { pageOfRows } from './page-of-rows';
import { invalid } from './refusals';
import { isWithin, timeRange } from './time-range';
import { questionDigest } from './tokens';

const startOf: Instant<SessionRow> = ({ startMs }) => startMs;
const endOf: Instant<SessionRow> = ({ timeMs }) => timeMs;

/** One page of a stream's sessions, newest first; on the first one also those of the user that are open. */
export async function listSessions(
  followed: FollowedSessions,
  request: ListSessionsRequest,
  histories: Histories,
  signal: AbortSignal,
): Promise<ListSessionsResponse> {
  const { user, convertedOnly, includeOpen, pageSize, pageToken } = request;
  if (includeOpen && user === '') throw invalid('open sessions are those of a user: say which, or leave them out');
  const byEnd = request.by === SESSION_INSTANT.end;
  const range = timeRange(request);
  const digest = questionDigest('sessions', followed.stream, user, byEnd, range, convertedOnly, includeOpen);
  const isOpenWanted = ({ start, end, converted }: SessionMessage): boolean =>
    isWithin(range, fromTimestamp((byEnd ? end : start)!)) && (converted || !convertedOnly);

  const isOpenAsked = includeOpen && pageToken === '';
  // Before the view is looked at: a session that has been closed since is then found there.
  const open = isOpenAsked ? await followed.openNow(user, signal) : null;
  const instantOf = byEnd ? endOf : startOf;
  const older = followed.older(histories);
  const { messages, nextPageToken } = await pageOfRows(
    {
      rows: followed.rowsOf(user, instantOf),
      instantOf,
      older: { rows: older, question: { by: byEnd ? 'time' : 'start', user, convertedOnly, on: [] } },
      range,
      isWanted: ({ isConverted }) => isConverted || !convertedOnly,
      pageSize,
      pageToken,
      digest,
    },
    ([row]) => followed.toMessage(row!),
    signal,
  );
  const { completeFromMs } = followed;
  return {
    sessions: [...(open?.sessions.filter(isOpenWanted) ?? []), ...messages],
    nextPageToken,
    openSessionsUnknown: isOpenAsked && open === null,
    openAsOf: open?.asOf ?? null,
    completeFrom: completeFromMs === null ? null : toTimestamp(completeFromMs),
    historyMissing: older.missing,
  };
}
