import type { AcceptedRow, PartitionOutcome } from './decide-partition';
import { decimalText } from './decimal';
import type { PlainDefinition, PlainRow } from './plain-definition';
import type { ExpectedLateVisit, ExpectedRecord, PlainVisits } from './plain-visits';
import { keyOf, textOf, type Stretch } from './stretch';

const MOST_PRODUCTS = 1_000;
const LONGEST_PATH = 50;
const MOST_CLIENT_SESSIONS = 20;
const MOST_IN_CART = 100;

/** A session that is over. */
interface Over {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Nothing of the visitor up to here is taken any more. */
  readonly throughMs: number;
  readonly isCut: boolean;
}

/** The events of one user, or of one part of them, that are in no session that is over; and those sessions. */
interface Visitor {
  readonly user: string;
  readonly part: string | null;
  rows: AcceptedRow[];
  readonly over: Over[];
}

/**
 * The sessions of a stretch of one partition: record by record, all rows that are in no session that is over are sorted and looked
 * at anew.
 */
export function expectedSessions(
  definition: PlainDefinition,
  sessions: PlainVisits,
  outcome: PartitionOutcome,
  { from, until, sinceMs }: Stretch,
): { readonly sessions: ExpectedRecord[]; readonly carts: ExpectedRecord[]; readonly late: ExpectedLateVisit[] } {
  const { gapMs, outOfOrdernessMs } = sessions;
  const told: {
    readonly sessions: ExpectedRecord[];
    readonly carts: ExpectedRecord[];
    readonly late: ExpectedLateVisit[];
  } = { sessions: [], carts: [], late: [] };
  const visitors = new Map<string, Visitor>();
  const leastMs = sinceMs + gapMs + 1;
  let watermarkMs = -Infinity;
  const close = (visitor: Visitor, closedBy: number, reachedMs: number, isEnd: boolean): void => {
    for (;;) {
      const first = firstOf(sessions, visitor);
      if (first === null || reachedMs < (first.isCut ? first.throughMs + 1 : first.lastMs + gapMs + 1)) return;
      const members = visitor.rows.filter(({ eventTimeMs }) => eventTimeMs <= first.lastMs);
      visitor.rows = visitor.rows.filter((row) => !members.includes(row));
      visitor.over.push(first);
      const session = sessionJson(definition, sessions, visitor, members);
      const isCut = first.isCut || isEnd;
      const isAbandoned = session.cart.length > 0 && session.purchases === 0 && !isCut;
      const key = [visitor.user, ...(visitor.part === null ? [] : [visitor.part]), first.firstMs].join('|');
      told.sessions.push({ key, json: { ...session, abandoned: isAbandoned, cut: isCut, closed_by: closedBy } });
      if (isAbandoned) told.carts.push({ key: `a|${key}`, json: cartJson(definition, session) });
    }
  };
  for (const [offset, inputAfterMs] of outcome.inputsAfterMs) {
    if (offset < from) {
      watermarkMs = Math.max(inputAfterMs - outOfOrdernessMs, leastMs);
      continue;
    }
    if (offset >= until) {
      // Others are in force: the first record behind them ends what there is.
      for (const visitor of visitors.values()) close(visitor, offset, Infinity, true);
      break;
    }
    watermarkMs = Math.max(watermarkMs, leastMs);
    for (const row of outcome.accepted.filter((one) => one.offset === offset)) {
      const who = whoOf(definition, sessions, row.row);
      if (who === null) continue;
      const name = JSON.stringify(who);
      const visitor = visitors.get(name) ?? { ...who, rows: [], over: [] };
      visitors.set(name, visitor);
      const latenessMs = watermarkMs - row.eventTimeMs;
      const missed = visitor.over.at(-1);
      const isMissed = missed !== undefined && row.eventTimeMs <= missed.throughMs;
      if (row.eventTimeMs + gapMs < watermarkMs || isMissed) {
        const missedStartsMs = row.eventTimeMs + gapMs < watermarkMs || !missed ? [] : [missed.firstMs];
        told.late.push({ id: row.id, metric: 'sessions', missedStartsMs, latenessMs });
      } else visitor.rows.push(row);
    }
    watermarkMs = Math.max(watermarkMs, inputAfterMs - outOfOrdernessMs);
    for (const visitor of visitors.values()) close(visitor, offset, watermarkMs, false);
  }
  return told;
}

