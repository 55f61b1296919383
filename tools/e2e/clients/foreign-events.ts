import type { SeededRandom } from '@tillstream/shop-events';

/** An event as other shops' programs send it: thirteen fields, a naive timestamp, and a double for the revenue. */
export interface ForeignEvent {
  readonly event_id: string;
  readonly event_type: (typeof TYPES)[number];
  readonly timestamp: string;
  readonly user_id: string | null;
  readonly product_id: string;
  readonly product_name?: string | null;
  readonly category: string | null;
  readonly price: number;
  readonly quantity: number;
  readonly session_id: string;
  readonly device_type?: string | null;
  readonly country: string;
  /** Purchases only. */
  readonly revenue?: number;
}

const TYPES = ['page_view', 'add_to_cart', 'purchase', 'purchase', 'search', 'wishlist', 'remove_from_cart'] as const;
const NAMES = ['Kettle', 'Café-Tisch „Größe L“', '旅行かばん', 'Back\\slash "quoted"', 'Tea 🍵', null];
/** 3 × 899.99 is 2699.9700000000003 in doubles. */
const PRICES = [899.99, 0.1, 19.95, 1.1];
const DEVICES = ['mobile', 'desktop', null];
const USERS = 25;
const ABSENT = 0.1;
/** Shorter than any metric waits: nothing is late, whichever partition a client takes for its rows. */
const SPAN_MS = 50_000;

export interface ForeignShape {
  readonly count: number;
  /** Begin of all event ids: nobody else's. */
  readonly ids: string;
  readonly startMs: number;
  /** Some rows have no user: their session is their key then. */
  readonly anonymous?: boolean;
}

/** Events of about a minute, in no order. */
export function foreignEvents(random: SeededRandom, shape: ForeignShape): ForeignEvent[] {
  return Array.from({ length: shape.count }, (_, i) => {
    const type = random.pick(TYPES);
    const price = random.pick(PRICES);
    const quantity = 1 + random.below(3);
    return {
      event_id: `${shape.ids}-${i}`,
      event_type: type,
      timestamp: naive(shape.startMs + random.below(SPAN_MS), random.below(3)),
      user_id: shape.anonymous && random.below(5) === 0 ? null : `user_${random.below(USERS)}`,
      product_id: `prod_${random.below(9)}`,
      ...(random.chance(ABSENT) ? {} : { product_name: random.pick(NAMES) }),
      category: random.pick(['books', 'audio', 'Haus & Garten', null]),
      price,
      quantity,
      session_id: `session_${random.below(60)}`,
      ...(random.chance(ABSENT) ? {} : { device_type: random.pick(DEVICES) }),
      country: random.pick(['US', 'DE', 'JP']),
      ...(type === 'purchase' ? { revenue: price * quantity } : {}),
    };
  });
}

/** Without a zone, as Python's `isoformat` writes it: with microseconds, with milliseconds or with neither. */
function naive(epochMs: number, form: number): string {
  const iso = new Date(epochMs).toISOString().slice(0, -1);
  if (form === 0) return iso.slice(0, -4);
  return form === 1 ? `${iso}456` : iso;
}

/** What all purchases together brought in, in cents, each event counted once however often it was sent. */
export function purchasesIn(events: readonly ForeignEvent[]): { readonly count: number; readonly cents: number } {
  const purchases = new Map(
    events.filter(({ event_type }) => event_type === 'purchase').map((event) => [event.event_id, event.revenue ?? 0]),
  );
  return {
    count: purchases.size,
    cents: [...purchases.values()].reduce((sum, revenue) => sum + Math.round(revenue * 100), 0),
  };
}
