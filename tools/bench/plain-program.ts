/**
 * The three metrics of deploy/streams/commerce.yaml as an engineer would write them in an hour: kafkajs, JSON.parse, a Map
 * for each window. One process, no state store, no guarantees: what it knows is lost when it ends. Results are written
 * once, when their window is over in all partitions. It is what our own cost is compared with, so it is meant to be good.
 *
 *   BROKERS=… RAW_TOPIC=… [RESULTS_TOPIC=…] node tools/bench/plain-program.ts
 *
 * Reads up to where the topic ends when it starts, closes every window, says how many results there were, and waits for a
 * signal. Without RESULTS_TOPIC it computes the results and writes none.
 */
import { Kafka, logLevel } from 'kafkajs';
import type { EachBatchPayload, Message } from 'kafkajs';

interface ShopEvent {
  readonly event_type: string;
  readonly timestamp: string;
  readonly user_id: string;
  readonly category?: string;
  readonly product_name?: string;
  readonly revenue?: number;
}

interface Result {
  readonly metric: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly group: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, unknown>>;
}

const MINUTE = 60_000;
const SEND_RECORDS = 5_000;
const PRODUCTS_SHOWN = 100;

/** Windows of one metric that have not been written yet. */
abstract class Metric<Window> {
  readonly windows = new Map<number, Window>();
  readonly name: string;
  readonly sizeMs: number;
  readonly hopMs: number;
  readonly outOfOrdernessMs: number;

  constructor(name: string, sizeMs: number, hopMs: number, outOfOrdernessMs: number) {
    this.name = name;
    this.sizeMs = sizeMs;
    this.hopMs = hopMs;
    this.outOfOrdernessMs = outOfOrdernessMs;
  }

  abstract open(): Window;
  abstract add(window: Window, event: ShopEvent): void;
  abstract results(window: Window): Iterable<Pick<Result, 'group' | 'measures'>>;

  take(event: ShopEvent, timeMs: number): void {
    const newest = Math.floor(timeMs / this.hopMs) * this.hopMs;
    for (let start = newest; start > timeMs - this.sizeMs; start -= this.hopMs) {
      let window = this.windows.get(start);
      if (window === undefined) this.windows.set(start, (window = this.open()));
      this.add(window, event);
    }
  }

  *close(timeMs: number): Generator<Result> {
    for (const [start, window] of this.windows) {
      if (start + this.sizeMs > timeMs - this.outOfOrdernessMs) continue;
      this.windows.delete(start);
      const window_start = new Date(start).toISOString();
      const window_end = new Date(start + this.sizeMs).toISOString();
      for (const { group, measures } of this.results(window)) {
        yield { metric: this.name, window_start, window_end, group, measures };
      }
    }
  }
}

const cents = (amount: number): number => Math.round(amount * 100);
const dollars = (amount: number): string => (amount / 100).toFixed(2);

class RevenueByCategory extends Metric<Map<string, { revenue: number; purchases: number }>> {
  open() {
    return new Map<string, { revenue: number; purchases: number }>();
  }

  add(window: ReturnType<this['open']>, { event_type, category, revenue }: ShopEvent): void {
    if (event_type !== 'purchase' || category === undefined) return;
    const sum = window.get(category);
    if (sum === undefined) window.set(category, { revenue: cents(revenue ?? 0), purchases: 1 });
    else {
      sum.revenue += cents(revenue ?? 0);
      sum.purchases += 1;
    }
  }

  *results(window: ReturnType<this['open']>) {
    for (const [category, { revenue, purchases }] of window) {
      const measures = {
        total_revenue: dollars(revenue),
        purchase_count: purchases,
        avg_order_value: (revenue / purchases / 100).toFixed(6),
      };
      yield { group: { category }, measures };
    }
  }
}

class HighValueUsers extends Metric<Map<string, { spent: number; purchases: number; products: string[] }>> {
  open() {
    return new Map<string, { spent: number; purchases: number; products: string[] }>();
  }

  add(window: ReturnType<this['open']>, { event_type, user_id, product_name, revenue }: ShopEvent): void {
    if (event_type !== 'purchase') return;
    let user = window.get(user_id);
    if (user === undefined) window.set(user_id, (user = { spent: 0, purchases: 0, products: [] }));
    user.spent += cents(revenue ?? 0);
    user.purchases += 1;
    if (product_name !== undefined) user.products.push(product_name);
  }

