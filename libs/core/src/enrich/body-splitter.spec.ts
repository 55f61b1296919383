import fc from 'fast-check';

import { partitionOf } from '../hash/murmur2';
import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import { BodySplitter, MAX_REJECTION_DETAILS, type SplitBody } from './body-splitter';

const schema = aSchema(
  [aField('user', 'string'), aField('t', 'timestamp', { optional: false }), aField('pad', 'string')],
  { partitions: 5, key: ['user'], eventTime: { ...COMMERCE_EVENT_TIME, field: 't' } },
);
const splitter = new BodySplitter(schema);
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Events of each partition as they came back out. */
function eventsOf({ records }: SplitBody): Map<number, string[]> {
  const events = new Map<number, string[]>();
  for (const { partition, value, rows } of records) {
    expect(value.length).toBeLessThanOrEqual(1024 * 1024);
    expect(rows).toBeLessThanOrEqual(8192);
    const list = (JSON.parse(text(value)) as unknown[]).map((event) => JSON.stringify(event));
    expect(list).toHaveLength(rows);
    events.set(partition, [...(events.get(partition) ?? []), ...list]);
  }
  return events;
}

const event = fc.record({ user: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }), t: fc.nat() });
const item = fc.oneof(
  { weight: 5, arbitrary: event.map((good) => ({ good: true, json: JSON.stringify(good) })) },
  fc.constantFrom('{}', '7', '{"user":"","t":1}', '{"user":"u","t":"x"}').map((json) => ({ good: false, json })),
);

describe('BodySplitter', () => {
  it('gives each good event to the partition of its key, in order, and names every other', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 30 }), fc.constantFrom('json', 'ndjson'), (items, form) => {
        const texts = items.map(({ json }) => json);
        const result = splitter.split(utf8(form === 'json' ? `[${texts.join(' , ')}]` : texts.join('\n')), form);
        const expected = new Map<number, string[]>();
        for (const { good, json } of items) {
          if (!good) continue;
          const key = utf8((JSON.parse(json) as { user: string }).user);
          const partition = partitionOf(key, 0, key.length, 5);
          expected.set(partition, [...(expected.get(partition) ?? []), json]);
        }
        const bad = items.flatMap(({ good }, index) => (good ? [] : [index]));
        expect(eventsOf(result)).toEqual(expected);
        expect(result.accepted).toBe(items.length - bad.length);
        expect(result.rejected.map(({ index }) => index)).toEqual(bad);
        expect([...result.rejectedIndexes]).toEqual(bad);
      }),
    );
  });

  it('keeps the original bytes of an event', () => {
    const odd = '{ "user" : "\\u0061",\t"t":1.0e3, "unknown":[{}] }';
    const { records } = splitter.split(utf8(`[${odd}]`), 'json');
    expect(records.map(({ value }) => text(value))).toEqual([`[${odd}]`]);
  });

  it.each([
    ['[{"user":"a","t":0},', 'json', 'malformed-json', 'this is not JSON from byte 20 on'],
    ['', 'json', 'malformed-json', 'this is not JSON from byte 0 on'],
    ['"x"', 'json', 'malformed-json', 'this is not JSON from byte 0 on'],
    [' \n ', 'ndjson', 'malformed-json', 'this is not JSON from byte 0 on'],
  ] as const)('refuses the body %j as a whole', (body, form, code, message) => {
    const result = splitter.split(utf8(`----${body}`).subarray(4), form);
    expect(result).toMatchObject({ accepted: 0, records: [], rejectedCounts: { [code]: 1 } });
    expect(result.rejected).toMatchObject([{ index: -1, code, path: '$' }]);
    if (body.startsWith('[')) expect(result.rejected[0]?.message).toBe(message);
  });

  it('says what is wrong with an event, and where', () => {
    const { rejected } = splitter.split(utf8('{"user":"a","t":0}\n{"user":"a"}\n{"user":"a"\n{"t":1}'), 'ndjson');
    expect(rejected).toEqual([
      { index: 1, code: 'missing-field', path: 't', message: 'the field is required' },
      { index: 2, code: 'malformed-json', path: '$', message: 'this is not JSON from byte 11 on' },
      { index: 3, code: 'no-key', path: 'user', message: 'expected at least one of user' },
    ]);
  });

  it('cuts records at their limits', () => {
    const small = Array<string>(20_000).fill('{"user":"a","t":0}');
    const { records, accepted } = splitter.split(utf8(`[${small.join(',')}]`), 'json');
    expect([accepted, records.map(({ rows }) => rows)]).toEqual([20_000, [8192, 8192, 3616]]);
    const large = Array<string>(5).fill(`{"user":"a","t":0,"pad":"${'x'.repeat(400_000)}"}`);
    const split = splitter.split(utf8(large.join('\n')), 'ndjson');
    expect(split.records.map(({ rows }) => rows)).toEqual([2, 2, 1]);
    expect(eventsOf(split).size).toBe(1);
  });

  it('names 300,000 empty objects in one body without telling the same 300,000 times', () => {
    const body = utf8(`[${Array<string>(300_000).fill('{}').join(',')}]`);
    const { accepted, rejected, rejectedIndexes, rejectedCounts } = splitter.split(body, 'json');
    expect([accepted, rejected.length, rejectedIndexes.length]).toEqual([0, MAX_REJECTION_DETAILS, 300_000]);
    expect(rejectedCounts).toEqual({ 'no-key': 300_000 });
    expect(rejectedIndexes.at(-1)).toBe(299_999);
  });
});
