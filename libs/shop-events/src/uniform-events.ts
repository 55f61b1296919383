import { SeededRandom } from './random';
import { centsText, eventJson, type EventType, type ShopEvent } from './shop-event';

/**
 * The shape that engines are compared on: 100,000 users and 5,000 products, uniform; four event types, a quarter each;
 * every event 342 bytes of JSON. Two million events over two hours make 2,420 windows of a category, and prices are such
 * that 0.65 times an event a user has spent more than 100 within one of the windows of 5 minutes that begin every minute.
 */
export const UNIFORM = { users: 100_000, products: 5_000, eventBytes: 342 } as const;

const TYPES: readonly EventType[] = ['page_view', 'add_to_cart', 'remove_from_cart', 'purchase'];
const CATEGORIES = 10;
const LOWEST_CENTS = 100;
const CENTS_SPREAD = 13_200;
const DEVICES = ['mobile', 'desktop', 'tablet'];
const COUNTRIES = ['US', 'DE', 'GB', 'FR', 'BR', 'IN', 'JP', 'CA'];

/** Source of uniform events: deterministic from the seed and the times it is called with. */
export class UniformEvents {
  private readonly random: SeededRandom;
  private events = 0;

  constructor(
    private readonly seed: number,
    private readonly users: number = UNIFORM.users,
    private readonly products: number = UNIFORM.products,
  ) {
    this.random = new SeededRandom(seed);
  }

  next(nowMs: number): ShopEvent {
    const { random } = this;
    this.events += 1;
    const product = random.below(this.products);
    const type = random.pick(TYPES);
    const cents = LOWEST_CENTS + ((product * 7919) % CENTS_SPREAD);
    const quantity = 1 + random.below(3);
    const event: ShopEvent = {
      event_id: `evt_${this.seed.toString(36)}_${this.events.toString(36).padStart(7, '0')}`,
      event_type: type,
      timestampMs: nowMs,
      user_id: `user_${random.below(this.users)}`,
      product_id: `prod_${product}`,
      product_name: `Product ${product}`,
      category: `category_${product % CATEGORIES}`,
      price: centsText(cents),
      quantity,
      session_id: '',
      device_type: random.pick(DEVICES),
      country: random.pick(COUNTRIES),
      revenue: type === 'purchase' ? centsText(cents * quantity) : null,
      payment_method: null,
    };
    const missing = UNIFORM.eventBytes - eventJson(event).length;
    return { ...event, session_id: random.hex(Math.max(8, missing)) };
  }
}
