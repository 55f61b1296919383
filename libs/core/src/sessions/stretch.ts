import { CARRY } from '../metrics/measures/exact-sum';
import { MAX_CART, MAX_CLIENT_SESSIONS, MAX_PATH, MAX_PRODUCTS } from './session';
import type { SessionRow } from './session-row';
import { NO_TEXT } from './text-table';
import type { TimedText } from './timed-texts';
import { insert } from './timed-texts';
import { CART, PAGE_VIEW, PURCHASE, REMOVAL } from './user-state';

const MAX_EXACT = Number.MAX_SAFE_INTEGER;

/** What the first or last row with a product or a category says. */
export interface Edge {
  readonly timeMs: number;
  readonly product: number;
  readonly category: number;
}

/** What was last done with a product. */
export interface CartTouch {
  readonly timeMs: number;
  readonly product: number;
  /** NaN: it had no price. */
  readonly value: number;
  /** Put there, and not taken out. */
  readonly isIn: boolean;
}

/**
 * What is known of rows of one visitor that are at most the gap apart, and that no line divides at which sessions may be cut.
 * All of it is a function of the set of these rows, though it keeps none of them: whatever is bounded keeps what comes first (or last) in an
 * order in which nothing that was left out can come back with what is not known any more.
 *
 * Rows are added in raw order. So of equal times the one that is added later is further in raw.
 */
export class Stretch {
  firstMs: number;
  lastMs: number;
  events = 0;
  pageViews = 0;
  carts = 0;
  purchases = 0;
  /** An exact sum: see ../metrics/measures/exact-sum. */
  revenue = 0;
  revenueCarry = 0;
  isTruncated = false;
  readonly products = new Set<number>();
  entry: Edge | null = null;
  exit: Edge | null = null;
  /** The first that there is. */
  device: TimedText | null = null;
  location: TimedText | null = null;
  /** The earliest types. */
  path: TimedText[] = [];
  /** Client's session ids by their first use, the earliest. */
  clients: TimedText[] = [];
  /** The products that were touched last, in this order. */
  cart: CartTouch[] = [];

  constructor(timeMs: number) {
    this.firstMs = timeMs;
    this.lastMs = timeMs;
  }

  add(row: SessionRow): void {
    const { timeMs, kinds, product, category } = row;
    if (timeMs < this.firstMs) this.firstMs = timeMs;
    if (timeMs > this.lastMs) this.lastMs = timeMs;
    this.events++;
    if ((kinds & PAGE_VIEW) !== 0) this.pageViews++;
    if ((kinds & CART) !== 0) this.carts++;
    if ((kinds & PURCHASE) !== 0) this.purchases++;
    if (!Number.isNaN(row.revenue)) this.addRevenue(row.revenue, 0);
    if (row.isCut) this.isTruncated = true;
    if (product !== NO_TEXT) this.addProduct(product);
    if (product !== NO_TEXT || category !== NO_TEXT) {
      if (this.entry === null || timeMs < this.entry.timeMs) this.entry = { timeMs, product, category };
      if (this.exit === null || timeMs >= this.exit.timeMs) this.exit = { timeMs, product, category };
    }
    this.device = earlier(this.device, timeMs, row.device);
    this.location = earlier(this.location, timeMs, row.location);
    if (row.type !== NO_TEXT) this.addStep(timeMs, row.type);
    if (row.client !== NO_TEXT) this.addClient(timeMs, row.client);
    // An event that is both is what it was put there for.
    if (product !== NO_TEXT && (kinds & (CART | REMOVAL)) !== 0) {
      this.touch(timeMs, product, row.value, (kinds & CART) !== 0);
    }
  }

  /** Takes in what is known of later rows of the same session. */
  absorb(later: Stretch): void {
    this.lastMs = later.lastMs;
    this.events += later.events;
    this.pageViews += later.pageViews;
    this.carts += later.carts;
    this.purchases += later.purchases;
    this.addRevenue(later.revenue, later.revenueCarry);
    this.isTruncated ||= later.isTruncated;
    for (const product of later.products) this.addProduct(product);
    this.entry ??= later.entry;
    this.exit = later.exit ?? this.exit;
    this.device ??= later.device;
    this.location ??= later.location;
    for (const { timeMs, text } of later.path) this.addStep(timeMs, text);
    for (const { timeMs, text } of later.clients) this.addClient(timeMs, text);
    for (const { timeMs, product, value, isIn } of later.cart) this.touch(timeMs, product, value, isIn);
  }

  private addRevenue(amount: number, carry: number): void {
    const sum = this.revenue + amount;
    const overflow = sum > MAX_EXACT ? 1 : sum < -MAX_EXACT ? -1 : 0;
    this.revenue = overflow === 0 ? sum : this.revenue - overflow * CARRY + amount; // both steps are exact
    this.revenueCarry += carry + overflow;
  }

  private addProduct(product: number): void {
    if (this.products.size < MAX_PRODUCTS) this.products.add(product);
    else if (!this.products.has(product)) this.isTruncated = true;
  }

  private addStep(timeMs: number, text: number): void {
    const { path } = this;
    insert(path, { timeMs, text });
    if (path.length <= MAX_PATH) return;
    this.isTruncated = true;
    path.pop();
  }

  private addClient(timeMs: number, text: number): void {
    const { clients } = this;
    let known = clients.length - 1;
    while (known >= 0 && (clients[known] as TimedText).text !== text) known--;
    if (known >= 0) {
      if ((clients[known] as TimedText).timeMs <= timeMs) return;
      clients.splice(known, 1);
    }
    insert(clients, { timeMs, text });
    if (clients.length <= MAX_CLIENT_SESSIONS) return;
    this.isTruncated = true;
    clients.pop();
  }

  private touch(timeMs: number, product: number, value: number, isIn: boolean): void {
    const { cart } = this;
    let known = cart.length - 1;
    while (known >= 0 && (cart[known] as CartTouch).product !== product) known--;
    if (known >= 0) {
      if ((cart[known] as CartTouch).timeMs > timeMs) return;
      cart.splice(known, 1);
    }
    insert(cart, { timeMs, product, value, isIn });
    if (cart.length <= MAX_CART) return;
    this.isTruncated = true;
    cart.shift();
  }
}

function earlier(known: TimedText | null, timeMs: number, text: number): TimedText | null {
  return text !== NO_TEXT && (known === null || timeMs < known.timeMs) ? { timeMs, text } : known;
}
