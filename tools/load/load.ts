import type { EventShape, LoadEvent } from './events';
import { eventOf, jsonOf } from './events';
import { Ledger } from './ledger';

/**
 * Event time runs so far behind the clock: when all has been sent, an `advance` may close every window at once, since time
 * has passed them already.
 */
export const BEHIND_MS = 2 * 3_600_000;

/** Makes events one after the other and counts what must come of them. */
export class Load {
  private next = 0;

  constructor(
    private readonly shape: EventShape,
    readonly ledger = new Ledger(),
  ) {}

  /** How many events have been made. */
  get count(): number {
    return this.next;
  }

  /** A body of new events that happen now. Whoever takes it must see to it that it is acknowledged. */
  body(events: number): Buffer {
    const timeMs = Date.now() - BEHIND_MS;
    const texts: string[] = [];
    for (let i = 0; i < events; i += 1) texts.push(this.add(eventOf(this.next, timeMs, this.shape)));
    return Buffer.from(`[${texts.join(',')}]`);
  }

  /** A purchase in a category of its own. */
  purchaseIn(category: string): Buffer {
    const timeMs = Date.now() - BEHIND_MS;
    return Buffer.from(this.add({ ...eventOf(this.next, timeMs, this.shape), type: 'purchase', category }));
  }

  /** JSON of an event, which has been counted. Its number must be `count`. */
  add(event: LoadEvent): string {
    this.next = event.number + 1;
    this.ledger.add(event);
    return jsonOf(event);
  }
}
