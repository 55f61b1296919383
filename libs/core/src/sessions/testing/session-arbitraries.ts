import * as fc from 'fast-check';
import type { Expression } from '../../expression/ast';
import type { Row } from '../../metrics/testing/evaluate-row';
import { logEntries, rowFields, testSchema } from '../../metrics/testing/metric-arbitraries';
import { PartitionLog } from '../../metrics/testing/partition-log';
import type { StreamSchema } from '../../stream/schema';
import { aField } from '../../stream/schema.fixture';
import type { SessionsDefinition } from '../definition';

const isKind = (value: string): Expression => ({
  kind: 'compare',
  operator: '==',
  left: { kind: 'field', name: 'kind', type: 'string' },
  right: { kind: 'literal', value, type: 'string' },
  type: 'bool',
});

/** A shop's stream, small: keyed by user, and by device where an event has no user. */
export const sessionsSchema: StreamSchema = {
  ...testSchema,
  key: ['user', 'device'],
  fields: [
    ...testSchema.fields,
    { number: 10, ...aField('device', 'int') },
    { number: 11, ...aField('product', 'string') },
    { number: 12, ...aField('category', 'string', { dictionary: true }) },
    { number: 13, ...aField('browser', 'string', { dictionary: true }) },
    { number: 14, ...aField('visit', 'string') },
  ],
};

/** Sessions over it with everything that can be told. */
export const testSessions: SessionsDefinition = {
  identity: 'sessions@00000000',
  gapMs: 10,
  maxDurationMs: 40,
  outOfOrdernessMs: 0,
  by: [],
  also: 'visit',
  pageView: isKind('view'),
  cart: isKind('cart'),
  removal: isKind('é'),
  purchase: isKind('purchase'),
  type: 'kind',
  product: 'product',
  category: 'category',
  device: 'browser',
  location: 'place',
  price: 'amount',
  quantity: 'quantity',
  revenue: 'amount',
};

const mayBe = <T>(value: T): fc.Arbitrary<T | null> => fc.option(fc.constant(value), { nil: null, freq: 6 });

/** Sessions that are cut now and then, or never, of users or parts of them, with much or little told. */
export const sessionsDefinitions: fc.Arbitrary<SessionsDefinition> = fc
  .record({
    gapMs: fc.constantFrom(1, 5, 10, 40),
    gaps: fc.oneof(fc.constantFrom(4, 5, 6), fc.constantFrom(20, 1000)),
    rest: fc.nat(3),
    outOfOrdernessMs: fc.constantFrom(0, 5, 20, 60),
    by: fc.constantFrom([], [], ['user'], ['visit'], ['device'], ['user', 'visit'], ['visit', 'user'], ['browser']),
    also: mayBe('visit'),
    removal: mayBe(testSessions.removal),
    product: mayBe('product'),
    category: mayBe('category'),
    type: mayBe('kind'),
    price: mayBe('amount'),
    quantity: mayBe('quantity'),
    revenue: mayBe('amount'),
    pageView: mayBe(testSessions.pageView),
  })
  .map(({ gaps, rest, ...sketch }) => {
    const maxDurationMs = sketch.gapMs * gaps + Math.min(rest, sketch.gapMs - 1);
    return { ...testSessions, ...sketch, maxDurationMs };
  });

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 5 });
const long = `${'x'.repeat(254)}é${'y'.repeat(40)}`;
const ownFields = fc.record({
  device: optional(fc.integer({ min: -2, max: 2 })),
  product: optional(fc.constantFrom('a', 'b', 'a product with quite a long name', '', 'é', `p${long}`)),
  category: optional(fc.constantFrom('shoes', 'hats', '', long)),
  browser: optional(fc.constantFrom('phone', 'tablet')),
  visit: optional(fc.constantFrom('v1', 'v2', '')),
});

/** Rows within a short while, of few users. */
export const visitRows: fc.Arbitrary<Row & { readonly at: number }> = fc
  .tuple(fc.integer({ min: -30, max: 90 }), fc.constantFrom('ann', 'ann', 'bob'), rowFields, ownFields)
  .map(([at, user, base, own]) => ({ ...base, ...own, user, at }));

const users = ['ann', 'bob', 'a user with a rather long name', '', null];

/** Few users, so that sessions have several rows; now and then a long quiet stretch closes everything. */
export const visitLogs: fc.Arbitrary<PartitionLog> = fc
  .tuple(
    fc.oneof(logEntries(users), logEntries(['ann', 'bob'], 60)),
    fc.array(ownFields, { minLength: 1, maxLength: 40 }),
  )
  .map(([entries, fields]) => {
    let row = 0;
    const withFields = entries.map((entry) => {
      return { ...entry, rows: entry.rows.map((base) => ({ ...base, ...fields[row++ % fields.length] })) };
    });
    return new PartitionLog(sessionsSchema, 0, withFields);
  });
