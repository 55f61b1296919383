import { averageMoney, formatMoney } from '@tillstream/core';
import type { LoadEvent } from './events';
import { productOf, userId } from './events';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LISTED_PRODUCTS = 100;
const HIGH_VALUE_CENTS = 100_00;
const MONEY_DIGITS = 2;

/** A final row as this project's results write it, under a name that is the same for the same metric, window and group. */
export interface FinalRow {
  readonly name: string;
  /** JSON of the measures. */
  readonly measures: string;
  readonly truncated: boolean;
}

interface Bought {
  cents: number;
  count: number;
}

/** Rows of one stretch of time that no window boundary cuts. */
class Slice {
  readonly byCategory = new Map<string, Bought>();
  readonly byUser = new Map<number, Bought>();
  readonly viewers = new Set<number>();
  readonly carters = new Set<number>();
  readonly buyers = new Set<number>();
}

const SLICE_MS = 30 * SECOND;

interface Window {
  readonly sizeMs: number;
  readonly hopMs: number;
}

/** Windows of the metrics about users, as the shop's stream file declares them. */
const SHIPPED: Window = { sizeMs: 5 * MINUTE, hopMs: MINUTE };
const CATEGORY: Window = { sizeMs: MINUTE, hopMs: 30 * SECOND };

/**
 * Counts what must come out of the three metrics of a shop for events that all count: the generator's own arithmetic, which
 * shares nothing with the services but the text of money.
 */
export class Ledger {
  private readonly slices = new Map<number, Slice>();
  events = 0;

  /** @param users windows of the metrics about users; a multiple of 30 s */
  constructor(private readonly users: Window = SHIPPED) {}

  add({ type, user, category, cents, timeMs }: LoadEvent): void {
    this.events += 1;
    const start = Math.floor(timeMs / SLICE_MS) * SLICE_MS;
    let slice = this.slices.get(start);
    if (slice === undefined) this.slices.set(start, (slice = new Slice()));
    if (type === 'page_view') slice.viewers.add(user);
    if (type === 'add_to_cart') slice.carters.add(user);
    if (type !== 'purchase') return;
    slice.buyers.add(user);
    buy(slice.byCategory, category, cents, 1);
    buy(slice.byUser, user, cents, 1);
  }

  /** Every final row of every window, by name. */
  finals(): ReadonlyMap<string, FinalRow> {
    const rows = [...this.revenueRows(), ...this.highValueRows(), ...this.funnelRows()];
    return new Map(rows.map((row) => [row.name, row]));
  }

  /** Newest time of an event, rounded up to its slice. */
  get endMs(): number {
    return Math.max(...this.slices.keys()) + SLICE_MS;
  }

  private *revenueRows(): Generator<FinalRow> {
    for (const [startMs, slices] of this.windows(CATEGORY)) {
      const total = new Map<string, Bought>();
      for (const { byCategory } of slices) {
        for (const [category, { cents, count }] of byCategory) buy(total, category, cents, count);
      }
      for (const [category, { cents, count }] of total) {
        yield row(
          'revenue_by_category',
          startMs,
          { category },
          {
            total_revenue: formatMoney(cents, MONEY_DIGITS),
            purchase_count: count,
            avg_order_value: averageMoney(cents, count, MONEY_DIGITS),
          },
        );
      }
    }
  }

  private *highValueRows(): Generator<FinalRow> {
    for (const [startMs, slices] of this.windows(this.users)) {
      const total = new Map<number, Bought>();
      for (const { byUser } of slices) {
        for (const [user, { cents, count }] of byUser) buy(total, user, cents, count);
      }
      for (const [user, { cents, count }] of total) {
        if (cents <= HIGH_VALUE_CENTS) continue;
        const products = new Array<string>(Math.min(count, LISTED_PRODUCTS)).fill(productOf(user));
        const measures = {
          total_spent: formatMoney(cents, MONEY_DIGITS),
          purchase_count: count,
          products_purchased: products,
        };
        yield row('high_value_users', startMs, { user_id: userId(user) }, measures, count > LISTED_PRODUCTS);
      }
    }
  }

  private *funnelRows(): Generator<FinalRow> {
    for (const [startMs, slices] of this.windows(this.users)) {
      const visitors = sizeOfUnion(slices.map(({ viewers }) => viewers));
      const carters = sizeOfUnion(slices.map((slice) => slice.carters));
      const buyers = sizeOfUnion(slices.map((slice) => slice.buyers));
      yield row(
        'conversion_funnel',
        startMs,
        {},
        {
          unique_visitors: visitors,
          cart_users: carters,
          purchasers: buyers,
          cart_conversion_rate: visitors === 0 ? null : (100 * carters) / visitors,
          purchase_conversion_rate: carters === 0 ? null : (100 * buyers) / carters,
        },
      );
    }
  }

  /** Windows that hold an event, with their slices. */
  private *windows({ sizeMs, hopMs }: Window): Generator<[number, Slice[]]> {
    const starts = new Set<number>();
    for (const sliceMs of this.slices.keys()) {
      for (let start = Math.floor(sliceMs / hopMs) * hopMs; start > sliceMs - sizeMs; start -= hopMs) starts.add(start);
    }
    for (const startMs of starts) {
      const slices: Slice[] = [];
      for (let at = startMs; at < startMs + sizeMs; at += SLICE_MS) {
        const slice = this.slices.get(at);
        if (slice !== undefined) slices.push(slice);
      }
      yield [startMs, slices];
    }
  }
}

function buy<Key>(total: Map<Key, Bought>, key: Key, cents: number, count: number): void {
  const bought = total.get(key);
  if (bought === undefined) total.set(key, { cents, count });
  else {
    bought.cents += cents;
    bought.count += count;
  }
}

function sizeOfUnion(sets: readonly ReadonlySet<number>[]): number {
  const union = new Set<number>();
  for (const set of sets) for (const member of set) union.add(member);
  return union.size;
}

function row(metric: string, startMs: number, group: object, measures: object, truncated = false): FinalRow {
  return { name: finalName(metric, startMs, group), measures: JSON.stringify(measures), truncated };
}

/** The name of a final row. */
export function finalName(metric: string, startMs: number, group: object): string {
  return `${metric}|${new Date(startMs).toISOString()}|${JSON.stringify(group)}`;
}
