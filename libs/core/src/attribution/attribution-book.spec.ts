import * as fc from 'fast-check';
import type { Row } from '../metrics/testing/evaluate-row';
import type { LogEntry } from '../metrics/testing/partition-log';
import { PartitionLog } from '../metrics/testing/partition-log';
import type { AttributedPurchase } from './attribution';
import { AttributionBook } from './attribution-book';
import type { AttributionDefinition } from './definition';
import { anAttribution, scenes, shopSchema } from './testing/attribution-arbitraries';
import type { PlainPurchase } from './testing/attribution-oracle';
import { judgeAttribution } from './testing/attribution-oracle';
import type { ToldAttributions } from './testing/run-attribution';
import { applyEntries } from './testing/run-attribution';

const schema = shopSchema;

function run(log: PartitionLog, attribution: AttributionDefinition, cuts: readonly number[] = []): ToldAttributions {
  const book = new AttributionBook(schema, attribution, -Infinity);
  const told: ToldAttributions = { decided: [], late: [] };
  let at = 0;
  for (const length of [...cuts, log.entries.length]) {
    const to = Math.min(at + length, log.entries.length);
    applyEntries(book, log, at, to, told);
    at = to;
  }
  return told;
}

/** What does not depend on how rows are told. */
function bare({ offset, index, timeMs, decidedBy, truncated, views }: AttributedPurchase | PlainPurchase) {
  const places = views.map((view) => ({ offset: view.offset, index: view.index, timeMs: view.timeMs }));
  return { offset, index, timeMs, decidedBy, truncated, views: places };
}

const view = (at: number, more: Row = {}): Row => ({ at, type: 'view', user: 'ann', product: 'a', ...more });
const purchase = (at: number, more: Row = {}): Row => view(at, { type: 'purchase', revenue: 100, ...more });
const both = (at: number): Row => purchase(at, { type: 'both' });

/** A record for each list of rows, and at its end one that lets everything be decided. */
function logOf(...records: readonly (readonly Row[])[]): PartitionLog {
  const entries = records.map((rows, offset): LogEntry => ({ offset, appendMs: 1e9, rows }));
  return new PartitionLog(schema, 0, [
    ...entries,
    { offset: entries.length, appendMs: 1e9, rows: [], advanceToMs: 1e8 },
  ]);
}

/** By the time of the purchase: the times of its views. */
function told(log: PartitionLog, attribution = anAttribution()): Record<number, number[]> {
  const { decided } = run(log, attribution);
  return Object.fromEntries(decided.map(({ timeMs, views }) => [timeMs, views.map((one) => one.timeMs)]));
}

/** Every order of some items. */
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, other) => other !== i)).map((rest) => [item, ...rest]),
  );
}

