import type { ClosedSession } from './session';

const START_MS = Date.parse('2026-03-01T23:50:00.000Z');

/** A session that looked at two products and left them in the cart. */
export function aClosedSession(changes: Partial<ClosedSession> = {}): ClosedSession {
  return {
    user: 'u1',
    part: null,
    startMs: START_MS,
    endMs: START_MS + 90_000,
    events: 4,
    pageViews: 2,
    carts: 1,
    purchases: 0,
    products: 2,
    revenue: 0,
    entry: { product: 'p1', category: 'shoes' },
    exit: { product: 'p2', category: null },
    device: 'mobile',
    location: null,
    path: ['page_view', 'page_view', 'add_to_cart', 'search'],
    clientSessions: ['c1', 'c2'],
    cart: [
      { product: 'p1', value: 1250 },
      { product: 'p2', value: null },
    ],
    truncated: false,
    isCut: false,
    closedBy: 17,
    ...changes,
  };
}
