import { BAD_KINDS, badRow, type BadKind } from './bad-rows';
import { SeededRandom } from './random';
import { Shop, type ShopOptions } from './shop';
import { eventJson, type ShopEvent } from './shop-event';
import { UniformEvents } from './uniform-events';

/** A row to send: an event as a producer would write it, perhaps late, repeated or broken. */
export interface ShopRow {
  /** JSON without line breaks; broken rows may be no JSON at all. */
  readonly text: string;
  /** What decides the partition; null where the row has no key. */
  readonly key: string | null;
  readonly fault: 'late' | 'duplicate' | BadKind | null;
}

export interface ShopRowOptions extends ShopOptions {
  /** `shop`: visitors who look, fill carts and buy. `uniform`: the shape engines are compared on. */
  readonly shape: 'shop' | 'uniform';
  /** Every event is up to this much older than the time it is made at. */
  readonly disorderMs: number;
  /** So many events are up to `maxMs` older still. */
  readonly lateness: { readonly share: number; readonly maxMs: number };
  /** Share of rows that repeat one of the last few hundred, byte for byte. */
  readonly duplicates: number;
  /** Share of rows with something wrong, of all kinds in equal parts. */
  readonly bad: number;
}

/** No faults, no disorder. */
export const PLAIN_SHOP: ShopRowOptions = {
  seed: 1,
  shape: 'shop',
  users: 10_000,
  products: 500,
  purchases: 0.08,
  disorderMs: 0,
  lateness: { share: 0, maxMs: 0 },
  duplicates: 0,
  bad: 0,
};

const REMEMBERED_ROWS = 256;

/** Source of rows: a function of the options and the times it is called with. */
export class ShopRows {
  private readonly events: { next(nowMs: number): ShopEvent };
  /** Of its own, so that faults do not change the events between them. */
  private readonly random: SeededRandom;
  private readonly recent: ShopRow[] = [];
  private made = 0;

  /** @throws RangeError on shares outside [0, 1] and on counts that make no shop */
  constructor(private readonly options: ShopRowOptions) {
    for (const share of [options.lateness.share, options.duplicates, options.bad]) {
      if (!(share >= 0 && share <= 1)) throw new RangeError(`a share must be within 0 and 1, not ${share}`);
    }
    const { seed, users, products } = options;
    this.events = options.shape === 'uniform' ? new UniformEvents(seed, users, products) : new Shop(options);
    this.random = new SeededRandom(seed ^ 0x5f3759df);
  }

  next(nowMs: number): ShopRow {
    const { random, options } = this;
    if (random.chance(options.duplicates) && this.recent.length > 0) {
      return { ...random.pick(this.recent), fault: 'duplicate' };
    }
    const event = this.events.next(nowMs - random.below(options.disorderMs + 1));
    if (random.chance(options.bad)) {
      const kind = random.pick(BAD_KINDS);
      return { text: badRow(event, kind), key: kind === 'no-key' ? null : event.user_id, fault: kind };
    }
    const late = random.chance(options.lateness.share);
    const lateByMs = late ? 1 + random.below(options.lateness.maxMs) : 0;
    const text = eventJson(late ? { ...event, timestampMs: event.timestampMs - lateByMs } : event);
    return this.remember({ text, key: event.user_id, fault: late ? 'late' : null });
  }

  private remember(row: ShopRow): ShopRow {
    if (this.options.duplicates > 0) this.recent[this.made % REMEMBERED_ROWS] = row;
    this.made += 1;
    return row;
  }
}

/** `count` rows of a shop whose time runs by itself: the first event at `startMs`, so many a second. */
export function* shopRows(
  options: ShopRowOptions & { readonly count: number; readonly startMs: number; readonly eventsPerSecond: number },
): Generator<ShopRow> {
  const rows = new ShopRows(options);
  for (let made = 0; made < options.count; made += 1) {
    yield rows.next(Math.floor(options.startMs + (made * 1000) / options.eventsPerSecond));
  }
}
