import { toTimestamp, type ListAttributionsRequest, type ListAttributionsResponse } from '@tillstream/contracts';
import type { Histories } from '../history/window-history';
import type { Instant } from '../view/recent-rows';
import type { FollowedAttributions } from '../visits/followed-attributions';
import type { AttributionRow } from '../visits/attribution-rows';
import { pageOfRows } from './page-of-rows';
import { invalid, listed } from './refusals';
import { timeRange } from './time-range';
import { questionDigest } from './tokens';

const timeOf: Instant<AttributionRow> = ({ timeMs }) => timeMs;

/** One page of a stream's purchases with the views that led to them, newest first. */
export async function listAttributions(
  followed: FollowedAttributions,
  request: ListAttributionsRequest,
  histories: Histories,
  signal: AbortSignal,
): Promise<ListAttributionsResponse> {
  const { user, pageSize, pageToken } = request;
  const on = Object.entries(request.on);
  const strange = on.find(([field]) => !followed.on.includes(field));
  if (strange) throw invalid(`attributions of ${followed.stream} are on ${listed(followed.on)}, not ${strange[0]}`);
  const range = timeRange(request);
  const older = followed.older(histories);
  const { messages, nextPageToken } = await pageOfRows(
    {
      rows: followed.rowsOf(user, on),
      instantOf: timeOf,
      older: { rows: older, question: { by: 'time', user, convertedOnly: false, on } },
      range,
      isWanted: followed.isOf(user, on),
      pageSize,
      pageToken,
      digest: questionDigest('attributions', followed.stream, user, on.sort(), range),
    },
    followed.toMessage,
    signal,
    wholePurchases(),
  );
  const { completeFromMs } = followed;
  return {
    attributions: messages,
    nextPageToken,
    completeFrom: completeFromMs === null ? null : toTimestamp(completeFromMs),
    historyMissing: older.missing,
  };
}

/** Purchases of which all rows come, which stand together in the order of their touches. */
function wholePurchases(): (row: AttributionRow) => readonly AttributionRow[] | null {
  let rows: AttributionRow[] = [];
  return (row) => {
    if (row.purchaseId !== rows[0]?.purchaseId) rows = [];
    if (row.touch === rows.length + 1) rows.push(row);
    return row.touch === row.rows && rows.length === row.rows ? rows : null;
  };
}
