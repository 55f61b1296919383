import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ListWindowsRequest, ListWindowsResponse } from '@tillstream/contracts';
import { OlderWindows, type AnsweredRow } from '../history/older-windows';
import type { Histories } from '../history/window-history';
import type { MetricCodec } from '../results/metric-codec';
import { compareGroups } from '../view/group-order';
import { listRows, type PageEnd, type RowFilter, type RowRef } from '../view/row-query';
import { groupFilter, groupParts } from './group-filter';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import { metricOf, type FollowedStream } from './streams';
import { timeRange } from './time-range';
import { decodePageToken, encodePageToken, questionDigest } from './tokens';

/** The view may lose windows while the lake is read. */
const MOST_TRIES = 5;

interface Question {
  readonly codec: MetricCodec;
  readonly filter: RowFilter;
  /** What stands in the text of every group that is asked for. */
  readonly groupHas: readonly string[];
  readonly after: PageEnd | null;
  readonly limit: number;
}

/**
 * One page, of the view and, for what it no longer has, of the lake. Lets others work while it looks through many rows, and stops when
 * nobody waits for it any more.
 */
export async function listWindows(
  { stream }: FollowedStream,
  request: ListWindowsRequest,
  histories: Histories,
  signal: AbortSignal,
): Promise<ListWindowsResponse> {
  const codec = metricOf(stream, request.metric);
  const { identity } = codec.metric;
  const { fromMs, toMs } = timeRange(request);
  const question = questionDigest(identity, request.group, request.finalOnly, fromMs, toMs);
  const after = decodePageToken(question, request.pageToken);
  const asked: Question = {
    ...{ codec, after, limit: pageRows(request.pageSize) },
    groupHas: groupParts(codec, request.group),
    filter: {
      ...{ fromMs: fromMs ?? -Infinity, toMs: toMs ?? Infinity, newestWindows: null },
      ...{ group: groupFilter(codec, request.group), finalOnly: request.finalOnly },
    },
  };
  const firstMs = after?.startMs ?? asked.filter.fromMs;
  for (let tries = 1; ; tries += 1) {
    const older = await OlderWindows.open(stream, codec, firstMs, histories);
    const page = await pageOf(asked, older, listRows(stream.view.metric(identity), asked.filter, after), signal);
    if (older.isOvertaken && tries < MOST_TRIES && !signal.aborted) continue;
    // What is missing is told as of the moment when the rows were taken: nothing was awaited since.
    const historyMissing = older.isOvertaken ? CHANGING : older.missing(firstMs);
    return {
      windows: await older.complete(page.rows),
      nextPageToken: page.end === null ? '' : encodePageToken(question, page.end),
      historyMissing,
    };
  }
}

const CHANGING = 'older results may be missing: the view loses them faster than they are read';

/** Rows of a page, and where it ends when there may be more. */
interface Page {
  readonly rows: readonly AnsweredRow[];
  readonly end: PageEnd | null;
}

async function pageOf(
  { codec, filter, groupHas, after, limit }: Question,
  older: OlderWindows,
  live: Iterable<RowRef | null>,
  signal: AbortSignal,
): Promise<Page> {
  const { identity } = codec.metric;
  const toMs = Math.min(filter.toMs, older.seamMs);
  const wanted = limit + 1;
  const found =
    older.history === null || Math.max(filter.fromMs, after?.startMs ?? -Infinity) >= toMs
      ? []
      : await older.history.page({
          ...{ identity, fromMs: filter.fromMs, toMs, groupHas, limit: wanted },
          after: after && { startMs: after.startMs, group: codec.groupJson(after.group) },
        });
  const isAll = found.length < wanted;
  const stored = found.flatMap((final) => older.storedRow(final) ?? []).filter(({ group }) => passes(filter, group));
  const lastFound = found.at(-1);
  const lookedThrough: PageEnd | null = lastFound
    ? { startMs: lastFound.startMs, group: codec.groupText(JSON.parse(lastFound.group) as Record<string, string>) }
    : null;

  const rows: AnsweredRow[] = [];
  let bytes = 0;
  let end: PageEnd | null = null;
  /** False: the page is full. */
  const take = (row: AnsweredRow, size: number): boolean => {
    if (end !== null && (rows.length >= limit || bytes + size > MAX_PAGE_BYTES)) return false;
    rows.push(row);
    bytes += size;
    end = { startMs: row.startMs, group: row.group };
    return true;
  };
  const takeStored = (row: AnsweredRow): boolean => take(row, codec.bytesOfRecord(JSON.stringify(row.values)));

  let next = 0;
  for (const row of live) {
    if (row === null) {
      await nextTurn();
      if (signal.aborted) return { rows, end: null };
      continue;
    }
    const place = { startMs: row.window.startMs, group: row.window.group(row.slot) };
    for (; next < stored.length && comparePlaces(stored[next]!, place) < 0; next += 1) {
      if (!takeStored(stored[next]!)) return { rows, end };
    }
    const same = stored[next] && comparePlaces(stored[next]!, place) === 0 ? stored[next++]! : null;
    // Between what was read of the lake and this row there may be more of the lake.
    if (!isAll && next === stored.length && same === null && comparePlaces(lookedThrough!, place) < 0) break;
    const isTaken =
      same !== null && !row.window.isFinal(row.slot) ? takeStored(same) : take(older.rowOf(row), codec.bytesOf(row));
    if (!isTaken) return { rows, end };
  }
  for (; next < stored.length; next += 1) if (!takeStored(stored[next]!)) return { rows, end };
  return { rows, end: isAll ? null : lookedThrough };
}

function passes({ group }: RowFilter, text: string): boolean {
  if (group === null) return true;
  return 'only' in group ? group.only === text : group.matches(text);
}

function comparePlaces(a: PageEnd, b: PageEnd): number {
  return a.startMs - b.startMs || compareGroups(a.group, b.group);
}
