import {
  formatMoney,
  sessionId,
  type CartLine,
  type ClosedSession,
  type Session,
  type SessionEdge,
} from '@tillstream/core';
import { toDuration, toTimestamp } from './query-messages';
import type { CartLineMessage, SessionEdgeMessage, SessionMessage } from './session-messages';

/** Where a session comes from: what its own record or field does not say. */
export interface SessionOrigin {
  readonly partition: number;
  /** Digits of the stream's currency. */
  readonly exponent: number;
}

/** A session as services tell each other, and others, of it. */
export function toSessionMessage(
  session: Session | ClosedSession,
  { partition, exponent }: SessionOrigin,
): SessionMessage {
  const { user, part, startMs, endMs, events, pageViews, carts, purchases, products, path, clientSessions } = session;
  const closed = 'closedBy' in session ? session : null;
  return {
    ...{ id: sessionId(session), user, part: part ?? '' },
    ...{ start: toTimestamp(startMs), end: toTimestamp(endMs), duration: toDuration(endMs - startMs) },
    ...{ closed: closed !== null, cut: closed?.isCut ?? false },
    ...{ events, pageViews, carts, purchases, products },
    ...{ revenue: formatMoney(session.revenue, exponent), converted: purchases > 0 },
    ...{ entry: toEdge(session.entry), exit: toEdge(session.exit) },
    ...{ device: session.device ?? '', location: session.location ?? '', path, clientSessions },
    ...{ cart: toCart(session, exponent), truncated: session.truncated },
    ...{ partition, closedBy: String(closed?.closedBy ?? 0) },
  };
}

/** What lies in a cart, with amounts as decimal text. */
export function toCart({ cart }: { readonly cart: readonly CartLine[] }, exponent: number): CartLineMessage[] {
  return cart.map(({ product, value }) => ({ product, value: value === null ? '' : formatMoney(value, exponent) }));
}

function toEdge({ product, category }: SessionEdge): SessionEdgeMessage {
  return { product: product ?? '', category: category ?? '' };
}
