/** An event as a program has it that takes them one by one. */
export interface PlainEvent {
  readonly user: string;
  readonly product: string;
  readonly timeMs: number;
  readonly type: string;
  readonly category: string;
  readonly device: string;
  readonly revenue: number | null;
}

export interface PlainPair {
  readonly purchase: PlainEvent;
  /** Newest first. */
  readonly views: readonly PlainEvent[];
}

const SWEEP_EVERY_MS = 60_000;
const MOST_VIEWS = 100;

/**
 * Views joined to purchases as an engineer would write it in an hour: a Map of arrays by user and product, an event at a time, all of
 * it looked through once a minute. It keeps no promise: nothing is saved or bounded, and a view that comes after its purchase is lost.
 */
export class PlainJoin {
  private readonly views = new Map<string, PlainEvent[]>();
  private newestMs = -Infinity;
  private sweptMs = -Infinity;

  constructor(
    private readonly withinMs: number,
    private readonly outOfOrdernessMs: number,
  ) {}

  /** Returns the pair of a purchase. */
  add(event: PlainEvent): PlainPair | null {
    const { timeMs, type } = event;
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    if (this.newestMs - this.sweptMs >= SWEEP_EVERY_MS) this.sweep();
    const key = `${event.user}|${event.product}`;
    if (type === 'page_view') {
      const list = this.views.get(key);
      if (list) list.push(event);
      else this.views.set(key, [event]);
    }
    if (type !== 'purchase') return null;
    const views = (this.views.get(key) ?? [])
      .filter((view) => view.timeMs < timeMs && timeMs <= view.timeMs + this.withinMs)
      .sort((a, b) => b.timeMs - a.timeMs)
      .slice(0, MOST_VIEWS);
    return { purchase: event, views };
  }

  private sweep(): void {
    this.sweptMs = this.newestMs;
    const neededFromMs = this.newestMs - this.outOfOrdernessMs - this.withinMs;
    for (const [key, list] of this.views) {
      const needed = list.filter(({ timeMs }) => timeMs >= neededFromMs);
      if (needed.length === 0) this.views.delete(key);
      else if (needed.length < list.length) this.views.set(key, needed);
    }
  }
}
