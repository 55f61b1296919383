import { partitionOf } from '@tillstream/core';
import type { NewRecord } from '@tillstream/engine';
import type { Platform } from '../../e2e/platform';

const RECORD_EVENTS = 250;
const APPEND_RECORDS = 8;
const TYPES = ['page_view', 'add_to_cart', 'page_view', 'purchase'] as const;
const utf8 = new TextEncoder();

/** Which events to make. */
export interface Crowd {
  /** Every one of them sends one event; every fourth buys something. */
  readonly users: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Puts one event of each of many users into raw, in the order of time, as batched records. */
export async function fillWithUsers(platform: Platform, { users, fromMs, toMs }: Crowd): Promise<void> {
  const { partitions } = platform.definition.schema;
  const shares = Array.from({ length: partitions }, () => new Share());
  for (let user = 0; user < users; user += 1) {
    const timeMs = fromMs + Math.floor((user / users) * (toMs - fromMs));
    const key = utf8.encode(`user-${user}`);
    const partition = partitionOf(key, 0, key.length, partitions);
    const records = shares[partition]?.add(eventOf(user, timeMs)) ?? [];
    if (records.length > 0) await platform.writer.append(platform.definition.topics.raw, partition, records);
  }
  for (const [partition, share] of shares.entries()) {
    await platform.writer.append(platform.definition.topics.raw, partition, share.rest());
  }
}

/** The events of one partition, gathered into records and those into appends. */
class Share {
  private events: string[] = [];
  private records: NewRecord[] = [];

  /** The records to append now; mostly none. */
  add(event: string): readonly NewRecord[] {
    this.events.push(event);
    if (this.events.length === RECORD_EVENTS) this.close();
    return this.records.length === APPEND_RECORDS ? this.records.splice(0) : [];
  }

  rest(): readonly NewRecord[] {
    if (this.events.length > 0) this.close();
    return this.records;
  }

  private close(): void {
    this.records.push({ key: null, value: utf8.encode(`[${this.events.join(',')}]`) });
    this.events = [];
  }
}

function eventOf(user: number, timeMs: number): string {
  const type = TYPES[user % TYPES.length];
  const cents = 100 + ((user * 7_919) % 49_900);
  const price = (cents / 100).toFixed(2);
  return JSON.stringify({
    event_id: `event-${user}`,
    event_type: type,
    timestamp: new Date(timeMs).toISOString(),
    user_id: `user-${user}`,
    product_id: `product-${user % 5_000}`,
    product_name: `Product ${user % 5_000}`,
    category: `category-${user % 20}`,
    price,
    quantity: 1,
    ...(type === 'purchase' ? { revenue: price } : {}),
  });
}