  *results(window: ReturnType<this['open']>) {
    for (const [user_id, { spent, purchases, products }] of window) {
      if (spent <= 100_00) continue;
      const products_purchased = products.slice(0, PRODUCTS_SHOWN);
      yield {
        group: { user_id },
        measures: { total_spent: dollars(spent), purchase_count: purchases, products_purchased },
      };
    }
  }
}

class ConversionFunnel extends Metric<Record<'visitors' | 'carts' | 'purchasers', Set<string>>> {
  open() {
    return { visitors: new Set<string>(), carts: new Set<string>(), purchasers: new Set<string>() };
  }

  add(window: ReturnType<this['open']>, { event_type, user_id }: ShopEvent): void {
    if (event_type === 'page_view') window.visitors.add(user_id);
    else if (event_type === 'add_to_cart') window.carts.add(user_id);
    else if (event_type === 'purchase') window.purchasers.add(user_id);
  }

  *results({ visitors, carts, purchasers }: ReturnType<this['open']>) {
    const rate = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);
    const measures = {
      unique_visitors: visitors.size,
      cart_users: carts.size,
      purchasers: purchasers.size,
      cart_conversion_rate: rate(carts.size, visitors.size),
      purchase_conversion_rate: rate(purchasers.size, carts.size),
    };
    yield { group: {}, measures };
  }
}

async function main(): Promise<void> {
  const { BROKERS = '', RAW_TOPIC = '', RESULTS_TOPIC } = process.env;
  const kafka = new Kafka({ clientId: 'plain-program', brokers: BROKERS.split(','), logLevel: logLevel.NOTHING });
  const metrics = [
    new RevenueByCategory('revenue_by_category', MINUTE, MINUTE / 2, MINUTE),
    new HighValueUsers('high_value_users', 5 * MINUTE, MINUTE, 5 * MINUTE),
    new ConversionFunnel('conversion_funnel', 5 * MINUTE, MINUTE, 10 * MINUTE),
  ];

  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(RAW_TOPIC);
  await admin.disconnect();
  /** By partition: how much there is still to read, and the newest event time. */
  const left = new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  const newest = new Map(offsets.map(({ partition }) => [partition, -Infinity]));

  const producer = kafka.producer({ allowAutoTopicCreation: false });
  if (RESULTS_TOPIC !== undefined) await producer.connect();
  let written = 0;
  const write = async (results: Iterable<Result>): Promise<void> => {
    let messages: Message[] = [];
    const send = async (): Promise<void> => {
      if (RESULTS_TOPIC !== undefined && messages.length > 0) await producer.send({ topic: RESULTS_TOPIC, messages });
      messages = [];
    };
    for (const result of results) {
      written += 1;
      if (RESULTS_TOPIC === undefined) continue;
      const key = `${result.metric}|${result.window_start}|${Object.values(result.group).join('|')}`;
      messages.push({ key, value: JSON.stringify(result) });
      if (messages.length >= SEND_RECORDS) await send();
    }
    await send();
  };
  let closedMs = -Infinity;
  const closeUpTo = async (timeMs: number): Promise<void> => {
    if (timeMs < closedMs + MINUTE / 2) return;
    closedMs = timeMs;
    for (const metric of metrics) await write(metric.close(timeMs));
  };

  const consumer = kafka.consumer({ groupId: `plain-program-${RAW_TOPIC}` });
  await consumer.connect();
  await consumer.subscribe({ topic: RAW_TOPIC, fromBeginning: true });
  const isDone = (): boolean => [...left.values()].every((records) => records <= 0);
  const done = new Promise<void>((resolve, reject) => {
    if (isDone()) resolve();
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => restart || reject(error));
    const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
      const { batch } = payload;
      let newestMs = newest.get(batch.partition) ?? -Infinity;
      for (const { value, offset } of batch.messages) {
        const event = JSON.parse(value?.toString() ?? 'null') as ShopEvent;
        const timeMs = Date.parse(event.timestamp);
        if (timeMs > newestMs) newestMs = timeMs;
        for (const metric of metrics) metric.take(event, timeMs);
        payload.resolveOffset(offset);
      }
      newest.set(batch.partition, newestMs);
      left.set(batch.partition, (left.get(batch.partition) ?? 0) - batch.messages.length);
      await payload.heartbeat();
      await closeUpTo(isDone() ? Infinity : Math.min(...newest.values()));
      if (isDone()) resolve();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await done;
  process.stdout.write(`${JSON.stringify({ results: written })}\n`);
}

await main();
