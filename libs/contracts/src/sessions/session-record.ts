import { isAbandoned, sessionId } from '@tillstream/core';
import type { ClosedSession, SessionEdge, SessionsDefinition } from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import type { JsonMembers } from '../bytes/json-members';
import { RecordsWriter } from '../bytes/records-writer';
import type { NewRecord } from '../record';
import { cartFrom, writeCart } from './cart-json';
import type { Found } from './found';
import { hashOf } from './found';

/** A session that is over, as its record tells it. */
export interface ToldSession extends ClosedSession {
  /** Of the declaration it was told under: `sessions@` and 8 hex digits. */
  readonly identity: string;
}

/** About what the record of a session takes, with its key. */
const RECORD_BYTES = 1024;

/**
 * The records of sessions in the sessions topic: the key is the session's id, so that it is one session however often it is
 * written, and whoever writes it writes the same bytes. The value is JSON: instants and amounts as text, null for what is not known.
 */
export function encodeSessions(
  found: readonly Found<ClosedSession, SessionsDefinition>[],
  moneyExponent: number,
): NewRecord[] {
  const json = new RecordsWriter(moneyExponent, RECORD_BYTES * found.length);
  for (const { told, settings } of found) writeSession(json, told, hashOf(settings));
  return json.finish();
}

function writeSession(json: RecordsWriter, session: ClosedSession, definition: string): void {
  const { startMs, endMs, purchases, events, part } = session;
  json.key(sessionId(session));
  json.text('{"user":', session.user);
  if (part !== null) json.text(',"part":', part);
  json.instant(',"start":', startMs);
  json.instant(',"end":', endMs);
  json.count(',"duration_ms":', endMs - startMs);
  json.count(',"events":', events);
  json.count(',"page_views":', session.pageViews);
  json.count(',"carts":', session.carts);
  json.count(',"purchases":', purchases);
  json.count(',"products":', session.products);
  json.money(',"revenue":', session.revenue);
  json.flag(',"converted":', purchases > 0);
  json.flag(',"bounced":', events === 1);
  writeEdge(json, ',"entry":', session.entry);
  writeEdge(json, ',"exit":', session.exit);
  json.text(',"device":', session.device);
  json.text(',"location":', session.location);
  json.texts(',"path":', session.path);
  json.texts(',"client_sessions":', session.clientSessions);
  writeCart(json, ',"cart":', session.cart);
  json.flag(',"abandoned":', isAbandoned(session));
  json.flag(',"cut":', session.isCut);
  json.flag(',"truncated":', session.truncated);
  json.text(',"definition":', definition);
  json.count(',"closed_by":', session.closedBy);
  json.ascii('}');
}

function writeEdge(json: RecordsWriter, label: string, { product, category }: SessionEdge): void {
  json.ascii(label);
  json.text('{"product":', product);
  json.text(',"category":', category);
  json.ascii('}');
}

/** Reads a record of a sessions topic; null for tombstones and what is not understood. */
export function decodeSession({ value }: Pick<NewRecord, 'value'>, moneyExponent: number): ToldSession | null {
  return readJsonValue(value, moneyExponent, (json) => ({
    identity: `sessions@${json.text('definition')}`,
    user: json.text('user'),
    part: json.textOrNull('part'),
    startMs: json.instant('start'),
    endMs: endOf(json),
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

/** @throws RangeError for a session that ends before it begins */
function endOf(json: JsonMembers): number {
  const endMs = json.instant('end');
  if (endMs < json.instant('start')) throw new RangeError('it ends before it begins');
  return endMs;
}

function edgeFrom(json: JsonMembers): SessionEdge {
  return { product: json.textOrNull('product'), category: json.textOrNull('category') };
}
