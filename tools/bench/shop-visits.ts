import type { Expression, SessionsDefinition } from '@tillstream/core';

/** Events of a visit, and how far apart they are: visits last four minutes, and are open for half an hour behind them. */
const VISIT_EVENTS = 8;
const STEP_SECONDS = 30;
const OPEN_SECONDS = VISIT_EVENTS * STEP_SECONDS + 1_900;
/** No number of visitors that is asked for is a multiple of it: visits are not in the order of their users. */
const STRIDE = 4_099;

/** Visits of a shop where so many people are at a time; each comes once. */
export class ShopVisits {
  constructor(private readonly visitors: number) {}

  get eventsPerSecond(): number {
    return this.visitors / STEP_SECONDS;
  }

  /** From here on about as many sessions are closed as begin. */
  get steadyFrom(): number {
    return OPEN_SECONDS * this.eventsPerSecond;
  }

  /** Whose the nth event is. */
  userOf(event: number): number {
    const visitor = (event * STRIDE) % this.visitors;
    return Math.floor(event / (this.visitors * VISIT_EVENTS)) * this.visitors + visitor;
  }
}

/** As a client makes the id of its session. */
export function clientSessionOf(user: number): string {
  const part = Math.imul(user + 1, 2_654_435_761) >>> 0;
  return `${part.toString(16).padStart(8, '0')}-4c1b-4b1e-9d5f-${String(user).padStart(12, '0')}`;
}

const isType = (type: string): Expression => ({
  kind: 'compare',
  operator: '==',
  left: { kind: 'field', name: 'event_type', type: 'string' },
  right: { kind: 'literal', value: type, type: 'string' },
  type: 'bool',
});

/** Sessions of the shop, with everything that can be told of one. */
export const SHOP_SESSIONS: SessionsDefinition = {
  identity: 'sessions@00000000',
  gapMs: 30 * 60_000,
  maxDurationMs: 24 * 3_600_000,
  outOfOrdernessMs: 10_000,
  by: [],
  also: 'session_id',
  pageView: isType('page_view'),
  cart: isType('add_to_cart'),
  removal: isType('remove_from_cart'),
  purchase: isType('purchase'),
  type: 'event_type',
  product: 'product_id',
  category: 'category',
  device: 'device_type',
  location: 'country',
  price: 'price',
  quantity: 'quantity',
  revenue: 'revenue',
};
