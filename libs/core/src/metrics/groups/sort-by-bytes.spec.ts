import * as fc from 'fast-check';
import { sortByBytes } from './sort-by-bytes';

describe('sortByBytes', () => {
  it('orders more than a million strings', () => {
    const count = 2 ** 20 + 1_000;
    const bytes = new Uint8Array(4 * count);
    const view = new DataView(bytes.buffer);
    const numberOf = (i: number): number => Math.imul(i, 0x9e3779b1) >>> 0; // each another
    for (let i = 0; i < count; i++) view.setUint32(4 * i, numberOf(i));
    const order = Int32Array.from({ length: count }, (_, i) => i);
    sortByBytes(
      order,
      bytes,
      Uint32Array.from({ length: count + 1 }, (_, i) => 4 * i),
    );
    let inOrder = 0;
    for (let i = 1; i < count; i++) {
      if (numberOf(order[i - 1] as number) < numberOf(order[i] as number)) inOrder++;
    }
    expect(inOrder).toBe(count - 1);
  });

  it('orders strings byte by byte, prefixes first, as comparing them whole does', () => {
    const strings = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.nat(500).map((n) => new TextEncoder().encode(`user_${n}`)),
      ),
    );
    const alike = fc.array(
      fc.uint8Array({ maxLength: 9, max: 2 }).map((rest) => Uint8Array.of(117, 115, 101, 114, ...rest)),
      { minLength: 9 },
    );
    fc.assert(
      fc.property(fc.oneof(strings, alike), (list) => {
        const starts = Uint32Array.from([
          0,
          ...list.map((_, i) => list.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0)),
        ]);
        const order = Int32Array.from(list, (_, i) => i);
        sortByBytes(order, Uint8Array.from(list.flatMap((bytes) => [...bytes])), starts);
        const text = (bytes: Uint8Array | undefined) => String.fromCharCode(...(bytes ?? []));
        expect(Array.from(order, (i) => text(list[i]))).toEqual(list.map(text).sort());
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
      }),
    );
  });
});
