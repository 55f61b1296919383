import { createCatalog, type Product } from './catalog';
import { SeededRandom } from './random';
import { centsText, type EventType, type ShopEvent } from './shop-event';

export interface ShopOptions {
  readonly seed: number;
  readonly users: number;
  readonly products: number;
  /** Share of purchases among the events, at most 0.2: a shop where people also look. */
  readonly purchases: number;
}

/** A visit under way. */
interface Visit {
  readonly id: string;
  readonly user: number;
  readonly device: string;
  readonly country: string;
  /** The product looked at last. */
  looking: Product;
  readonly cart: Product[];
  stepsLeft: number;
}

const DEVICES = ['mobile', 'desktop', 'tablet'];
const DEVICE_WEIGHTS = [58, 34, 8];
const COUNTRIES = ['US', 'DE', 'GB', 'FR', 'BR', 'IN', 'JP', 'CA', 'AU', 'NL'];
const COUNTRY_WEIGHTS = [30, 14, 12, 9, 8, 8, 6, 5, 4, 4];
const PAYMENTS = ['card', 'paypal', 'wallet', 'invoice', 'gift_card'];
const PAYMENT_WEIGHTS = [52, 22, 14, 9, 3];
const QUANTITY_WEIGHTS = [80, 14, 4, 2];
const MOST_VISITS = 400;
const MOST_IN_CART = 8;

/**
 * A shop with visitors: people come, look around, fill carts, and some of them buy. Each call gives one event of one
 * visit under way. Everything follows from the seed and the times it is called with; memory is bounded.
 */
export class Shop {
  private readonly random: SeededRandom;
  private readonly catalog: readonly Product[];
  private readonly visits: Visit[] = [];
  private readonly types: readonly EventType[];
  private readonly weights: readonly number[];
  private readonly mostVisits: number;
  private events = 0;

  /** @throws RangeError on counts or shares that make no shop */
  constructor(private readonly options: ShopOptions) {
    const { seed, users, products, purchases } = options;
    if (!(users >= 1) || !(products >= 1)) throw new RangeError('a shop needs at least one user and one product');
    if (!(purchases >= 0 && purchases <= 0.2)) throw new RangeError('the share of purchases must be within 0 and 0.2');
    this.random = new SeededRandom(seed);
    this.catalog = createCatalog(seed, products);
    this.mostVisits = Math.min(MOST_VISITS, Math.max(4, users));
    this.types = ['add_to_cart', 'purchase', 'remove_from_cart', 'wishlist', 'search', 'page_view'];
    const rare = [purchases * 1.8 + 0.04, purchases, 0.03, 0.04, 0.1];
    this.weights = [...rare, 1 - rare.reduce((sum, share) => sum + share, 0)];
  }

  /** What happens next in the shop, at `nowMs`. */
  next(nowMs: number): ShopEvent {
    const wanted = this.types[this.random.weighted(this.weights)] as EventType;
    const visit = this.visitFor(wanted);
    const type = this.possible(visit, wanted);
    const event = this.step(visit, type, nowMs);
    visit.stepsLeft -= 1;
    if (visit.stepsLeft <= 0 || (type === 'purchase' && this.random.chance(0.7))) this.leave(visit);
    return event;
  }

  /** Someone who can do it: buyers need a cart. New visitors begin by looking. */
  private visitFor(type: EventType): Visit {
    const needsCart = type === 'purchase' || type === 'remove_from_cart';
    const mayBegin = type === 'page_view' || type === 'search';
    const crowded = this.visits.length >= this.mostVisits;
    if (this.visits.length === 0 || (mayBegin && !crowded && this.random.chance(0.2))) return this.enter();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const visit = this.random.pick(this.visits);
      if (!needsCart || visit.cart.length > 0) return visit;
    }
    return this.visits.find((visit) => visit.cart.length > 0) ?? this.random.pick(this.visits);
  }

  private possible(visit: Visit, wanted: EventType): EventType {
    if (visit.cart.length === 0 && (wanted === 'purchase' || wanted === 'remove_from_cart')) return 'page_view';
    if (visit.cart.length >= MOST_IN_CART && wanted === 'add_to_cart') return 'page_view';
    return wanted;
  }

  private enter(): Visit {
    const user = this.random.below(this.options.users);
    // Where someone lives and what they hold is theirs: it follows from who they are.
    const person = new SeededRandom(this.options.seed * 31 + user);
    const visit: Visit = {
      id: `sess_${this.random.hex(12)}`,
      user,
      country: COUNTRIES[person.weighted(COUNTRY_WEIGHTS)] as string,
      device: DEVICES[this.random.weighted(DEVICE_WEIGHTS)] as string,
      looking: this.somethingNice(),
      cart: [],
      stepsLeft: 3 + Math.floor(40 * this.random.next() ** 2),
    };
    this.visits.push(visit);
    return visit;
  }

  private leave(visit: Visit): void {
    const last = this.visits.pop();
    if (last !== undefined && last !== visit) this.visits[this.visits.indexOf(visit)] = last;
  }

  /** A few products draw most of the looks. */
  private somethingNice(): Product {
    return this.catalog[Math.floor(this.catalog.length * this.random.next() ** 2)] as Product;
  }

  private step(visit: Visit, type: EventType, nowMs: number): ShopEvent {
    const { random } = this;
    let quantity = 1;
    let product: Product | null = visit.looking;
    let payment: string | null = null;
    switch (type) {
      case 'page_view':
        product = visit.looking = this.somethingNice();
        break;
      case 'search':
        product = null;
        break;
      case 'add_to_cart':
        visit.cart.push(visit.looking);
        break;
      case 'remove_from_cart':
        product = visit.cart.pop() ?? visit.looking;
        break;
      case 'purchase':
        product = visit.cart.shift() ?? visit.looking;
        quantity = 1 + random.weighted(QUANTITY_WEIGHTS);
        payment = PAYMENTS[random.weighted(PAYMENT_WEIGHTS)] as string;
        break;
      case 'wishlist':
        break;
    }
    this.events += 1;
    return {
      event_id: `evt_${this.options.seed.toString(36)}_${this.events.toString(36)}_${random.hex(6)}`,
      event_type: type,
      timestampMs: nowMs,
      user_id: `user_${String(visit.user + 1).padStart(5, '0')}`,
      product_id: product?.id ?? null,
      product_name: product?.name ?? null,
      category: product?.category ?? null,
      price: product === null ? null : centsText(product.cents),
      quantity: product === null ? null : quantity,
      session_id: visit.id,
      device_type: visit.device,
      country: visit.country,
      revenue: type === 'purchase' && product !== null ? centsText(product.cents * quantity) : null,
      payment_method: payment,
    };
  }
}
