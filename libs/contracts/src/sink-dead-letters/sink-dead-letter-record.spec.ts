import fc from 'fast-check';
import { FEEDS } from '../feeds/feed';
import type { FeedRow } from '../feeds/feed';
import { decodeSinkDeadLetter, encodeSinkDeadLetter } from './sink-dead-letter-record';

const ROW: FeedRow = {
  table: 'dead_letters',
  id: '2|41|3',
  version: 0,
  timeMs: 99,
  partition: 2,
  offset: 5,
  index: 0,
  record: null,
  values: { code: 'wrong-type', size: 3, body: Uint8Array.of(0x7b, 0xff, 0x7d) },
};
const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

describe('the record of a row that a sink has refused', () => {
  it('is JSON that anybody can read, under sink, feed and id', () => {
    const letter = { sink: 'search', feed: 'dead_letters' as const, reason: 'mapper_parsing_exception: é', row: ROW };
    const { key, value } = encodeSinkDeadLetter(letter);
    expect(text(key)).toBe('search|dead_letters|2|41|3');
    expect(text(value)).toBe(
      '{"sink":"search","feed":"dead_letters","reason":"mapper_parsing_exception: é","table":"dead_letters","id":"2|41|3",' +
        '"version":0,"time_ms":99,"partition":2,"offset":5,"index":0,"values":{"code":"wrong-type","size":3},' +
        '"bytes":{"body":"e/99"}}',
    );
  });

  it('gives back the very row', () => {
    const aText = fc.string({ unit: 'grapheme', maxLength: 12 });
    const aValue = fc.oneof(
      aText,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(aText),
      fc.uint8Array(),
      fc.dictionary(fc.constantFrom('a', 'é'), fc.array(fc.constantFrom(null, 1, 'x'))),
    );
    const aRow: fc.Arbitrary<FeedRow> = fc.record({
      ...{ table: aText, id: aText, version: fc.maxSafeNat(), timeMs: fc.maxSafeInteger() },
      ...{ partition: fc.nat(), offset: fc.maxSafeNat(), index: fc.nat() },
      record: fc.option(aText.map((json) => Uint8Array.from(Buffer.from(json)))),
      values: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), aValue),
    });
    fc.assert(
      fc.property(aRow, fc.constantFrom(...FEEDS), aText, aText, (row, feed, sink, reason) => {
        const letter = decodeSinkDeadLetter(encodeSinkDeadLetter({ sink, feed, row, reason }));
        const record = letter?.row.record ?? null;
        const plain = { ...letter?.row, record: record && Uint8Array.from(record) };
        expect({ ...letter, row: plain }).toEqual({ sink, feed, reason, row });
      }),
    );
  });

  it('is not made of what somebody else wrote', () => {
    for (const value of ['{', '[]', 'null', '{}', '{"sink":"a","feed":"b"}']) {
      expect(decodeSinkDeadLetter({ value: Buffer.from(value) })).toBeNull();
    }
    expect(decodeSinkDeadLetter({ value: null })).toBeNull();
  });
});
