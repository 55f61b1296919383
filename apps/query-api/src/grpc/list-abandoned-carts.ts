import type { ListAbandonedCartsRequest, ListAbandonedCartsResponse } from '@tillstream/contracts';
import type { Instant } from '../view/recent-rows';
import type { FollowedSessions } from '../visits/followed-sessions';
import type { SessionRow } from '../visits/session-rows';
import { pageOfRows } from './page-of-rows';
import { timeRange } from './time-range';
import { questionDigest } from './tokens';

const endOf: Instant<SessionRow> = ({ timeMs }) => timeMs;

/** One page of the carts that sessions have left behind, those first that ended last. */
export async function listAbandonedCarts(
  followed: FollowedSessions,
  request: ListAbandonedCartsRequest,
  signal: AbortSignal,
): Promise<ListAbandonedCartsResponse> {
  const { user, pageSize, pageToken } = request;
  const range = timeRange(request);
  const { messages, nextPageToken } = await pageOfRows(
    {
      rows: followed.rowsOf(user, endOf),
      instantOf: endOf,
      older: null,
      range,
      isWanted: ({ isAbandoned }) => isAbandoned,
      pageSize,
      pageToken,
      digest: questionDigest('carts', followed.stream, user, range),
    },
    ([row]) => followed.toCart(row!),
    signal,
  );
  return { carts: messages, nextPageToken };
}
