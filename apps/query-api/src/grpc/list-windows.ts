import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ListWindowsRequest, ListWindowsResponse, WindowResultMessage } from '@tillstream/contracts';
import { listRows, type PageEnd } from '../view/row-query';
import { groupFilter } from './group-filter';
import { invalid } from './refusals';
import { instantOf } from './instants';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import { metricOf, type FollowedStream } from './streams';
import { decodePageToken, encodePageToken, questionDigest } from './tokens';

/** One page. Lets others work while it looks through many rows, and stops when nobody waits for it any more. */
export async function listWindows(
  { stream }: FollowedStream,
  request: ListWindowsRequest,
  signal: AbortSignal,
): Promise<ListWindowsResponse> {
  const codec = metricOf(stream, request.metric);
  const { identity } = codec.metric;
  const [fromMs, toMs] = [instantOf(request.from), instantOf(request.to)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs) throw invalid('from must be before to');
  const question = questionDigest(identity, request.group, request.finalOnly, fromMs, toMs);
  const after = decodePageToken(question, request.pageToken);
  const filter = {
    fromMs: fromMs ?? -Infinity,
    toMs: toMs ?? Infinity,
    newestWindows: null,
    group: groupFilter(codec, request.group),
    finalOnly: request.finalOnly,
  };

  const limit = pageRows(request.pageSize);
  const windows: WindowResultMessage[] = [];
  let bytes = 0;
  let end: PageEnd | null = null;
  const rows = stream.view.metric(identity);
  for (const row of listRows(rows, filter, after)) {
    if (row === null) {
      await nextTurn();
      if (signal.aborted) break;
      continue;
    }
    const isFull = windows.length >= limit || bytes + codec.bytesOf(row) > MAX_PAGE_BYTES;
    if (end !== null && isFull) return { windows, nextPageToken: encodePageToken(question, end), historyMissing: '' };
    windows.push(codec.toResult(row, rows));
    bytes += codec.bytesOf(row);
    end = { startMs: row.window.startMs, group: row.window.group(row.slot) };
  }
  return { windows, nextPageToken: '', historyMissing: '' };
}
