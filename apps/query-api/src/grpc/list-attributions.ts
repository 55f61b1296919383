import { toTimestamp, type ListAttributionsRequest, type ListAttributionsResponse } from '@tillstream/contracts';
import type { Instant } from '../view/recent-rows';
import type { FollowedAttributions } from '../visits/followed-attributions';
import type { AttributionRow } from '../visits/attribution-rows';
import { pageOfRows } from './page-of-rows';
import { invalid, listed } from './refusals';
import { missingBefore, timeRange } from './time-range';
import { questionDigest } from './tokens';

const timeOf: Instant<AttributionRow> = ({ timeMs }) => timeMs;

/** One page of a stream's purchases with the views that led to them, newest first. */
export async function listAttributions(
  followed: FollowedAttributions,
  request: ListAttributionsRequest,
  signal: AbortSignal,
): Promise<ListAttributionsResponse> {
  const { user, pageSize, pageToken } = request;
  const on = Object.entries(request.on);
  const strange = on.find(([field]) => !followed.on.includes(field));
  if (strange) throw invalid(`attributions of ${followed.stream} are on ${listed(followed.on)}, not ${strange[0]}`);
  const range = timeRange(request);
  const { messages, nextPageToken } = await pageOfRows(
    {
      rows: followed.rowsOf(user, on),
      instantOf: timeOf,
      range,
      isWanted: followed.isFirstOf(user, on),
      pageSize,
      pageToken,
      digest: questionDigest('attributions', followed.stream, user, on.sort(), range),
    },
    followed.toMessage,
    signal,
  );
  const { completeFromMs } = followed;
  return {
    attributions: messages,
    nextPageToken,
    completeFrom: completeFromMs === null ? null : toTimestamp(completeFromMs),
    historyMissing: missingBefore('purchases', range, completeFromMs),
  };
}
