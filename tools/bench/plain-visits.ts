/** An event as a program has it that takes them one by one. */
export interface PlainVisitEvent {
  readonly user: string;
  readonly timeMs: number;
  readonly type: string;
  readonly product: string;
  readonly category: string;
  readonly device: string;
  readonly country: string;
  readonly session: string;
  readonly price: number;
  readonly revenue: number | null;
}

export interface PlainVisit {
  readonly user: string;
  startMs: number;
  endMs: number;
  events: number;
  pageViews: number;
  carts: number;
  purchases: number;
  revenue: number;
  readonly products: Set<string>;
  entry: { product: string; category: string };
  exit: { product: string; category: string };
  readonly device: string;
  readonly country: string;
  readonly path: { timeMs: number; type: string }[];
  readonly sessions: Set<string>;
  readonly cart: Map<string, number>;
}

const SWEEP_EVERY_MS = 60_000;

/**
 * Sessions as an engineer would write them in an hour: a Map of objects, an event at a time, all of them looked at once a minute. It
 * keeps no promise: nothing is saved, nothing merged, nothing bounded, and what comes out of order is taken as it comes.
 */
export class PlainVisits {
  readonly open = new Map<string, PlainVisit>();
  private newestMs = -Infinity;
  private sweptMs = -Infinity;

  constructor(
    private readonly gapMs: number,
    private readonly outOfOrdernessMs: number,
  ) {}

  /** Returns the sessions that are over. */
  add(event: PlainVisitEvent): PlainVisit[] {
    const { timeMs } = event;
    let visit = this.open.get(event.user);
    if (!visit) {
      const { user, product, category, device, country } = event;
      visit = {
        ...{ user, startMs: timeMs, endMs: timeMs, events: 0, pageViews: 0, carts: 0, purchases: 0, revenue: 0 },
        ...{ products: new Set(), entry: { product, category }, exit: { product, category }, device, country },
        ...{ path: [], sessions: new Set(), cart: new Map() },
      };
      this.open.set(user, visit);
    }
    visit.events += 1;
    if (event.type === 'page_view') visit.pageViews += 1;
    if (event.type === 'add_to_cart') {
      visit.carts += 1;
      visit.cart.set(event.product, event.price);
    }
    if (event.type === 'remove_from_cart') visit.cart.delete(event.product);
    if (event.type === 'purchase') {
      visit.purchases += 1;
      visit.revenue += event.revenue ?? 0;
    }
    if (timeMs < visit.startMs) {
      visit.startMs = timeMs;
      visit.entry = { product: event.product, category: event.category };
    }
    if (timeMs >= visit.endMs) {
      visit.endMs = timeMs;
      visit.exit = { product: event.product, category: event.category };
    }
    visit.products.add(event.product);
    visit.sessions.add(event.session);
    if (visit.path.length < 50) visit.path.push({ timeMs, type: event.type });
    return this.pass(timeMs);
  }

  private pass(timeMs: number): PlainVisit[] {
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    if (this.newestMs - this.sweptMs < SWEEP_EVERY_MS) return [];
    this.sweptMs = this.newestMs;
    const over: PlainVisit[] = [];
    for (const [user, visit] of this.open) {
      if (visit.endMs + this.gapMs >= this.newestMs - this.outOfOrdernessMs) continue;
      visit.path.sort((a, b) => a.timeMs - b.timeMs);
      over.push(visit);
      this.open.delete(user);
    }
    return over;
  }
}
