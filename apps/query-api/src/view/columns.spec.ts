import * as fc from 'fast-check';
import { GroupSlots } from './group-slots';
import { Payloads } from './payloads';
import { bytesOf } from './text-arena';

describe('the columns of a window', () => {
  it('give each group one slot, in the order in which they come', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 300 }), (groups) => {
        const slots = new GroupSlots();
        const expected = [...new Set(groups)];
        expect(groups.map((group) => slots.findOrAdd(bytesOf(group)))).toEqual(
          groups.map((group) => expected.indexOf(group)),
        );
        expect(slots.size).toBe(expected.length);
        expect(expected.map((_, slot) => slots.text(slot))).toEqual(expected);
        expect(expected.map((group) => slots.find(bytesOf(group)))).toEqual([...expected.keys()]);
        expect(slots.find(bytesOf('a group that never came'))).toBeUndefined();
      }),
    ));

  it('tell groups apart that have the same hash', () => {
    const slots = new GroupSlots(({ from, to }) => to - from);
    const groups = Array.from({ length: 1_000 }, (_, index) => bytesOf(`["user-${index}"]`));
    for (const group of groups) slots.findOrAdd(group);
    expect(groups.filter((group, slot) => slots.find(group) !== slot)).toEqual([]);
    expect(slots.text(999)).toBe('["user-999"]');
  });

  it('hold the last payload of each slot, however often they are replaced', () => {
    const texts = fc
      .tuple(fc.constantFrom('a', 'b', 'é', '中', '😀'), fc.nat(200))
      .map(([character, count]) => character.repeat(count));
    const slots = fc.nat(8);
    fc.assert(
      fc.property(fc.array(fc.tuple(slots, texts), { minLength: 100, maxLength: 200 }), (sets) => {
        const payloads = new Payloads();
        const expected = new Map<number, string>();
        for (const [slot, text] of sets) {
          payloads.set(slot, bytesOf(text));
          expected.set(slot, text);
        }
        for (let slot = 0; slot <= 9; slot += 1) {
          const text = expected.get(slot) ?? '';
          expect(payloads.text(slot)).toBe(text);
          expect(payloads.length(slot)).toBe(Buffer.byteLength(text));
        }
      }),
      { numRuns: 300 },
    );
  });
});
