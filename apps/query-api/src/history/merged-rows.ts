import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RowPlace } from '@tillstream/adapter-lake';
import { compareGroups } from '../view/group-order';
import { byInstant, type Instant, type RecentRow } from '../view/recent-rows';
import type { OlderQuestion, OlderRows } from './older-rows';

/** Rows of a view, and which older ones belong to them. */
export interface MergedQuestion<Row extends RecentRow> {
  /** Newest first by `instantOf`, of equal instants by id: those of the view, from where a page begins to where its range ends. */
  readonly rows: readonly Row[];
  readonly instantOf: Instant<Row>;
  /** Null: the view alone is asked. */
  readonly older: { readonly rows: OlderRows<Row>; readonly question: OlderQuestion } | null;
  /** Where the page begins. */
  readonly after: RowPlace | null;
  /** So many older rows are read at a time. */
  readonly limit: number;
}

/** Others are let work after so many rows. */
const ROWS_A_TURN = 2_000;

/**
 * The rows of a view and of a history in one order, each once, some at a time. The history is asked only by those who come to where
 * the view may lack rows: what is older than the seam by its time starts before it, too.
 */
export async function* mergedRows<Row extends RecentRow>({
  rows,
  instantOf,
  older,
  after,
  limit,
}: MergedQuestion<Row>): AsyncGenerator<readonly Row[]> {
  if (older === null || older.question.fromMs >= older.rows.seamMs) {
    yield* turns(rows);
    return;
  }
  let next = firstThatIsNot(rows, (row) => instantOf(row) >= older.rows.seamMs);
  yield* turns(rows.slice(0, next));
  for (let place = after; ;) {
    const page = await older.rows.page(older.question, place, limit);
    place = page.after;
    // Between what was read of the history and the rows behind it there may be more.
    const through = place === null ? rows.length : firstThatIsNot(rows, notBehind(place, instantOf));
    yield* turns(merged(rows.slice(next, through), page.rows, byInstant(instantOf)));
    next = Math.max(next, through);
    if (place === null) return;
  }
}

/** Whether a row stands before a place, or at it. */
export function notBehind<Row extends RecentRow>({ instantMs, id }: RowPlace, instantOf: Instant<Row>) {
  return (row: Row): boolean => (instantMs - instantOf(row) || compareGroups(row.id, id)) <= 0;
}

/** Index of the first row that a condition does not hold for, which holds for all rows before it and for none behind. */
export function firstThatIsNot<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(rows[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two lists in one order; what is in both is there once. */
function merged<Row>(a: readonly Row[], b: readonly Row[], compare: (a: Row, b: Row) => number): Row[] {
  const rows: Row[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const order = compare(a[i]!, b[j]!);
    rows.push(order <= 0 ? a[i]! : b[j]!);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
  return [...rows, ...a.slice(i), ...b.slice(j)];
}

async function* turns<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += ROWS_A_TURN) {
    if (from > 0) await nextTurn();
    yield rows.slice(from, from + ROWS_A_TURN);
  }
}
