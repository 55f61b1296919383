import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instant, RecentRow } from '../view/recent-rows';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import type { TimeRange } from './time-range';
import { decodePageToken, encodePageToken } from './tokens';

/** Which rows of a view are asked for. */
export interface RowQuestion<Row extends RecentRow> {
  /** Newest first by `instantOf`, of equal instants by id. */
  readonly rows: readonly Row[];
  readonly instantOf: Instant<Row>;
  readonly range: TimeRange;
  readonly isWanted: (row: Row) => boolean;
  readonly pageSize: number;
  readonly pageToken: string;
  /** Of everything that is asked for, but for the page. */
  readonly digest: string;
}

/** Others are let work after so many rows. */
const ROWS_A_TURN = 2_000;

/**
 * One page, as messages. Stops when nobody waits for it any more.
 *
 * @throws GrpcStatusError INVALID_ARGUMENT
 */
export async function pageOfRows<Row extends RecentRow, Message>(
  { rows, instantOf, range, isWanted, pageSize, pageToken, digest }: RowQuestion<Row>,
  toMessage: (row: Row) => Message,
  signal: AbortSignal,
): Promise<{ readonly messages: Message[]; readonly nextPageToken: string }> {
  const limit = pageRows(pageSize);
  const after = decodePageToken(digest, pageToken);
  const isBefore = (row: Row): boolean => {
    const instant = instantOf(row);
    if (range.toMs !== null && instant >= range.toMs) return true;
    return after !== null && (instant > after.startMs || (instant === after.startMs && row.id <= after.group));
  };
  const messages: Message[] = [];
  let bytes = 0;
  let last: Row | null = null;
  for (let i = firstThatIsNot(rows, isBefore), looked = 1; i < rows.length; i += 1, looked += 1) {
    const row = rows[i]!;
    if (range.fromMs !== null && instantOf(row) < range.fromMs) break;
    if (looked % ROWS_A_TURN === 0) await nextTurn();
    if (signal.aborted) break;
    if (!isWanted(row)) continue;
    const message = toMessage(row);
    bytes += JSON.stringify(message).length;
    if (last !== null && (messages.length >= limit || bytes > MAX_PAGE_BYTES)) {
      return { messages, nextPageToken: encodePageToken(digest, { startMs: instantOf(last), group: last.id }) };
    }
    messages.push(message);
    last = row;
  }
  return { messages, nextPageToken: '' };
}

/** Index of the first row that a condition does not hold for, which holds for all rows before it and for none behind. */
function firstThatIsNot<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(rows[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
