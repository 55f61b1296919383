import type { Expression } from '../../expression/ast';
import type { PartitionLog } from '../../metrics/testing/partition-log';
import type { Row } from '../../metrics/testing/evaluate-row';
import { evaluateRow } from '../../metrics/testing/evaluate-row';
import type { StreamSchema } from '../../stream/schema';
import type { SessionsDefinition } from '../definition';
import type { ClosedSession, Session, SessionEdge } from '../session';

/** A row where it stands in the log. */
export interface PlacedRow {
  readonly offset: number;
  readonly index: number;
  readonly row: Row;
}

/** A row that came too late for sessions. */
export interface PlainLateVisit {
  readonly rawOffset: number;
  readonly index: number;
  readonly missedStartMs: number | null;
  readonly latenessMs: number;
}

/** What becomes of the rows of one partition. */
export interface SessionsVerdict {
  readonly closed: readonly ClosedSession[];
  readonly late: readonly PlainLateVisit[];
  readonly open: readonly Session[];
}

interface Over {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly throughMs: number;
  readonly isCut: boolean;
}

/** What is known of a user and the value that divides their events. */
interface Visits {
  readonly user: string;
  readonly part: string | null;
  rows: PlacedRow[];
  readonly over: Over[];
}

interface Found extends Over {
  readonly rows: readonly PlacedRow[];
  readonly closesAtMs: number;
}

/**
 * The sessions of one partition in plain code: after each record all rows of everybody that are in no closed session are sorted once more.
 * No summaries, no timers, no batches.
 */
export function judgeVisits(
  log: PartitionLog,
  sessions: SessionsDefinition,
  schema: StreamSchema,
  end = log.entries.length,
): SessionsVerdict {
  const visits = new Map<string, Visits>();
  const closed: ClosedSession[] = [];
  const late: PlainLateVisit[] = [];
  const timeOf = ({ row }: PlacedRow): number => row[schema.eventTime.field] as number;
  log.entries.slice(0, end).forEach((entry, i) => {
    const before = log.before(i).watermarkInputMs - sessions.outOfOrdernessMs;
    entry.rows.forEach((row, index) => {
      const who = whoOf(row, sessions, schema);
      if (who === null) return;
      const placed = { offset: entry.offset, index, row };
      const timeMs = timeOf(placed);
      const known = visits.get(JSON.stringify(who)) ?? { ...who, rows: [], over: [] };
      visits.set(JSON.stringify(who), known);
      const lateness = { rawOffset: entry.offset, index, latenessMs: before - timeMs };
      const missed = known.over.findLast(({ firstMs, throughMs }) => {
        return timeMs >= firstMs - sessions.gapMs && timeMs <= throughMs;
      });
      if (timeMs + sessions.gapMs < before) late.push({ ...lateness, missedStartMs: null });
      else if (missed !== undefined) late.push({ ...lateness, missedStartMs: missed.firstMs });
      else known.rows.push(placed);
    });
    const after = log.before(i + 1).watermarkInputMs - sessions.outOfOrdernessMs;
    for (const known of [...visits.values()].sort(byUserAndPart)) {
      for (;;) {
        const found = oldestOf(known, sessions, timeOf);
        if (found === null || found.closesAtMs > after) break;
        known.rows = known.rows.filter((row) => !found.rows.includes(row));
        known.over.push(found);
        const session = sessionOf(known.user, known.part, found.rows, sessions, schema);
        closed.push({ ...session, isCut: found.isCut, closedBy: entry.offset });
      }
    }
  });
  return { closed, late, open: [...visits.values()].sort(byUserAndPart).flatMap((known) => openOf(known)) };

  function openOf({ user, part, rows, over }: Visits): Session[] {
    const rest = { user, part, rows, over: [...over] };
    const open: Session[] = [];
    for (let found = oldestOf(rest, sessions, timeOf); found !== null; found = oldestOf(rest, sessions, timeOf)) {
      const { rows: own } = found;
      open.push(sessionOf(user, part, own, sessions, schema));
      rest.rows = rest.rows.filter((row) => !own.includes(row));
      rest.over.push(found);
    }
    return open;
  }
}

/** The session that the oldest of the rows begins. */
function oldestOf(
  { rows, over }: Visits,
  { gapMs, maxDurationMs }: SessionsDefinition,
  timeOf: (row: PlacedRow) => number,
): Found | null {
  if (rows.length === 0) return null;
  const linesMs = Math.floor(maxDurationMs / 2 / gapMs) * gapMs;
  const sorted = [...rows].sort((a, b) => timeOf(a) - timeOf(b) || a.offset - b.offset || a.index - b.index);
  const firstMs = timeOf(sorted[0] as PlacedRow);
  const before = over.at(-1);
  const isContinued = before?.isCut === true && firstMs - before.lastMs <= gapMs;
  const lineMs = (Math.floor(firstMs / linesMs) + (isContinued ? 1 : 2)) * linesMs;
  let lastMs = firstMs;
  for (const row of sorted) if (timeOf(row) - lastMs <= gapMs && timeOf(row) < lineMs) lastMs = timeOf(row);
  const isCut = lastMs + gapMs >= lineMs;
  return {
    ...{ firstMs, lastMs, isCut },
    throughMs: isCut ? lineMs - 1 : lastMs + gapMs,
    closesAtMs: isCut ? lineMs : lastMs + gapMs + 1,
    rows: sorted.filter((row) => timeOf(row) <= lastMs),
  };
}