describe('AttributionBook', () => {
  it('tells what looking at all views for each purchase tells, wherever batches are cut', () => {
    let pairs = 0;
    let truncated = 0;
    let late = 0;
    fc.assert(
      fc.property(scenes, fc.array(fc.nat(6)), ({ attribution, log }, cuts) => {
        const all = run(log, attribution, cuts);
        const expected = judgeAttribution(log, attribution, schema);
        expect(all.decided.map(bare)).toEqual(expected.decided.map(bare));
        expect(all.late.map(({ rawOffset, index }) => [rawOffset, index])).toEqual(
          expected.late.map(({ offset, index }) => [offset, index]),
        );
        for (const { views } of all.decided) pairs += views.length;
        truncated += all.decided.filter((one) => one.truncated).length;
        late += all.late.length;
      }),
      { numRuns: 1000 },
    );
    // It was not about nothing.
    expect([pairs > 1000, truncated > 100, late > 500]).toEqual([true, true, true]);
  });

  it('tells the same of a few rows in whatever order they come within the time that it waits', () => {
    const rows = fc.uniqueArray(
      fc.record({
        at: fc.integer({ min: 1000, max: 1020 }),
        type: fc.constantFrom('view', 'view', 'purchase', 'both'),
        user: fc.constantFrom('ann', 'bob'),
        product: fc.constantFrom('a', 'b'),
      }),
      { selector: ({ at }) => at, minLength: 2, maxLength: 5 },
    );
    fc.assert(
      fc.property(rows, fc.constantFrom(3, 10, 20), fc.constantFrom(1, 2, 100), (some, withinMs, maxMatches) => {
        const attribution = anAttribution({ withinMs, maxMatches });
        const orders = permutations(some).map((order) => told(logOf(...order.map((row) => [row])), attribution));
        for (const order of orders) expect(order).toEqual(orders[0]);
        expect(told(logOf(some), attribution)).toEqual(orders[0]);
      }),
      { numRuns: 100 },
    );
  });

  it('takes a view exactly `within` before the purchase, and none at the very time of it', () => {
    expect(told(logOf([view(99), view(100), view(199), view(200), purchase(200)]))).toEqual({ 200: [199, 100] });
  });

  it('takes a view that comes after its purchase', () => {
    expect(told(logOf([purchase(200)], [view(190)]))).toEqual({ 200: [190] });
  });

  it('takes an event that is both for a view of those behind it, and not of itself', () => {
    expect(told(logOf([both(200), both(210), view(190)]))).toEqual({ 200: [190], 210: [200, 190] });
  });

  it('matches by key and by all fields of `on`, and leaves out what lacks one', () => {
    const on = ['product', 'size'];
    const records = [
      [view(190, { size: 1 }), view(191, { size: 2 }), view(192), view(193, { size: 1, user: 'bob' })],
      [view(194, { size: 1, product: null }), purchase(200, { size: 1 }), purchase(201)],
    ];
    expect(told(logOf(...records), anAttribution({ on }))).toEqual({ 200: [190] });
    const zeros = logOf([view(190, { size: -0 }), purchase(200, { size: 0 })]);
    expect(told(zeros, anAttribution({ on }))).toEqual({ 200: [190] });
  });

  it('takes no key and product for others that are written with the same letters', () => {
    const log = logOf([view(190, { user: 'ab', product: 'c' }), purchase(200, { user: 'a', product: 'bc' })]);
    expect(told(log)).toEqual({ 200: [] });
  });

  it('knows somebody by the text of the first part of the key that is there', () => {
    const records = [
      [view(190, { user: '7' }), view(191, { user: null, visitor: 7 }), view(192, { user: '', visitor: 7 })],
      [view(193, { user: 'ann', visitor: 7 }), purchase(200, { user: null, visitor: 7 })],
    ];
    expect(told(logOf(...records))).toEqual({ 200: [192, 191, 190] });
  });

  it('tells the newest views, of those of one time the one further in raw first, and that there are more', () => {
    const { decided } = run(logOf([view(190), purchase(200), view(195)], [view(195), view(180)]), anAttribution());
    expect(decided).toEqual([
      {
        ...{ offset: 0, index: 1, timeMs: 200, decidedBy: 2 },
        ...{ user: 'ann', on: ['a'], category: null, device: null, revenue: 100 },
        views: [
          { offset: 1, index: 0, timeMs: 195, share: 1 / 3, revenue: 34 },
          { offset: 0, index: 2, timeMs: 195, share: 1 / 3, revenue: 33 },
          { offset: 0, index: 0, timeMs: 190, share: 1 / 3, revenue: 33 },
        ],
        truncated: true,
      },
    ]);
  });

  it('tells a purchase without views, and one without revenue', () => {
    const { decided } = run(logOf([purchase(150, { revenue: null }), view(160), purchase(170)]), anAttribution());
    expect(decided.map(({ revenue, views }) => [revenue, views])).toEqual([
      [NaN, []],
      [100, [{ offset: 0, index: 1, timeMs: 160, share: 1, revenue: 100 }]],
    ]);
    const { decided: plain } = run(logOf([view(160), purchase(170)]), anAttribution({ revenue: null }));
    expect(plain).toMatchObject([{ revenue: NaN, views: [{ share: 1, revenue: NaN }] }]);
  });

  it('tells texts cut to 256 bytes, at a character, and matches by all of them', () => {
    const long = 'é'.repeat(200);
    const row = { user: `x${long}`, product: `${long}1`, category: `y${long}`, device: 'phone' };
    const others = [view(188, { ...row, user: `x${long}2` }), view(189, { ...row, product: `${long}2` })];
    const { decided } = run(logOf([...others, view(190, row), purchase(200, row)]), anAttribution());
    const [cut, odd] = ['é'.repeat(128), 'é'.repeat(127)];
    expect(decided).toMatchObject([
      { user: `x${odd}`, on: [cut], category: `y${odd}`, device: 'phone', views: [{ timeMs: 190 }] },
    ]);
  });

  it('tells values of `on` that are no texts as text', () => {
    const on = ['size', 'revenue', 'at'];
    const { decided } = run(logOf([purchase(200, { size: -0, revenue: 1234 })]), anAttribution({ on }));
    expect(decided).toMatchObject([{ on: ['0', '12.34', '1970-01-01T00:00:00.200Z'] }]);
  });

  it('decides a purchase at the end of the record that moves the watermark to it', () => {
    const log = logOf([purchase(200), purchase(199)], [view(219)], [view(220), view(190)], [view(191)]);
    const { decided } = run(log, anAttribution());
    expect(decided.map(({ timeMs, decidedBy, views }) => [timeMs, decidedBy, views.length])).toEqual([
      [199, 1, 0],
      [200, 2, 1],
    ]);
  });

  it('decides a purchase at the watermark itself at the end of its own record', () => {
    const { decided, late } = run(logOf([view(220)], [purchase(200), view(190)]), anAttribution());
    expect(decided.map(({ decidedBy, views }) => [decidedBy, views.length])).toEqual([[1, 1]]);
    expect(late).toMatchObject([{ rawOffset: 1, index: 1 }]);
  });

  it('keeps a view for a purchase exactly `within` behind it for as long as one is not late', () => {
    const clock = (at: number): Row => ({ at, type: 'search', user: 'bob' });
    expect(told(logOf([view(100)], [clock(220)], [purchase(200)]))).toEqual({ 200: [100] });
    expect(told(logOf([clock(220)], [purchase(200), view(100), view(99)]))).toEqual({ 200: [100] });
    // Where a slice of views ends.
    const attribution = anAttribution({ withinMs: 60_000 });
    const log = logOf([view(59_999)], [clock(120_018)], [clock(120_019)], [purchase(119_999)]);
    expect(told(log, attribution)).toEqual({ 119_999: [59_999] });
  });

  it('drops a late purchase, takes a late view for purchases that are not decided, and tells both as late', () => {
    const log = logOf([purchase(210), view(220)], [purchase(199), view(198)], [{ at: 1, type: 'search', user: 'ann' }]);
    const { decided, late } = run(log, anAttribution());
    expect(decided.map(({ timeMs, views }) => [timeMs, views.map((one) => one.timeMs)])).toEqual([[210, [198]]]);
    expect(late).toEqual([
      {
        ...{ rawOffset: 1, index: 0, latenessMs: 1 },
        json: '{"at":"1970-01-01T00:00:00.199Z","type":"purchase","user":"ann","product":"a","revenue":1.00}',
      },
      {
        ...{ rawOffset: 1, index: 1, latenessMs: 2 },
        json: '{"at":"1970-01-01T00:00:00.198Z","type":"view","user":"ann","product":"a"}',
      },
    ]);
  });

  it('tells what is decided in the order of the deciding record, then of time, then of the place in raw', () => {
    const { decided } = run(logOf([purchase(203), purchase(201)], [purchase(201), purchase(202)]), anAttribution());
    expect(decided.map(({ timeMs, offset, index }) => [timeMs, offset, index])).toEqual([
      [201, 0, 1],
      [201, 1, 0],
      [202, 1, 1],
      [203, 0, 0],
    ]);
  });

  it('tells purchases that it knows all views of when it begins in the middle', () => {
    fc.assert(
      fc.property(scenes, fc.nat(30), ({ attribution, log }, cut) => {
        const from = Math.min(cut, log.entries.length);
        const before = log.entries.slice(0, from).flatMap(({ rows }) => rows.map(({ at }) => at as number));
        const completeFromMs = Math.max(...before, -Infinity) + attribution.withinMs;
        const book = new AttributionBook(schema, attribution, completeFromMs);
        book.restore([], log.before(from).watermarkInputMs);
        const rest: ToldAttributions = { decided: [], late: [] };
        applyEntries(book, log, from, log.entries.length, rest);
        const { decided, late } = run(log, attribution);
        expect(rest.decided).toEqual(decided.filter(({ timeMs }) => timeMs > completeFromMs));
        expect(rest.late).toEqual(late.filter(({ rawOffset }) => rawOffset >= log.rawFrom(from)));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses fields that are not declared', () => {
    expect(() => new AttributionBook(schema, anAttribution({ on: ['colour'] }), -Infinity)).toThrow(RangeError);
    expect(() => new AttributionBook(schema, anAttribution({ device: 'colour' }), -Infinity)).toThrow(RangeError);
  });
});