/** The earliest session of a visitor's rows; null: there are none. */
function firstOf({ gapMs, maxDurationMs }: PlainVisits, { rows, over }: Visitor): Over | null {
  const times = rows.map(({ eventTimeMs }) => eventTimeMs).sort((a, b) => a - b);
  const [firstMs] = times;
  if (firstMs === undefined) return null;
  const before = over.at(-1);
  const half = gapMs * Math.floor(maxDurationMs / (2 * gapMs));
  const crossed = before?.isCut === true && firstMs <= before.lastMs + gapMs ? 1 : 0;
  const lineMs = half * (Math.floor(firstMs / half) + 2 - crossed);
  let lastMs = firstMs;
  for (const time of times) {
    if (time >= lineMs || time > lastMs + gapMs) break;
    lastMs = time;
  }
  const isCut = lastMs + gapMs >= lineMs;
  return { firstMs, lastMs, isCut, throughMs: isCut ? lineMs - 1 : lastMs + gapMs };
}

function whoOf(
  definition: PlainDefinition,
  { by }: PlainVisits,
  row: PlainRow,
): { readonly user: string; readonly part: string | null } | null {
  const keyField = keyOf(definition, row);
  if (keyField === null) return null;
  const partField = by.find((field) => textOf(row, field) !== null);
  const part = partField === undefined || partField === keyField ? null : textOf(row, partField);
  return { user: textOf(row, keyField) ?? '', part };
}

interface CartLine {
  readonly product: string;
  readonly value: string | null;
}

function sessionJson(
  { minorDigits }: PlainDefinition,
  sessions: PlainVisits,
  { user, part }: Visitor,
  members: readonly AcceptedRow[],
) {
  const rows = [...members].sort((a, b) => a.eventTimeMs - b.eventTimeMs || a.offset - b.offset || a.index - b.index);
  const texts = (field: string | null): string[] => rows.flatMap(({ row }) => textOf(row, field) ?? []);
  const count = (holds: PlainVisits['cart']): number => rows.filter(({ row }) => holds?.(row) === true).length;
  const edges = rows
    .map(({ row }) => ({ product: textOf(row, sessions.product), category: textOf(row, sessions.category) }))
    .filter(({ product, category }) => product !== null || category !== null);
  const nowhere = { product: null, category: null };
  const products = new Set(texts(sessions.product)).size;
  const path = texts(sessions.type);
  const clientSessions = [...new Set(texts(sessions.also))];
  const touched = new Map<string, CartLine | null>();
  for (const { row } of rows) {
    const product = textOf(row, sessions.product);
    const isPut = sessions.cart?.(row) === true;
    if (product === null || (!isPut && sessions.removal?.(row) !== true)) continue;
    const price = sessions.price === null ? null : (row[sessions.price] ?? null);
    const quantity = (sessions.quantity === null ? null : row[sessions.quantity]) ?? 1;
    const value = typeof price === 'bigint' ? decimalText(price * BigInt(Number(quantity)), minorDigits) : null;
    touched.delete(product);
    touched.set(product, isPut ? { product, value } : null);
  }
  const { revenue } = sessions;
  const sum = rows
    .filter(({ row }) => sessions.purchase?.(row) === true)
    .reduce((total, { row }) => total + BigInt((revenue === null ? null : (row[revenue] as bigint | null)) ?? 0), 0n);
  const [startMs, endMs] = [rows[0]?.eventTimeMs ?? NaN, rows.at(-1)?.eventTimeMs ?? NaN];
  const purchases = count(sessions.purchase);
  return {
    user,
    ...(part === null ? {} : { part }),
    start: iso(startMs),
    end: iso(endMs),
    duration_ms: endMs - startMs,
    events: rows.length,
    page_views: count(sessions.pageView),
    carts: count(sessions.cart),
    purchases,
    products: Math.min(products, MOST_PRODUCTS),
    revenue: decimalText(sum, minorDigits),
    converted: purchases > 0,
    bounced: rows.length === 1,
    entry: edges[0] ?? nowhere,
    exit: edges.at(-1) ?? nowhere,
    device: texts(sessions.device)[0] ?? null,
    location: texts(sessions.location)[0] ?? null,
    path: path.slice(0, LONGEST_PATH),
    client_sessions: clientSessions.slice(0, MOST_CLIENT_SESSIONS),
    cart: [...touched.values()].slice(-MOST_IN_CART).filter((line) => line !== null),
    truncated:
      products > MOST_PRODUCTS ||
      path.length > LONGEST_PATH ||
      clientSessions.length > MOST_CLIENT_SESSIONS ||
      touched.size > MOST_IN_CART,
  };
}

function cartJson(
  { minorDigits }: PlainDefinition,
  session: ReturnType<typeof sessionJson>,
): Readonly<Record<string, unknown>> {
  const { user, part, start, end, cart, truncated } = session;
  const values = cart.flatMap(({ value }) => (value === null ? [] : BigInt(value.replace('.', ''))));
  return {
    kind: 'abandoned_cart',
    user,
    ...(part === undefined ? {} : { part }),
    start,
    end,
    products: cart,
    value:
      values.length === 0
        ? null
        : decimalText(
            values.reduce((a, b) => a + b, 0n),
            minorDigits,
          ),
    truncated,
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
