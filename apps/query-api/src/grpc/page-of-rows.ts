import { firstThatIsNot, mergedRows, notBehind } from '../history/merged-rows';
import type { OlderQuestion, OlderRows } from '../history/older-rows';
import type { Instant, RecentRow } from '../view/recent-rows';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import type { TimeRange } from './time-range';
import { decodePageToken, encodePageToken } from './tokens';

/** Which rows are asked for. */
export interface RowQuestion<Row extends RecentRow> {
  /** Those of the view: newest first by `instantOf`, of equal instants by id. */
  readonly rows: readonly Row[];
  readonly instantOf: Instant<Row>;
  /** What the view may no longer have, and how that is asked for; null: the view alone is asked. */
  readonly older: { readonly rows: OlderRows<Row>; readonly question: Omit<OlderQuestion, 'fromMs' | 'toMs'> } | null;
  readonly range: TimeRange;
  readonly isWanted: (row: Row) => boolean;
  readonly pageSize: number;
  readonly pageToken: string;
  /** Of everything that is asked for, but for the page. */
  readonly digest: string;
}

/** So many older rows are held at most to make a page of. */
const MOST_OLDER_ROWS = 2_000;

/** Takes rows in their order, and gives those that make one entry of a page together with the last of them. */
type Gather<Row> = (row: Row) => readonly Row[] | null;

const eachByItself = <Row>(row: Row): readonly Row[] => [row];

/**
 * One page, as messages. Stops when nobody waits for it any more.
 *
 * @throws GrpcStatusError INVALID_ARGUMENT
 */
export async function pageOfRows<Row extends RecentRow, Message>(
  { rows, instantOf, older, range, isWanted, pageSize, pageToken, digest }: RowQuestion<Row>,
  toMessage: (rows: readonly Row[]) => Message,
  signal: AbortSignal,
  gather: Gather<Row> = eachByItself,
): Promise<{ readonly messages: Message[]; readonly nextPageToken: string }> {
  const limit = pageRows(pageSize);
  const end = decodePageToken(digest, pageToken);
  const after = end && { instantMs: end.startMs, id: end.group };
  const [fromMs, toMs] = [range.fromMs ?? -Infinity, range.toMs ?? Infinity];
  const isBehind = after === null ? () => false : notBehind(after, instantOf);
  const first = firstThatIsNot(rows, (row) => instantOf(row) >= toMs || isBehind(row));
  const portions = mergedRows({
    ...{ instantOf, after, limit: Math.min(limit + 1, MOST_OLDER_ROWS) },
    rows: rows.slice(
      first,
      firstThatIsNot(rows, (row) => instantOf(row) >= fromMs),
    ),
    older: older && { rows: older.rows, question: { ...older.question, fromMs, toMs } },
  });
  const messages: Message[] = [];
  let bytes = 0;
  let last: Row | null = null;
  for await (const portion of portions) {
    if (signal.aborted) break;
    for (const row of portion) {
      const entry = isWanted(row) ? gather(row) : null;
      if (entry === null) continue;
      const message = toMessage(entry);
      bytes += JSON.stringify(message).length;
      if (last !== null && (messages.length >= limit || bytes > MAX_PAGE_BYTES)) {
        return { messages, nextPageToken: encodePageToken(digest, { startMs: instantOf(last), group: last.id }) };
      }
      messages.push(message);
      last = entry[0]!;
    }
  }
  return { messages, nextPageToken: '' };
}
