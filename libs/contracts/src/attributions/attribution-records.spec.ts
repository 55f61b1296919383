import fc from 'fast-check';
import type { AttributedPurchase } from '@tillstream/core';
import { decodeAttribution, encodePurchases } from './attribution-records';

const ATTRIBUTION = { identity: 'attribution@0123abcd', on: ['product_id', 'shop'] };
const AT_MS = Date.parse('2026-03-01T12:00:00.000Z');
const PURCHASE: AttributedPurchase = {
  offset: 90,
  index: 2,
  user: 'u1',
  timeMs: AT_MS,
  on: ['p1', 'é'],
  category: 'shoes',
  device: null,
  revenue: 1001,
  views: [
    { offset: 80, index: 0, timeMs: AT_MS - 1_000, share: 0.5, revenue: 501 },
    { offset: 70, index: 5, timeMs: AT_MS - 60_000, share: 0.5, revenue: 500 },
  ],
  truncated: false,
  decidedBy: 95,
};
const encode = (told: AttributedPurchase, partition = 3, exponent = 2) =>
  encodePurchases([{ told, settings: ATTRIBUTION }], partition, exponent);
const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

const aText = fc.string({ unit: 'grapheme', maxLength: 8 });
const aPosition = { offset: fc.nat(2 ** 31), index: fc.nat(9_000) };
const anAmount = fc.oneof(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), fc.constant(NaN));
const aPurchase: fc.Arbitrary<AttributedPurchase> = fc.record({
  ...aPosition,
  user: aText,
  timeMs: fc.integer({ min: 10 ** 9, max: 10 ** 13 }),
  on: fc.tuple(aText, aText),
  category: fc.option(aText),
  device: fc.option(aText),
  revenue: anAmount,
  views: fc.array(
    fc.record({
      ...aPosition,
      timeMs: fc.nat(10 ** 9),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      revenue: anAmount,
    }),
    { maxLength: 4 },
  ),
  truncated: fc.boolean(),
  decidedBy: fc.nat(2 ** 31),
});

describe('the records of a purchase', () => {
  it('are JSON that anybody can read, one for each view that led to it', () => {
    const records = encode(PURCHASE);
    expect(records.map(({ key }) => text(key))).toEqual(['3|80|0|90|2', '3|70|5|90|2']);
    expect(text(records[0]?.value ?? null)).toBe(
      '{"user":"u1","on":{"product_id":"p1","shop":"é"},"category":"shoes","device":null,"purchase_id":"3|90|2",' +
        '"purchased":"2026-03-01T12:00:00.000Z","revenue":"10.01","direct":false,"view_id":"3|80|0",' +
        '"viewed":"2026-03-01T11:59:59.000Z","time_to_purchase_ms":1000,"touch":1,"last_touch":true,"share":0.5,' +
        '"assisted_revenue":"5.01","views":2,"truncated":false,"definition":"0123abcd","decided_by":95}',
    );
    expect(JSON.parse(text(records[1]?.value ?? null))).toMatchObject({
      touch: 2,
      last_touch: false,
      assisted_revenue: '5.00',
    });
  });

  it('are a single one where no view led to it', () => {
    const records = encode({ ...PURCHASE, views: [] });
    expect(records.map(({ key }) => text(key))).toEqual(['3|direct|90|2']);
    expect(text(records[0]?.value ?? null)).toBe(
      '{"user":"u1","on":{"product_id":"p1","shop":"é"},"category":"shoes","device":null,"purchase_id":"3|90|2",' +
        '"purchased":"2026-03-01T12:00:00.000Z","revenue":"10.01","direct":true,"views":0,"truncated":false,' +
        '"definition":"0123abcd","decided_by":95}',
    );
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(aPurchase, fc.nat(1000), fc.nat(3), (purchase, partition, exponent) => {
        const { offset, index, views, on, user, timeMs, category, device, revenue, truncated, decidedBy } = purchase;
        const told = encode(purchase, partition, exponent).map((record) => decodeAttribution(record, exponent));
        const expected = (views.length === 0 ? [null] : views).map((view, i) => ({
          ...{
            identity: 'attribution@0123abcd',
            partition,
            purchase: { offset, index },
            user,
            timeMs,
            category,
            device,
          },
          ...{ on: { product_id: on[0], shop: on[1] }, revenue, view, touch: i + 1, views: views.length },
          ...{ truncated, decidedBy },
        }));
        expect(told).toEqual(expected);
      }),
    );
  });

  const [pair = ''] = encode(PURCHASE).map(({ value }) => text(value));

  it.each([
    ['a tombstone', null],
    ['no JSON', 'x'],
    ['nothing', '{}'],
    ['no position', pair.replace('"3|90|2"', '"3|90"')],
    ['a position of something else', pair.replace('"3|80|0"', '"3|80|0|1"')],
    ['a pair without its view', pair.replace('"viewed"', '"seen"')],
    ['a number for a text', pair.replace('"p1"', '1')],
  ])('are not understood: %s', (_, value) => {
    expect(decodeAttribution({ value: value === null ? null : Buffer.from(value) }, 2)).toBeNull();
  });
});
