import type { ValueMessage, WindowResultMessage } from '@tillstream/contracts';
import { fromTimestamp } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { QueryClient } from '../rig/query-client';
import { Platform, until } from './platform';
import { publish } from './through-gateway';

const EVENTS = 6_000;
const BODY = 500;
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const MINUTES = 4;
const SIZE_MS = 60_000;
const CATEGORIES = ['books', 'food', 'toys'];

/** One metric is merged over partitions, the other final in its own. */
const METRICS = `metrics:
${['category', 'user_id'].map(metricBy).join('')}`;

function metricBy(group: string): string {
  return `  by_${group}:
    where: event_type == 'purchase'
    groupBy: [${group}]
    window: { size: 1m, hop: 30s }
    outOfOrderness: 1m
    measures:
      typical: median(price)
      expensive: percentile(price, 95)
      spread: stddev(price)
      orders_per_second: rate()
      sold_per_second: rate(price)
      buyers: approx_distinct(user_id)
      opened_with: first(product_name)
      closed_with: last(quantity)
      best_sellers: top(3, product_name by sum(price))
      gap: expensive - typical
`;
}

interface Purchase {
  readonly event_id: string;
  readonly event_type: 'purchase';
  readonly timestamp: string;
  readonly user_id: string;
  readonly category: string;
  readonly product_name: string;
  readonly price: string;
  readonly quantity: number;
}

function purchases(): Purchase[] {
  const random = new SeededRandom(11);
  return Array.from({ length: EVENTS }, (_, i) => ({
    event_id: `e${i}`,
    event_type: 'purchase',
    // No two at the same time: which is the first would hang on the partition.
    timestamp: new Date(START_MS + Math.floor((i * MINUTES * SIZE_MS) / EVENTS)).toISOString(),
    user_id: `u${random.below(400)}`,
    category: random.pick(CATEGORIES),
    product_name: `product ${random.below(1_000)}`,
    price: (random.below(random.chance(0.1) ? 100_000 : 2_000) / 100).toFixed(2),
    quantity: 1 + random.below(5),
  }));
}

describe('measures that are declared in a stream file', () => {
  const platform = new Platform((file) => file.replace(/^metrics:[^]*/m, METRICS));
  const sent = purchases();
  let client: QueryClient;

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
    client = new QueryClient(`127.0.0.1:${platform.service('query-api').grpc}`);
  }, 120_000);

  afterAll(async () => {
    client.close();
    await platform.stop();
  }, 60_000);

  it('give what looking at all rows of a window gives, through a crash and over partitions', async () => {
    for (let from = 0; from < EVENTS; from += BODY) {
      await publish(
        platform,
        sent.slice(from, from + BODY).map((event) => JSON.stringify(event)),
      );
      if (from === EVENTS / 2) await platform.killAndRestart(platform.service('aggregator'));
    }
    await platform.advance(START_MS + 3_000_000);
    for (const group of ['category', 'user_id'] as const) {
      const wanted = windowsBy(group);
      let finals: readonly WindowResultMessage[] = [];
      await until(`all windows by ${group}`, 90_000, async () => {
        finals = (await allRows(`by_${group}`)).filter(({ final }) => final);
        return finals.length >= wanted.size;
      });
      expect(finals).toHaveLength(wanted.size);
      for (const row of finals) {
        const startMs = row.start === null ? NaN : fromTimestamp(row.start);
        check(row, wanted.get(`${startMs} ${row.group[group]?.text}`) ?? []);
      }
    }
  }, 240_000);

  it('say how far they may be off', async () => {
    const { metrics } = await client.listMetrics({ stream: platform.stream });
    const errors = new Map(metrics[0]?.measures.map(({ name, relativeError }) => [name, relativeError]));
    expect(errors.get('expensive')).toBe(0.01);
    expect(errors.get('buyers')).toBeCloseTo(0.01625, 5);
    expect(errors.get('spread')).toBe(0);
  });

  async function allRows(metric: string): Promise<WindowResultMessage[]> {
    const all: WindowResultMessage[] = [];
    for (let pageToken = ''; ;) {
      const page = await client.listWindows({ stream: platform.stream, metric, pageSize: 10_000, pageToken });
      all.push(...page.windows);
      pageToken = page.nextPageToken;
      if (pageToken === '') return all;
    }
  }

  /** By start and group, in the order of time. */
  function windowsBy(group: 'category' | 'user_id'): ReadonlyMap<string, readonly Purchase[]> {
    const windows = new Map<string, Purchase[]>();
    for (const purchase of sent) {
      const hop = Math.floor(Date.parse(purchase.timestamp) / 30_000) * 30_000;
      for (const startMs of [hop - 30_000, hop]) {
        const key = `${startMs} ${purchase[group]}`;
        windows.set(key, [...(windows.get(key) ?? []), purchase]);
      }
    }
    return windows;
  }
});

function check({ measures }: WindowResultMessage, rows: readonly Purchase[]): void {
  const prices = rows.map(({ price }) => Math.round(Number(price) * 100)).sort((a, b) => a - b);
  const near = (name: string, percent: number): number => {
    const exact = prices[Math.floor((percent * (prices.length - 1)) / 100)] as number;
    const shown = Math.round(Number(measures[name]?.decimal) * 100);
    expect(Math.abs(shown - exact)).toBeLessThanOrEqual(0.01 * exact + 0.5);
    return shown;
  };
  const gap = near('expensive', 95) - near('typical', 50);
  expect(measures['gap']?.decimal).toBe((gap / 100).toFixed(2));

  const sum = prices.reduce((total, price) => total + price, 0);
  const mean = sum / prices.length;
  const variance = prices.reduce((total, price) => total + (price - mean) ** 2, 0) / (prices.length - 1);
  if (prices.length > 1) expect(number(measures['spread'])).toBeCloseTo(Math.sqrt(variance) / 100, 9);
  else expect(measures['spread']).toEqual({});
  expect(number(measures['orders_per_second'])).toBe(rows.length / 60);
  expect(number(measures['sold_per_second'])).toBe(sum / 6_000);

  const buyers = new Set(rows.map(({ user_id }) => user_id)).size;
  expect(Math.abs(Number(measures['buyers']?.integer) - buyers)).toBeLessThanOrEqual(0.05 * buyers);
  const sold = new Map<string, number>();
  for (const { product_name, price } of rows) {
    sold.set(product_name, (sold.get(product_name) ?? 0) + Math.round(Number(price) * 100));
  }
  const best = [...sold].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 3);
  expect(measures['best_sellers']?.ranking?.values.map(({ value, amount }) => [value?.text, amount?.decimal])).toEqual(
    best.map(([product, minor]) => [product, (minor / 100).toFixed(2)]),
  );

  expect(measures['opened_with']?.text).toBe(rows[0]?.product_name);
  expect(measures['closed_with']?.integer).toBe(String(rows.at(-1)?.quantity));
}

const number = (value: ValueMessage | undefined): number | undefined => value?.number;
