import { expectedOutcome, type OracleRecord, type PlainDefinition } from './raw-oracle';
import { partitionOfKey } from './raw/murmur2';

const SECOND = 1_000;

/** Users by partition of two, checked below against the published algorithm. */
const definition: PlainDefinition = {
  partitions: 2,
  key: ['user'],
  id: 'id',
  dedupe: { withinMs: 60 * SECOND, maxRows: 3 },
  eventTime: 'at',
  futureToleranceMs: 5 * SECOND,
  minorDigits: 2,
  fields: {
    id: { type: 'string' },
    at: { type: 'timestamp' },
    user: { type: 'string' },
    kind: { type: 'string', optional: true, aliases: { buy: 'purchase' }, values: ['view', 'purchase'] },
    price: { type: 'money', optional: true },
    shop: { type: 'string', optional: true },
  },
  metrics: {
    revenue: {
      where: (row) => row['kind'] === 'purchase',
      groupBy: ['shop'],
      sizeMs: 10 * SECOND,
      hopMs: 5 * SECOND,
      outOfOrdernessMs: 2 * SECOND,
      measures: { total: { sum: 'price' }, mean: { avg: 'price' }, count: { count: true } },
    },
    spenders: {
      where: (row) => row['kind'] === 'purchase',
      groupBy: ['user'],
      sizeMs: 10 * SECOND,
      hopMs: 10 * SECOND,
      outOfOrdernessMs: 0,
      measures: { total: { sum: 'price' }, shops: { collect: 'shop', limit: 2 } },
      having: ({ total }) => typeof total === 'bigint' && total > 500n,
    },
    visitors: {
      groupBy: [],
      sizeMs: 10 * SECOND,
      hopMs: 10 * SECOND,
      outOfOrdernessMs: 0,
      measures: { users: { distinct: 'user' }, newest: { max: 'at' } },
    },
  },
};

const [zero, one] = userOfEachPartition();

function userOfEachPartition(): [string, string] {
  const users = Array.from({ length: 50 }, (_, i) => `u${i}`);
  const find = (partition: number) => users.find((user) => partitionOfKey(user, 2) === partition);
  return [find(0) ?? '', find(1) ?? ''];
}

/** Offsets follow the position in the list; append time is that of the newest event unless said otherwise. */
function log(...values: readonly (string | Partial<OracleRecord>)[]): OracleRecord[] {
  return values.map((value, offset) => {
    const base = { offset, appendMs: 1_000_000, headers: {}, value: null };
    return typeof value === 'string' ? { ...base, value: Buffer.from(value) } : { ...base, ...value };
  });
}

const event = (id: string, seconds: number, user = zero, more: object = {}): string =>
  JSON.stringify({ id, at: seconds * SECOND + 1_000_000_000_000, user, ...more });
const EPOCH = 1_000_000_000_000;
const at = (seconds: number): string => new Date(EPOCH + seconds * SECOND).toISOString();
/** A record whose broker stamped it so many seconds after the epoch of these tests. */
const record = (seconds: number, value: string, headers: OracleRecord['headers'] = {}): Partial<OracleRecord> => ({
  appendMs: EPOCH + seconds * SECOND,
  value: Buffer.from(value),
  headers,
});
const text = (value: string): Uint8Array => Buffer.from(value);
const advance = (seconds: number, toSeconds: number): Partial<OracleRecord> =>
  record(seconds, JSON.stringify({ kind: 'advance', toMs: EPOCH + toSeconds * SECOND }), {
    'tillstream-control': text('advance'),
  });

const run = (first: OracleRecord[], second: OracleRecord[] = []) => expectedOutcome(definition, [first, second]);
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map((row) => row.id);

