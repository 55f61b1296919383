import * as fc from 'fast-check';
import type { Row } from '../metrics/testing/evaluate-row';
import type { LogEntry } from '../metrics/testing/partition-log';
import { PartitionLog } from '../metrics/testing/partition-log';
import type { SessionsDefinition } from './definition';
import { SessionBook, decodeOpenSessions } from './session-book';
import { judgeVisits } from './testing/plain-sessions';
import type { ToldVisits } from './testing/run-book';
import { applyEntries } from './testing/run-book';
import { sessionsSchema as schema, testSessions } from './testing/session-arbitraries';
import { Published, VisitStore, liveVisits } from './testing/visit-store';

const sessions: SessionsDefinition = {
  ...testSessions,
  gapMs: 1000,
  maxDurationMs: 1e9,
  outOfOrdernessMs: 1e6,
};
const END: LogEntry = { offset: 1e6, appendMs: 1e9, rows: [], advanceToMs: 1e8 };

/** Rows of one long session, with many products, steps and client's sessions. */
const longVisits = fc
  .record({
    products: fc.constantFrom(3, 90, 300),
    visits: fc.constantFrom(2, 30),
    rows: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 900 }),
        product: fc.nat(),
        visit: fc.nat(),
        kind: fc.constantFrom('cart', 'cart', 'cart', 'é', 'view', 'purchase'),
        amount: fc.integer({ min: 0, max: 5000 }),
      }),
      { minLength: 1, maxLength: 250, size: 'max' },
    ),
    perRecord: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ products, visits, rows, perRecord }) => {
    const events = rows.map(({ at, product, visit, kind, amount }): Row => {
      return { at, user: 'ann', product: `p${product % products}`, visit: `v${visit % visits}`, kind, amount };
    });
    const records = Array.from({ length: Math.ceil(events.length / perRecord) }, (_, offset): LogEntry => {
      return { offset, appendMs: 1e6, rows: events.slice(offset * perRecord, (offset + 1) * perRecord) };
    });
    return new PartitionLog(schema, 0, [...records, END]);
  });

/** Applies as many records of one event each as `next` gives, with checkpoints in between; returns what they take at most. */
function largestState(
  events: number,
  eventAt: (event: number) => Row,
  perBatch = 1000,
): { bytes: number; open: unknown } {
  const book = new SessionBook(schema, sessions, -Infinity);
  const told: ToldVisits = { closed: [], late: [] };
  let bytes = 0;
  let last = new Uint8Array(0);
  for (let from = 0; from < events; from += perBatch) {
    const entries = Array.from({ length: perBatch }, (_, i): LogEntry => {
      return { offset: from + i, appendMs: 1e9, rows: [eventAt(from + i)] };
    });
    applyEntries(book, new PartitionLog(schema, 0, entries), 0, perBatch, told);
    for (const put of book.takeChanges(from + perBatch).puts) {
      last = Uint8Array.from(put.bytes);
      bytes = Math.max(bytes, last.length);
    }
  }
  return { bytes, open: decodeOpenSessions('ann', last, sessions)[0] };
}

describe('what is told of a long session', () => {
  it('is what is told of all its rows, whatever was left out in between, in whatever order they come', () => {
    const steps = fc.array(
      fc.record({ entries: fc.nat(60), commit: fc.constantFrom(null, 'whole' as const), restart: fc.boolean() }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(longVisits, steps, (log, life) => {
        const published = new Published();
        liveVisits(new VisitStore(log, sessions, schema), log, life, published);
        expect([...published.closed.values()]).toEqual(judgeVisits(log, sessions, schema).closed);
      }),
      { numRuns: 100, endOnFailure: true }, // rows are many, and fewer do not fail
    );
  });

  it('takes no more for many events than for some: steps, products, carts and client sessions are bounded', () => {
    const eventOf = (event: number): Row => ({
      at: event % 1000,
      user: 'ann',
      kind: ['view', 'cart', 'é', 'purchase'][event % 4] as string,
      product: `product ${event % 5000}`,
      category: `category ${event % 3000}`,
      visit: `visit ${event % 700}`,
      amount: 100,
      quantity: 2,
    });
    const some = largestState(10_000, eventOf);
    const many = largestState(100_000, eventOf);
    expect(many.bytes).toBeLessThan(some.bytes + 100);
    expect(many.bytes).toBeLessThan(32_000);
    expect(many.open).toMatchObject({
      events: 100_000,
      pageViews: 25_000,
      products: 1000,
      revenue: 2_500_000,
      truncated: true,
    });
  });

  it('takes a few numbers more for events that say nothing new', () => {
    const eventOf = (event: number): Row => ({
      at: event % 900,
      user: 'ann',
      kind: 'view',
      product: 'one',
      visit: 'v',
    });
    const few = largestState(1000, eventOf);
    const many = largestState(50_000, eventOf);
    expect(many.bytes).toBeLessThan(few.bytes + 200);
    expect(many.open).toMatchObject({ events: 50_000, products: 1, clientSessions: ['v'] });
  });
});

describe('texts of a session', () => {
  const long = `${'é'.repeat(5000)}!`;
  const tell = (row: Row): ToldVisits => {
    const log = new PartitionLog(schema, 0, [{ offset: 0, appendMs: 1e6, rows: [row] }, END]);
    const store = new VisitStore(log, sessions, schema);
    const published = new Published();
    liveVisits(store, log, [{ entries: 1, commit: 'whole', restart: true }], published);
    return { closed: [...published.closed.values()], late: [] };
  };

  it('are cut at 256 bytes, at a character, but for whose session it is', () => {
    const { closed } = tell({ at: 1, user: long, product: `x${long}`, kind: 'cart', visit: long });
    const cut = 'é'.repeat(128);
    expect(closed).toMatchObject([
      { user: long, entry: { product: `x${'é'.repeat(127)}` }, clientSessions: [cut], truncated: true },
    ]);
  });

  it('of a user of ten kilobytes are as those of any other', () => {
    const { closed } = tell({ at: 1, user: long, product: 'p', kind: 'cart' });
    expect(closed).toMatchObject([{ user: long, events: 1, cart: [{ product: 'p', value: null }], truncated: false }]);
  });
});
