import { BAD_KINDS } from './bad-rows';
import { EVENT_TYPES } from './shop-event';
import { PLAIN_SHOP, type ShopRow, type ShopRowOptions, shopRows } from './shop-rows';
import { UNIFORM } from './uniform-events';

const START_MS = Date.parse('2024-05-01T12:00:00Z');

const rowsOf = (options: Partial<ShopRowOptions> = {}, count = 5_000): ShopRow[] => [
  ...shopRows({ ...PLAIN_SHOP, ...options, count, startMs: START_MS, eventsPerSecond: 100 }),
];
const parse = (row: ShopRow) => JSON.parse(row.text) as Record<string, string | number>;
const share = (rows: readonly unknown[], of: number): number => rows.length / of;

describe('shop events', () => {
  it('are the same for the same seed and others for another', () => {
    const texts = (seed: number) => rowsOf({ seed, bad: 0.1, duplicates: 0.1 }, 500).map((row) => row.text);
    expect(texts(7)).toEqual(texts(7));
    expect(texts(7)).not.toEqual(texts(8));
  });

  it('have the fields of a shop event, and revenue and its payment on purchases alone', () => {
    const fields = [
      'event_id',
      'event_type',
      'timestamp',
      'user_id',
      'product_id',
      'product_name',
      'category',
      'price',
      'quantity',
      'session_id',
      'device_type',
      'country',
    ];
    const withoutProduct = fields.filter((field) => !/product|category|price|quantity/.test(field));
    for (const row of rowsOf().map(parse)) {
      const expected = row['event_type'] === 'search' ? withoutProduct : fields;
      expect(Object.keys(row)).toEqual(
        row['event_type'] === 'purchase' ? [...expected, 'revenue', 'payment_method'] : expected,
      );
    }
  });

  it('come in the shares asked for, with every type', () => {
    const rows = rowsOf({ purchases: 0.12 }, 20_000).map(parse);
    expect(new Set(rows.map((row) => row['event_type']))).toEqual(new Set(EVENT_TYPES));
    expect(
      share(
        rows.filter((row) => row['event_type'] === 'purchase'),
        rows.length,
      ),
    ).toBeCloseTo(0.12, 1);
    expect(
      share(
        rows.filter((row) => row['event_type'] === 'page_view'),
        rows.length,
      ),
    ).toBeGreaterThan(0.4);
  });

  it('have ids of their own, and revenue that is price times quantity to the cent', () => {
    const rows = rowsOf().map(parse);
    expect(new Set(rows.map((row) => row['event_id'])).size).toBe(rows.length);
    const cents = (value: unknown) => Math.round(Number(value) * 100);
    for (const row of rows.filter(({ event_type }) => event_type === 'purchase')) {
      expect(cents(row['revenue'])).toBe(cents(row['price']) * Number(row['quantity']));
    }
  });

  it('buy and take back only what was put in the cart of the same visit', () => {
    const carts = new Map<unknown, unknown[]>();
    for (const row of rowsOf({}, 20_000).map(parse)) {
      const cart = carts.get(row['session_id']) ?? [];
      carts.set(row['session_id'], cart);
      if (row['event_type'] === 'add_to_cart') cart.push(row['product_id']);
      if (row['event_type'] !== 'purchase' && row['event_type'] !== 'remove_from_cart') continue;
      expect(cart).toContain(row['product_id']);
      cart.splice(cart.indexOf(row['product_id']), 1);
    }
  });

  it('keep a visit to one user, device and country, and a user to one country', () => {
    const visits = new Map<unknown, string>();
    const homes = new Map<unknown, unknown>();
    for (const row of rowsOf({ users: 50 }).map(parse)) {
      const who = `${row['user_id']} ${row['device_type']} ${row['country']}`;
      expect(visits.get(row['session_id']) ?? who).toBe(who);
      expect(homes.get(row['user_id']) ?? row['country']).toBe(row['country']);
      visits.set(row['session_id'], who);
      homes.set(row['user_id'], row['country']);
    }
  });

  it('follow the time they are made at, less the disorder', () => {
    const times = rowsOf({ disorderMs: 5_000 }).map((row) => Date.parse(String(parse(row)['timestamp'])));
    const behind = times.map((time, i) => START_MS + i * 10 - time);
    expect(Math.min(...behind)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...behind)).toBeLessThanOrEqual(5_000);
    expect(Math.max(...behind)).toBeGreaterThan(4_500);
  });
});