describe('partitions of keys', () => {
  it.each([
    // From Kafka's own tests of murmur2 (UtilsTest).
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('agree with Kafka on %s', (key, hash) => {
    expect(partitionOfKey(key, 2 ** 31)).toBe(hash & 0x7fffffff);
  });
});

describe('what becomes of rows', () => {
  it('reads arrays, lines and single objects, and says why the others can never be processed', () => {
    const { partitions } = run(
      log(
        record(10, `[${event('a', 1)}, ${event('b', 2)}]`),
        record(10, `${event('c', 3)}\n{"id": broken\n${event('d', 4)}\n`),
        record(10, '[{"id":"e"'),
        record(10, `[${event('f', 1, '')},${event('g', 1, zero, { kind: 'sell' })},{"id":"h","user":"x"},7]`),
        record(10, `{"id":"i","at":"${at(1)}","user":"${zero}","user":"${one}"}`),
        record(10, `{"id":"j","at":"yesterday","user":"${zero}"}`),
        record(10, event('k', 15)),
        record(10, event('l', 16)),
      ),
    );
    expect(ids(partitions[0]?.accepted ?? [])).toEqual(['0|0|0', '0|0|1', '0|1|0', '0|1|2', '0|6|0']);
    expect(partitions[0]?.deadLetters.map(({ id, code }) => [id, code])).toEqual([
      ['0|1|1', 'malformed-json'],
      ['0|2|-1', 'malformed-json'],
      ['0|3|0', 'no-key'],
      ['0|3|1', 'unknown-value'],
      ['0|3|2', 'missing-field'],
      ['0|3|3', 'not-an-object'],
      ['0|4|0', 'duplicate-field'],
      ['0|5|0', 'bad-timestamp'],
      ['0|7|0', 'in-the-future'],
    ]);
  });

  it('drops an id that stood in a valid row near enough, accepted or not, and no other', () => {
    const { partitions } = run(
      log(
        record(0, event('a', 0)),
        record(60, event('a', 0)), // exactly within
        record(121, event('a', 0)), // 61 s after the row that was dropped
        record(121, `[${event('b', 0)},${event('c', 0)}]`),
        record(121, event('a', 0)), // three valid rows later
        record(121, `[${event('d', 0)},{"id":"a"},${event('e', 0)},${event('f', 0)},${event('a', 0)}]`), // four
      ),
    );
    expect(ids(partitions[0]?.duplicates ?? [])).toEqual(['0|1|0', '0|4|0']);
    expect(partitions[0]?.accepted.filter(({ row }) => row['id'] === 'a').map(({ id }) => id)).toEqual([
      '0|0|0',
      '0|2|0',
      '0|5|4',
    ]);
  });

  it('drops the rows of a repeated write, but not the rows of one write after its first', () => {
    const batch = { 'tillstream-batch-id': text('0123456789abcdef') };
    const { partitions } = run(
      log(record(0, `[${event('a', 0)},${event('b', 0)}]`, batch), record(1, event('other', 0), batch)),
    );
    expect(ids(partitions[0]?.accepted ?? [])).toEqual(['0|0|0', '0|0|1']);
    expect(ids(partitions[0]?.duplicates ?? [])).toEqual(['0|1|0']);
  });

  it('tells a repeated write by its first row: all of it is dropped, or none', () => {
    const batch = { 'tillstream-batch-id': text('0123456789abcdef') };
    const others = (from: number, count: number): string =>
      `[${Array.from({ length: count }, (_, i) => event(`x${from + i}`, 0)).join(',')}]`;
    const body = (names: string): string => `[${[...names].map((name) => event(name, 0)).join(',')}]`;
    const { partitions } = run(
      log(
        record(0, body('a'), batch),
        record(0, others(0, 2)),
        record(0, body('bcd'), batch), // its first row is three rows behind the write's last one, its last row five
        record(0, others(10, 3)),
        record(0, body('e'), batch), // four rows behind
      ),
    );
    expect(ids(partitions[0]?.duplicates ?? [])).toEqual(['0|2|0', '0|2|1', '0|2|2']);
  });

  it('keeps broken UTF-8, and numbers written as text, to their own row', () => {
    const broken = Buffer.from(event('b', 0).replace('"b"', '"\xff"'), 'latin1').toString('latin1');
    const value = Buffer.from(
      `[${event('a', 0)},${broken},{"id":12,"at":"1000000000","user":"${zero}","price":"1.5"}]`,
      'latin1',
    );
    const { partitions } = run(log({ appendMs: EPOCH, value }));
    expect(partitions[0]?.deadLetters.map(({ id, code }) => [id, code])).toEqual([['0|0|1', 'invalid-utf8']]);
    expect(partitions[0]?.accepted[1]?.row).toMatchObject({ id: '12', at: 1_000_000_000_000, price: 150n });
  });

  it('finds rows on a wrong partition, and takes re-routed rows once', () => {
    const first = log(record(0, `[${event('a', 0, one)},${event('b', 0)}]`));
    const brought = (header: string) => record(0, event('a', 0, one), { 'tillstream-rerouted': text(header) });
    const { partitions } = run(first, log(brought('0|0|1|0'), brought('0|0|2|0')));
    expect(partitions[0]?.misplaced).toEqual([{ id: '0|0|0', partition: 0, offset: 0, index: 0, targetPartition: 1 }]);
    expect(ids(partitions[0]?.accepted ?? [])).toEqual(['0|0|1']);
    expect(ids(partitions[1]?.accepted ?? [])).toEqual(['1|0|0']);
    expect(ids(partitions[1]?.broughtBefore ?? [])).toEqual(['1|1|0']);
  });

  it('uses the running maximum of append times', () => {
    const { partitions } = run(log(record(20, event('a', 1)), record(3, event('b', 24)), record(3, event('c', 26))));
    expect(ids(partitions[0]?.accepted ?? [])).toEqual(['0|0|0', '0|1|0']);
    expect(partitions[0]?.watermarkInputMs).toBe(EPOCH + 20 * SECOND); // b clamped to its append time
  });
});

describe('time', () => {
  const purchase = (id: string, seconds: number, user: string, price: string, shop: string | null = 'north'): string =>
    `{"id":"${id}","at":"${at(seconds)}","user":"${user}","kind":"buy","price":${price},"shop":${JSON.stringify(shop)}}`;

  it('closes a merged window when the last partition has closed it, a local one at once', () => {
    const { finals, open } = run(
      log(record(100, purchase('a', 1, zero, '3.00')), record(100, purchase('b', 2, zero, '2.01')), advance(100, 17)),
      log(record(100, purchase('c', 3, one, '4.005')), advance(100, 16.999)),
    );
    const revenue = (rows: typeof finals) => rows.filter((row) => row.metric === 'revenue');
    // [-5, 5) and [0, 10) are closed at 15 and 14.999; all purchases are in both.
    expect(revenue(finals)).toEqual([
      expect.objectContaining({ windowStart: at(-5), measures: { total: '9.01', mean: '3.003333', count: 3 } }),
      expect.objectContaining({ windowStart: at(0), measures: { total: '9.01', mean: '3.003333', count: 3 } }),
    ]);
    expect(open).toEqual([]);
    expect(finals.filter((row) => row.metric === 'spenders')).toEqual([
      {
        id: `spenders|${at(0)}|{"user":"${zero}"}`,
        metric: 'spenders',
        windowStart: at(0),
        windowEnd: at(10),
        group: { user: zero },
        measures: { total: '5.01', shops: ['north', 'north'] },
      },
    ]);
  });

  it('keeps a window open while one partition is behind its end plus the bound', () => {
    const { finals, open, progress } = run(
      log(record(100, purchase('a', 1, zero, '1')), advance(100, 50)),
      log(record(100, purchase('b', 11, one, '1', null))),
    );
    expect(finals.filter((row) => row.metric === 'revenue').map((row) => row.windowStart)).toEqual([at(-5)]);
    expect(open.filter((row) => row.metric === 'revenue')).toEqual([
      expect.objectContaining({ windowStart: at(0), group: { shop: 'north' } }),
      expect.objectContaining({ windowStart: at(5), group: { shop: null } }),
      expect.objectContaining({ windowStart: at(10), group: { shop: null } }),
    ]);
    expect(progress['revenue']?.allPartitionsMs).toBe(EPOCH + 9 * SECOND);
  });

  it('has no merged final while a partition has never had a row', () => {
    const { finals } = run(log(record(100, event('a', 1)), advance(100, 90)));
    expect(finals).toEqual([]);
  });

  it('never takes an advance for more than its append time', () => {
    expect(run(log(advance(30, 500))).partitions[0]?.watermarkInputMs).toBe(EPOCH + 30 * SECOND);
  });

  it('judges lateness before the record of a row, and names the windows it missed', () => {
    const { late, lateCounts, finals } = run(
      log(
        record(100, `[${purchase('a', 30, zero, '1')},${purchase('b', 2, zero, '1')}]`), // own record: not late
        record(100, purchase('c', 19, zero, '1')), // W = 28: missed [10, 20) and [15, 25)
        record(100, purchase('d', 24, zero, '1')), // missed [15, 25), counts in [20, 30)
        record(100, event('e', 2, zero, { kind: 'view' })), // no purchase: late for visitors alone
      ),
      log(advance(100, 90)),
    );
    expect(late.filter((row) => row.metric === 'revenue')).toEqual([
      expect.objectContaining({
        id: '0|1|0|revenue',
        missedStartsMs: [EPOCH + 10 * SECOND, EPOCH + 15 * SECOND],
        latenessMs: 9 * SECOND,
      }),
      expect.objectContaining({ id: '0|2|0|revenue', missedStartsMs: [EPOCH + 15 * SECOND] }),
    ]);
    expect(ids(late.filter((row) => row.metric === 'visitors'))).toEqual([
      '0|1|0|visitors',
      '0|2|0|visitors',
      '0|3|0|visitors',
    ]);
    expect(lateCounts.filter(({ metric }) => metric === 'revenue')).toEqual([
      { metric: 'revenue', windowStart: at(10), count: 1 },
      { metric: 'revenue', windowStart: at(15), count: 2 },
    ]);
    expect(finals.filter((row) => row.metric === 'visitors')).toEqual([
      expect.objectContaining({ windowStart: at(0), measures: { users: 1, newest: at(2) } }),
    ]);
  });

  it('moves the watermark neither by duplicates nor by rows of another partition', () => {
    const { partitions } = run(
      log(record(100, event('a', 1)), record(100, event('a', 50)), record(100, event('x', 60, one))),
    );
    expect(partitions[0]?.watermarkInputMs).toBe(EPOCH + 1 * SECOND);
  });

  it('collects in order of partition, offset and index, nulls left out', () => {
    const { finals } = run(
      log(
        record(100, `[${purchase('a', 5, zero, '9', null)},${purchase('b', 4, zero, '1', 'south')}]`),
        record(100, `[${purchase('c', 3, zero, '1', 'north')},${purchase('d', 3, zero, '1', 'east')}]`),
        advance(100, 10),
      ),
    );
    expect(finals[0]?.measures).toEqual({ total: '12.00', shops: ['south', 'north'] });
  });
});
