import type { NewRecord } from '@tillstream/engine';
import type { SeededRandom } from '@tillstream/engine/testing';
import { partitionOfKey } from '../oracle/raw/murmur2';

/** Shape of the events of one simulated world. */
export interface WorkloadShape {
  readonly partitions: number;
  readonly users: number;
  /** Event time starts here; events come about `spacingMs` apart. */
  readonly startMs: number;
  readonly spacingMs: number;
  readonly disorderMs: number;
  readonly late: number;
  readonly duplicates: number;
  readonly bad: number;
  readonly misplaced: number;
  /** What the ids of the events begin with; default `e`. */
  readonly idPrefix?: string;
}

/** Records that go to one raw partition together. */
export interface Delivery {
  readonly partition: number;
  readonly records: readonly NewRecord[];
}

const CATEGORIES = ['books', 'audio', null, 'garden'] as const;
const TYPES = ['page_view', 'view', 'page_view', 'add_to_cart', 'cart', 'purchase', 'purchase', 'search'] as const;
const KINDS = ['cart', 'list', null] as const;
const SESSION_IDS = ['s1', 's1', null, 's2', ''] as const;
const DEVICES = ['phone', 'phone', 'desktop', null] as const;
const RECENT_EVENTS = 40;
const utf8 = new TextEncoder();

/**
 * Makes shop events the way they arrive at a real log: through a gateway in bodies, from foreign producers one by one,
 * repeated, out of order, late, broken, and on the wrong partition.
 */
export class Workload {
  /** How far the clocks of the clients are ahead. */
  clockErrorMs = 0;
  private sent = 0;
  private timeMs: number;
  private readonly recent: string[] = [];
  private readonly recentDeliveries: Delivery[] = [];

  constructor(
    private readonly random: SeededRandom,
    private readonly shape: WorkloadShape,
  ) {
    this.timeMs = shape.startMs;
  }

  /** The next deliveries: one body of a gateway, or a few records of a foreign producer. */
  next(nowMs: number): readonly Delivery[] {
    if (this.recentDeliveries.length > 0 && this.random.chance(this.shape.duplicates)) {
      return [this.random.pick(this.recentDeliveries)]; // a gateway's retry: the same bytes, the same batch-id
    }
    const events = Array.from({ length: 1 + this.random.below(6) }, () => this.event(nowMs));
    const deliveries = this.shapeOf(events);
    for (const delivery of deliveries) remember(this.recentDeliveries, delivery, RECENT_EVENTS);
    return deliveries;
  }

  /** Nobody has bought anything for a while. */
  leapTo(nowMs: number): void {
    this.timeMs = Math.max(this.timeMs, nowMs);
  }

  private shapeOf(events: readonly string[]): readonly Delivery[] {
    if (this.random.chance(this.shape.bad)) return [this.asBroken(events)];
    return this.random.chance(0.5) ? this.asBody(events) : events.map((event) => this.asForeign(event));
  }

  private event(nowMs: number): string {
    if (this.recent.length > 0 && this.random.chance(this.shape.duplicates)) return this.random.pick(this.recent);
    const text = this.random.chance(this.shape.bad) ? this.badEvent(nowMs) : this.goodEvent(nowMs);
    remember(this.recent, text, RECENT_EVENTS);
    return text;
  }

  private goodEvent(nowMs: number): string {
    return JSON.stringify(this.fields(nowMs));
  }

