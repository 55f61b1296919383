import { cartValue, sessionId } from '@tillstream/core';
import type { CartLine, ClosedSession, SessionsDefinition } from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import { RecordsWriter } from '../bytes/records-writer';
import type { NewRecord } from '../record';
import { cartFrom, writeCart } from '../sessions/cart-json';
import type { Found } from '../sessions/found';
import { hashOf } from '../sessions/found';

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

/** About what the record of a cart takes, with its key. */
const RECORD_BYTES = 512;

/** The records of carts in the alerts topic: key `a|session id`. To be written of sessions that are `isAbandoned`. */
export function encodeAbandonedCarts(
  found: readonly Found<ClosedSession, SessionsDefinition>[],
  moneyExponent: number,
): NewRecord[] {
  const json = new RecordsWriter(moneyExponent, RECORD_BYTES * found.length);
  for (const { told: session, settings } of found) {
    const { user, part, startMs, endMs, cart, truncated } = session;
    json.key(`${KEY}${sessionId(session)}`);
    json.text('{"kind":', ABANDONED_CART);
    json.text(',"definition":', hashOf(settings));
    json.text(',"user":', user);
    if (part !== null) json.text(',"part":', part);
    json.instant(',"start":', startMs);
    json.instant(',"end":', endMs);
    writeCart(json, ',"products":', cart);
    json.money(',"value":', cartValue(session) ?? NaN);
    json.flag(',"truncated":', truncated);
    json.ascii('}');
  }
  return json.finish();
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
