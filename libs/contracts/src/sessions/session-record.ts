import { formatMoney, isAbandoned, sessionId } from '@tillstream/core';
import type { ClosedSession, SessionEdge, SessionsDefinition } from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import type { JsonMembers } from '../bytes/json-members';
import type { NewRecord } from '../record';
import { isoInstant } from '../results/instant';
import { cartFrom, cartJson } from './cart-json';

/** A session that is over, as its record tells it. */
export interface ToldSession extends ClosedSession {
  /** Of the declaration it was told under: `sessions@` and 8 hex digits. */
  readonly identity: string;
}

/**
 * The record of a session in the sessions topic: its key is the session's id, so that it is one session however often it is
 * written, and whoever writes it writes the same bytes. The value is JSON: instants and amounts as text, null for what is not known.
 */
export function encodeSession(
  session: ClosedSession,
  { identity }: Pick<SessionsDefinition, 'identity'>,
  moneyExponent: number,
): NewRecord {
  const { user, part, startMs, endMs, events, pageViews, carts, purchases, products, revenue } = session;
  const { entry, exit, device, location, path, clientSessions, cart, truncated, isCut, closedBy } = session;
  const value = {
    user,
    ...(part === null ? {} : { part }),
    start: isoInstant(startMs),
    end: isoInstant(endMs),
    duration_ms: endMs - startMs,
    events,
    page_views: pageViews,
    carts,
    purchases,
    products,
    revenue: formatMoney(revenue, moneyExponent),
    converted: purchases > 0,
    bounced: events === 1,
    entry: edgeJson(entry),
    exit: edgeJson(exit),
    device,
    location,
    path,
    client_sessions: clientSessions,
    cart: cartJson(cart, moneyExponent),
    abandoned: isAbandoned(session),
    cut: isCut,
    truncated,
    definition: identity.slice(identity.lastIndexOf('@') + 1),
    closed_by: closedBy,
  };
  return { key: Buffer.from(sessionId(session), 'utf8'), value: Buffer.from(JSON.stringify(value), 'utf8') };
}

/** Reads a record of a sessions topic; null for tombstones and what is not understood. */
export function decodeSession({ value }: Pick<NewRecord, 'value'>, moneyExponent: number): ToldSession | null {
  return readJsonValue(value, moneyExponent, (json) => ({
    identity: `sessions@${json.text('definition')}`,
    user: json.text('user'),
    part: json.textOrNull('part'),
    startMs: json.instant('start'),
    endMs: json.instant('end'),
    events: json.count('events'),
    pageViews: json.count('page_views'),
    carts: json.count('carts'),
    purchases: json.count('purchases'),
    products: json.count('products'),
    revenue: json.money('revenue'),
    entry: edgeFrom(json.object('entry')),
    exit: edgeFrom(json.object('exit')),
    device: json.textOrNull('device'),
    location: json.textOrNull('location'),
    path: json.texts('path'),
    clientSessions: json.texts('client_sessions'),
    cart: cartFrom(json, 'cart'),
    truncated: json.flag('truncated'),
    isCut: json.flag('cut'),
    closedBy: json.count('closed_by'),
  }));
}

function edgeJson({ product, category }: SessionEdge): SessionEdge {
  return { product, category };
}

function edgeFrom(json: JsonMembers): SessionEdge {
  return { product: json.textOrNull('product'), category: json.textOrNull('category') };
}
