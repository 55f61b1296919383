import * as fc from 'fast-check';
import { sortByBytes } from './sort-by-bytes';

describe('sortByBytes', () => {
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