describe('faults', () => {
  const rows = rowsOf({ lateness: { share: 0.03, maxMs: 1_200_000 }, duplicates: 0.05, bad: 0.09 }, 20_000);
  const of = (fault: ShopRow['fault']) => rows.filter((row) => row.fault === fault);

  it('come in the shares asked for, bad rows of every kind', () => {
    expect(share(of('late'), rows.length)).toBeCloseTo(0.03, 1.9);
    expect(share(of('duplicate'), rows.length)).toBeCloseTo(0.05, 1.9);
    for (const kind of BAD_KINDS) expect(share(of(kind), rows.length)).toBeGreaterThan(0.005);
  });

  it('repeat rows byte for byte', () => {
    const before = new Set<string>();
    for (const row of rows) {
      if (row.fault === 'duplicate') expect(before).toContain(row.text);
      before.add(row.text);
    }
  });

  it('never break a line, so that a bad row harms no other', () => {
    expect(rows.filter((row) => row.text.includes('\n'))).toEqual([]);
    for (const row of of('malformed-json')) expect(() => parse(row)).toThrow(SyntaxError);
    for (const row of of('wrong-type')) expect(parse(row)['quantity']).toBe('two');
    for (const row of of('out-of-range')) expect(parse(row)['price']).toBe(Infinity);
    for (const row of of('no-key')) expect(row.key).toBeNull();
  });

  it('leave the events between them as they were', () => {
    const texts = (options: Partial<ShopRowOptions>) =>
      rowsOf(options, 1_000)
        .filter(({ fault }) => fault === null)
        .map(({ text }) => text.slice(0, 40));
    const plain = new Set(texts({}));
    expect(texts({ bad: 0.2 }).every((text) => plain.has(text))).toBe(true);
  });
});

describe('uniform events', () => {
  const rows = rowsOf({ shape: 'uniform', users: UNIFORM.users, products: UNIFORM.products }, 8_000);

  it('are 342 bytes each', () => {
    expect(new Set(rows.map((row) => Buffer.byteLength(row.text)))).toEqual(new Set([342]));
  });

  it('are a quarter of each of four types', () => {
    const counts = new Map<unknown, number>();
    for (const row of rows.map(parse)) counts.set(row['event_type'], (counts.get(row['event_type']) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['add_to_cart', 'page_view', 'purchase', 'remove_from_cart']);
    for (const count of counts.values()) expect(count / rows.length).toBeCloseTo(0.25, 1);
  });

  it('make 0.65 windows of a user who has spent more than 100 for each event', () => {
    // As many events of a user in a second as in the full shape, with fewer users.
    const [users, count] = [1_000, 20_000];
    const pace = { startMs: START_MS, eventsPerSecond: count / 7_200 };
    const spent = new Map<string, number>();
    for (const row of shopRows({
      ...PLAIN_SHOP,
      shape: 'uniform',
      users,
      products: UNIFORM.products,
      count,
      ...pace,
    })) {
      const { event_type: type, timestamp, user_id: user, revenue } = parse(row);
      const minute = Math.floor(Date.parse(String(timestamp)) / 60_000);
      for (let start = minute; type === 'purchase' && start > minute - 5; start -= 1) {
        const window = `${start} ${user}`;
        spent.set(window, (spent.get(window) ?? 0) + Number(revenue));
      }
    }
    const high = [...spent.values()].filter((total) => total > 100).length;
    expect(Math.abs(high / count - 0.655)).toBeLessThan(0.02);
  });
});