  private fields(nowMs: number): Record<string, unknown> {
    this.sent += 1;
    this.timeMs += this.random.below(2 * this.shape.spacingMs);
    const behindMs = this.random.chance(this.shape.late)
      ? this.random.below(30 * 60_000)
      : this.random.below(this.shape.disorderMs);
    const aheadMs = this.random.chance(0.02) ? this.random.below(4 * 60_000) : 0;
    const timeMs = Math.min(this.timeMs, nowMs) - behindMs + aheadMs + this.clockErrorMs;
    const type = this.random.pick(TYPES);
    const user = `u${this.random.below(this.shape.users)}`;
    return {
      event_id: `${this.shape.idPrefix ?? 'e'}${this.sent}`,
      event_type: type,
      timestamp: new Date(timeMs).toISOString(),
      ...(this.random.chance(0.05) ? { anonymous_id: `anon-${user}` } : { user_id: user }),
      product_id: `p${this.random.below(9)}`,
      product_name: this.random.chance(0.1) ? null : `Product ${this.random.below(9)}`,
      category: this.random.pick(CATEGORIES),
      price: this.random.pick([9.99, 19.5, 120, 2699.97]),
      page: pageOf(this.sent),
      session_id: SESSION_IDS[this.sent % SESSION_IDS.length],
      device_type: DEVICES[this.sent % DEVICES.length],
      ...(this.random.chance(0.5) ? { quantity: 1 + this.random.below(3) } : {}),
      ...(type === 'purchase' && this.random.chance(0.5)
        ? { revenue: this.random.pick([2699.9700000000003, 5, 101]) }
        : {}),
    };
  }

  private badEvent(nowMs: number): string {
    const fields = this.fields(nowMs);
    switch (this.random.below(6)) {
      case 0:
        return JSON.stringify({ ...fields, event_type: 'teleport' });
      case 1:
        return JSON.stringify({ ...fields, timestamp: 'yesterday' });
      case 2:
        return JSON.stringify({ ...fields, timestamp: '9999-12-31T23:59:59Z' });
      case 3:
        return JSON.stringify({ ...fields, price: 'much' });
      case 4:
        return JSON.stringify({ ...fields, user_id: null, anonymous_id: null, session_id: null });
      default:
        return '42';
    }
  }

  /** A gateway splits a body by key: one JSON array per partition, with a batch-id. */
  private asBody(events: readonly string[]): Delivery[] {
    const shares = new Map<number, string[]>();
    for (const event of events) {
      const partition = partitionOf(event, this.shape.partitions) ?? this.random.below(this.shape.partitions);
      shares.set(partition, [...(shares.get(partition) ?? []), event]);
    }
    return [...shares].map(([partition, share]) => ({
      partition,
      records: [
        {
          key: null,
          value: utf8.encode(`[${share.join(',')}]`),
          headers: { 'tillstream-batch-id': Uint8Array.from({ length: 16 }, () => this.random.below(256)) },
        },
      ],
    }));
  }

  /** An array that ends before its last event does: no row of it counts. The events may be sent again. */
  private asBroken(events: readonly string[]): Delivery {
    const partition = this.random.below(this.shape.partitions);
    return { partition, records: [{ key: null, value: utf8.encode(`[${events.join(',')}`) }] };
  }

  /** A foreign producer writes one object per record, now and then by a partitioner of its own, now and then rubbish. */
  private asForeign(event: string): Delivery {
    const right = partitionOf(event, this.shape.partitions);
    const misplaced = right === null || this.random.chance(this.shape.misplaced);
    const partition = misplaced ? this.random.below(this.shape.partitions) : right;
    const text = this.random.chance(this.shape.bad) ? event.slice(0, -1) : event;
    return { partition, records: [{ key: null, value: utf8.encode(text) }] };
  }
}

function partitionOf(event: string, partitions: number): number | null {
  const fields = JSON.parse(event) as { user_id?: string | null; anonymous_id?: string | null } | number;
  const key = typeof fields === 'number' ? null : (fields.user_id ?? fields.anonymous_id ?? null);
  return key === null ? null : partitionOfKey(key, partitions);
}

function remember<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}

/** An object within the event, as they come: with others in it or without, or an empty list in its place. */
function pageOf(sent: number): unknown {
  if (sent % 5 === 0) return [];
  return { path: `/${sent}`, kind: KINDS[sent % 3], ...(sent % 2 === 0 ? { scroll: { depth: sent % 7 } } : {}) };
}
