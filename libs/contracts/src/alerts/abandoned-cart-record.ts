import { cartValue, formatMoney, sessionId } from '@tillstream/core';
import type { CartLine, ClosedSession, SessionsDefinition } from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import type { NewRecord } from '../record';
import { isoInstant } from '../results/instant';
import { cartFrom, cartJson } from '../sessions/cart-json';

/** A cart that somebody has left behind: their session is over, with something in it and no purchase. */
export interface AbandonedCart {
  /** The session's. */
  readonly id: string;
  readonly identity: string;
  readonly user: string;
  readonly part: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly products: readonly CartLine[];
  /** What they come to, in minor units; null: no product has a price. */
  readonly value: number | null;
  /** Products were left out, or texts were cut. */
  readonly truncated: boolean;
}

const ABANDONED_CART = 'abandoned_cart';
const KEY = 'a|';

/** The record of a session's cart in the alerts topic: key `a|session id`. To be written of sessions that are `isAbandoned`. */
export function encodeAbandonedCart(
  session: ClosedSession,
  { identity }: Pick<SessionsDefinition, 'identity'>,
  moneyExponent: number,
): NewRecord {
  const { user, part, startMs, endMs, cart, truncated } = session;
  const worth = cartValue(session);
  const value = {
    kind: ABANDONED_CART,
    definition: identity.slice(identity.lastIndexOf('@') + 1),
    user,
    ...(part === null ? {} : { part }),
    start: isoInstant(startMs),
    end: isoInstant(endMs),
    products: cartJson(cart, moneyExponent),
    value: worth === null ? null : formatMoney(worth, moneyExponent),
    truncated,
  };
  return {
    key: Buffer.from(`${KEY}${sessionId(session)}`, 'utf8'),
    value: Buffer.from(JSON.stringify(value), 'utf8'),
  };
}

/** Reads a record of an alerts topic; null for what is not of an abandoned cart. */
export function decodeAbandonedCart(
  { key, value }: Pick<NewRecord, 'key' | 'value'>,
  moneyExponent: number,
): AbandonedCart | null {
  const text = key === null ? '' : new TextDecoder().decode(key);
  if (!text.startsWith(KEY)) return null;
  return readJsonValue(value, moneyExponent, (json) => {
    if (json.text('kind') !== ABANDONED_CART) throw new RangeError('of something else');
    return {
      id: text.slice(KEY.length),
      identity: `sessions@${json.text('definition')}`,
      user: json.text('user'),
      part: json.textOrNull('part'),
      startMs: json.instant('start'),
      endMs: json.instant('end'),
      products: cartFrom(json, 'products'),
      value: json.moneyOrNull('value'),
      truncated: json.flag('truncated'),
    };
  });
}