/** What is told of the rows of one session, which are in order of time and log. */
export function sessionOf(
  user: string,
  part: string | null,
  rows: readonly PlacedRow[],
  sessions: SessionsDefinition,
  schema: StreamSchema,
): Session {
  let truncated = false;
  const textOf = (row: Row, field: string | null): string | null => {
    const value = field === null ? null : (row[field] ?? null);
    if (value === null || value === '') return null;
    const bytes = new TextEncoder().encode(String(value));
    if (bytes.length <= 256) return String(value);
    truncated = true;
    // What is left of the character at the cut is none.
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, 256)).replace(/\uFFFD+$/, '');
  };
  const is = (expression: Expression | null, row: Row): boolean =>
    expression !== null && evaluateRow(expression, row) === true;
  const numberOf = (row: Row, field: string | null): number | null =>
    field === null ? null : ((row[field] ?? null) as number | null);
  const texts = (field: string | null): string[] =>
    rows.map(({ row }) => textOf(row, field)).filter((text) => text !== null);
  const edges = rows
    .map(({ row }): SessionEdge => ({
      product: textOf(row, sessions.product),
      category: textOf(row, sessions.category),
    }))
    .filter(({ product, category }) => product !== null || category !== null);
  const products = new Set(texts(sessions.product));
  const path = texts(sessions.type);
  const clientSessions = [...new Set(texts(sessions.also))];
  const touched = new Map<string, { value: number | null; isIn: boolean }>();
  for (const { row } of rows) {
    const product = textOf(row, sessions.product);
    const isCart = is(sessions.cart, row);
    if (product === null || (!isCart && !is(sessions.removal, row))) continue;
    const price = numberOf(row, sessions.price);
    const value = price === null ? NaN : price * (numberOf(row, sessions.quantity) ?? 1);
    touched.delete(product);
    touched.set(product, { value: Number.isSafeInteger(value) ? value + 0 : null, isIn: isCart });
  }
  const revenue = rows
    .filter(({ row }) => is(sessions.purchase, row))
    .reduce((sum, { row }) => sum + BigInt(numberOf(row, sessions.revenue) ?? 0), 0n);
  if (products.size > 1000 || path.length > 50 || clientSessions.length > 20 || touched.size > 100) truncated = true;
  const time = ({ row }: PlacedRow): number => row[schema.eventTime.field] as number;
  const count = (expression: Expression | null): number => rows.filter(({ row }) => is(expression, row)).length;
  return {
    user,
    part,
    startMs: time(rows[0] as PlacedRow),
    endMs: time(rows.at(-1) as PlacedRow),
    events: rows.length,
    pageViews: count(sessions.pageView),
    carts: count(sessions.cart),
    purchases: count(sessions.purchase),
    products: Math.min(products.size, 1000),
    revenue: Number.isSafeInteger(Number(revenue)) ? Number(revenue) : NaN,
    entry: edges[0] ?? { product: null, category: null },
    exit: edges.at(-1) ?? { product: null, category: null },
    device: texts(sessions.device)[0] ?? null,
    location: texts(sessions.location)[0] ?? null,
    path: path.slice(0, 50),
    clientSessions: clientSessions.slice(0, 20),
    cart: [...touched]
      .slice(-100)
      .filter(([, { isIn }]) => isIn)
      .map(([product, { value }]) => ({ product, value })),
    truncated,
  };
}

/** Whose a row is; null: nobody's. */
function whoOf(
  row: Row,
  { by }: SessionsDefinition,
  { key }: StreamSchema,
): { readonly user: string; readonly part: string | null } | null {
  const has = (field: string): boolean => (row[field] ?? null) !== null && row[field] !== '';
  const keyField = key.find(has);
  if (keyField === undefined) return null;
  const partField = by.find(has);
  const isDivided = partField !== undefined && partField !== keyField;
  return { user: String(row[keyField]), part: isDivided ? String(row[partField]) : null };
}

function byUserAndPart(a: Visits, b: Visits): number {
  return (
    compareTexts(a.user, b.user) ||
    Number(a.part !== null) - Number(b.part !== null) ||
    compareTexts(a.part ?? '', b.part ?? '')
  );
}

/** By code point, as UTF-8 is ordered. */
function compareTexts(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) as number) - (right[i]?.codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
