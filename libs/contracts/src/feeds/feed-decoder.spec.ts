import fc from 'fast-check';
import type { AttributedPurchase, ClosedSession, LateRow, MetricDefinition } from '@tillstream/core';
import { aClosedSession } from '@tillstream/core/testing';
import { encodePurchases } from '../attributions/attribution-records';
import { encodeDeadLetter } from '../dead-letters/dead-letter-record';
import { encodeLateRows } from '../late/late-records';
import type { NewRecord, StoredRecord } from '../record';
import { encodeSessions } from '../sessions/session-record';
import { commerceDefinition, definitionFrom, smallDefinition } from '../testing';
import type { FeedColumnType, FeedRow, FeedValue } from './feed';
import type { KeyedFeed } from './feed-decoder';
import { feedDecoder } from './feed-decoder';
import { feedTables } from './feed-tables';

const START = '2019-10-01T00:00:00.000Z';
const START_MS = Date.parse(START);
const small = smallDefinition();
const commerce = commerceDefinition();
const [sales] = small.metrics as readonly [MetricDefinition];

const stored = ({ key, value, headers = {} }: NewRecord): StoredRecord => {
  return { offset: 5, timestampMs: 99, key, value, headers };
};
const textOf = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString();
const record = (key: string, value: unknown): StoredRecord =>
  stored({ key: Buffer.from(key), value: value === null ? null : Buffer.from(JSON.stringify(value)) });

const IS: Readonly<Record<FeedColumnType, (value: FeedValue) => boolean>> = {
  string: (value) => typeof value === 'string',
  int: (value) => Number.isSafeInteger(value) && !Object.is(value, -0),
  double: (value) => Number.isFinite(value),
  money: (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value),
  decimal: (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value),
  bool: (value) => typeof value === 'boolean',
  timestamp: (value) => Number.isSafeInteger(value),
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  json: () => true,
  bytes: (value) => value instanceof Uint8Array,
};

/** Every column has its value, of its type, and there are no others. */
function expectToFit(row: FeedRow | undefined, feed: KeyedFeed, definition = small): void {
  const table = feedTables(definition, feed).find(({ name }) => name === row?.table);
  expect(Object.keys(row?.values ?? {}).sort()).toEqual(table?.columns.map(({ name }) => name).sort());
  for (const { name, type } of table?.columns ?? []) {
    const value = row?.values[name] ?? null;
    if (value !== null && !IS[type](value)) throw new Error(`${name} is ${type}, not ${JSON.stringify(value)}`);
  }
}

const finalOf = (metric: MetricDefinition, group: object, measures: object, more: object = {}) =>
  record(`f|${metric.identity}|${START}|${JSON.stringify(group)}`, {
    metric: metric.name,
    definition: metric.identity.slice(-8),
    window_start: START,
    window_end: '2019-10-01T00:00:20.000Z',
    group,
    measures,
    final: true,
    revision: 17,
    ...more,
  });

describe('rows of finals', () => {
  const decode = feedDecoder(small, 'finals');

  it('have the types of the metric, and the id, revision and bytes of their record', () => {
    const final = finalOf(sales, { category: 'shoes|"é"' }, { total: '-12.50', orders: 3, average: '4.166667' });
    const [row] = decode(final, 1);
    expectToFit(row, 'finals');
    expect(row).toEqual({
      table: sales.identity,
      id: `f|${sales.identity}|${START}|{"category":"shoes|\\"é\\""}`,
      version: 17,
      timeMs: START_MS,
      partition: 1,
      offset: 5,
      index: 0,
      record: final.value,
      values: {
        metric: 'sales',
        definition: sales.identity.slice(-8),
        window_start: START_MS,
        window_end: START_MS + 20_000,
        group: { category: 'shoes|"é"' },
        revision: 17,
        truncated: false,
        category: 'shoes|"é"',
        total: '-12.50',
        orders: 3,
        average: '4.166667',
      },
    });
  });

  it('say nothing of provisional results, tombstones, closed windows and what is not ours', () => {
    const provisional = finalOf(sales, {}, {});
    const about = textOf(provisional.key).slice(1);
    for (const letter of ['p', 'c', 'l', 'x']) {
      expect(decode({ ...provisional, key: Buffer.from(letter + about) }, 0)).toEqual([]);
    }
    expect(decode({ ...provisional, value: null }, 0)).toEqual([]);
    expect(decode({ ...provisional, value: Buffer.from('{') }, 0)).toEqual([]);
    expect(decode({ ...provisional, key: null }, 0)).toEqual([]);
  });

  it('are kept of metrics that are not declared any more', () => {
    const gone = { ...sales, identity: 'gone@00000000', name: 'gone' };
    const [row] = decode(finalOf(gone, { a: 1 }, { b: ['c'] }, { truncated: true }), 0);
    expectToFit(row, 'finals');
    expect(row).toMatchObject({ table: 'finals', values: { metric: 'gone', group: { a: 1 }, measures: { b: ['c'] } } });
  });

  it('have group fields and measures that are called alike, and instants as numbers', () => {
    const definition = definitionFrom(`stream: s
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields: {at: {type: timestamp}, user: {type: string}}
metrics: {all: {groupBy: [user, at], window: {size: 20s}, measures: {user: count(), newest: max(at)}}}
`);
    const [all] = definition.metrics as [MetricDefinition];
    const final = finalOf(all, { user: 'u', at: START }, { user: 4, newest: START });
    const [row] = feedDecoder(definition, 'finals')(final, 0);
    expectToFit(row, 'finals', definition);
    expect(row?.values).toMatchObject({ user: 'u', at: START_MS, user_2: 4, newest: START_MS });
  });
});

