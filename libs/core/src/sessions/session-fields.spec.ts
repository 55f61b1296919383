import { aClosedSession } from './closed-session.fixture';
import type { ClosedSession } from './session';
import { SESSION_FIELDS } from './session-fields';

const AT = Date.parse('2026-03-01T23:50:00Z');
const SESSION = aClosedSession({ startMs: AT, endMs: AT + 90_000 });

function rowOf(change: Partial<ClosedSession> = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SESSION_FIELDS.map(({ name, value }) => [name, value({ ...SESSION, ...change })]));
}

describe('a row of a session', () => {
  it('says what the session was', () => {
    expect(rowOf()).toEqual({
      session_id: `u1|${AT}`,
      user: 'u1',
      part: null,
      started: AT,
      ended: AT + 90_000,
      duration_ms: 90_000,
      events: 4,
      page_views: 2,
      carts: 1,
      purchases: 0,
      products: 2,
      revenue: 0,
      converted: false,
      bounced: false,
      entry_product: 'p1',
      entry_category: 'shoes',
      exit_product: 'p2',
      exit_category: null,
      device: 'mobile',
      location: null,
      path: 'page_view > page_view > add_to_cart > search',
      client_session: 'c1',
      client_sessions: 2,
      cart_value: 1250,
      cart_products: 2,
      abandoned: true,
      cut: false,
      truncated: false,
      hour_of_day: 23,
    });
  });

  it('is one of a cart left behind only where nothing was bought, and nobody was cut off', () => {
    expect(rowOf({ purchases: 1 })).toMatchObject({ abandoned: false, converted: true });
    expect(rowOf({ cart: [] })).toMatchObject({ abandoned: false, cart_value: null });
    expect(rowOf({ isCut: true })).toMatchObject({ abandoned: false, cut: true });
  });

  it('has a session of one event for a bounce', () => {
    expect(rowOf({ events: 1 })).toMatchObject({ bounced: true });
  });

  it.each([
    ['2026-03-01T00:00:00Z', 0],
    ['1969-12-31T23:59:59.999Z', 23],
    ['1969-12-30T00:00:00Z', 0],
  ])('has begun at %s in hour %d', (at, hour) => {
    expect(rowOf({ startMs: Date.parse(at) })).toMatchObject({ hour_of_day: hour });
  });
});