const aText = fc.string({ unit: 'grapheme', maxLength: 8 });
const anAmount = fc.oneof(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), fc.constant(NaN));

describe('rows of sessions', () => {
  const decode = feedDecoder(commerce, 'sessions');
  const encode = (told: ClosedSession) =>
    stored(encodeSessions([{ told, settings: { identity: 'sessions@0123abcd' } }], 2)[0] as NewRecord);

  it('have what metrics over sessions have, and lists beside', () => {
    const session = aClosedSession({ user: 'u1|é', startMs: START_MS, endMs: START_MS + 90_500 });
    const [row] = decode(encode(session), 1);
    expectToFit(row, 'sessions', commerce);
    expect(row).toMatchObject({
      table: 'sessions',
      id: `u1|é|${START_MS}`,
      version: session.closedBy,
      timeMs: START_MS + 90_500,
      values: { session_id: `u1|é|${START_MS}`, started: START_MS, duration_ms: 90_500, definition: '0123abcd' },
    });
    expect(row?.values['steps']).toEqual(session.path);
    expect(row?.values['cart']).toEqual([
      { product: 'p1', value: '12.50' },
      { product: 'p2', value: null },
    ]);
  });

  it('have the key of their record as id and its bytes, whatever the session', () => {
    fc.assert(
      fc.property(aText, fc.option(aText), fc.nat(10 ** 12), (user, part, startMs) => {
        const told = { ...aClosedSession({ user, startMs, endMs: startMs + 1 }), part };
        const session = encode(told);
        const [row] = decode(session, 0);
        expectToFit(row, 'sessions', commerce);
        expect(row?.id).toBe(textOf(session.key));
        expect(row?.record).toEqual(session.value);
      }),
    );
  });
});

describe('rows of attributions', () => {
  const decode = feedDecoder(commerce, 'attributions');
  const on = commerce.attribution?.on ?? [];
  const aView = fc.record({
    offset: fc.nat(2 ** 31),
    index: fc.nat(9_000),
    timeMs: fc.nat(10 ** 9),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    revenue: anAmount,
  });
  const aPurchase: fc.Arbitrary<AttributedPurchase> = fc.record({
    offset: fc.nat(2 ** 31),
    index: fc.nat(9_000),
    user: aText,
    timeMs: fc.integer({ min: 10 ** 9, max: 10 ** 13 }),
    on: fc.tuple(...on.map(() => aText)),
    category: fc.option(aText),
    device: fc.option(aText),
    revenue: anAmount,
    views: fc.array(aView, { maxLength: 4 }),
    truncated: fc.boolean(),
    decidedBy: fc.nat(2 ** 31),
  });

  it('have the key of their record as id, and fit their table, whatever the purchase', () => {
    fc.assert(
      fc.property(aPurchase, (told) => {
        const records = encodePurchases([{ told, settings: { identity: 'attribution@0123abcd', on } }], 3, 2);
        for (const each of records) {
          const [row] = decode(stored(each), 3);
          expectToFit(row, 'attributions', commerce);
          expect(row?.id).toBe(textOf(each.key));
          expect(row).toMatchObject({ timeMs: told.timeMs, version: told.decidedBy, record: each.value });
          expect(row?.values['direct']).toBe(told.views.length === 0);
          expect(on.map((name) => row?.values[name])).toEqual(told.on);
        }
      }),
    );
  });
});

describe('late rows', () => {
  const decode = feedDecoder(small, 'late');
  const late = (rawOffset: number, json: string): LateRow => {
    return { metric: sales, rawOffset, index: 2, missedStartsMs: [START_MS, START_MS + 5000], latenessMs: 1234, json };
  };

  it('are a row a line, at the time of the event', () => {
    const at = '2019-10-01T00:00:07.000Z';
    const [batch] = encodeLateRows([late(17, `{"id":"a","at":"${at}","amount":1.20}`), late(18, '{"id":"é"}')], 3);
    const rows = decode(stored(batch as NewRecord), 3);
    expect(rows).toHaveLength(2);
    for (const row of rows) expectToFit(row, 'late');
    expect(rows[0]).toMatchObject({
      id: `3|17|2|${sales.identity}`,
      timeMs: Date.parse(at),
      index: 0,
      values: { missed: [START, '2019-10-01T00:00:05.000Z'], lateness_ms: 1234, row: { id: 'a', at, amount: 1.2 } },
    });
    expect(rows[1]).toMatchObject({ index: 1, timeMs: START_MS });
    expect(rows.map((row) => textOf(row.record)).join('\n')).toBe(textOf(batch?.value ?? null).trimEnd());
  });

  it('are none where somebody else has written', () => {
    const line = `{"id":"3|17|2|x@1","metric":"x","definition":"1","missed":[],"lateness_ms":1,"row":{broken}`;
    expect(decode(stored({ key: null, value: Buffer.from(`${line}\n\nhello\n`) }), 0)).toEqual([]);
  });
});

describe('rows of dead letters', () => {
  it('have the bytes, and why', () => {
    const letter = {
      rawOffset: 41,
      index: -1,
      appendMs: START_MS,
      code: 'wrong-type' as const,
      path: 'price',
      message: 'price is “teuer”, not money',
      bytes: Uint8Array.of(0x7b, 0xff, 0x7d),
    };
    const [row] = feedDecoder(small, 'dead_letters')(
      stored(encodeDeadLetter(letter, { topic: 'raw', partition: 2 })),
      2,
    );
    expectToFit(row, 'dead_letters');
    expect(row).toMatchObject({
      id: '2|41|-1',
      record: null,
      timeMs: START_MS,
      values: { size: 3, source_offset: 41 },
    });
    expect(row?.values['body']).toEqual(letter.bytes);
  });
});
