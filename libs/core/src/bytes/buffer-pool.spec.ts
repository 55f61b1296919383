import fc from 'fast-check';

import { BufferPool } from './buffer-pool';

const KEPT = 256 * 1024;

describe('BufferPool', () => {
  it('never gives a byte to two at a time, and always as many as were asked for', () => {
    const steps = fc.array(fc.oneof(fc.record({ take: fc.nat(100_000) }), fc.record({ give: fc.nat(20) })));
    fc.assert(
      fc.property(steps, (all) => {
        const pool = new BufferPool(KEPT);
        const held: { bytes: Uint8Array<ArrayBuffer>; mark: number }[] = [];
        all.forEach((step, mark) => {
          if ('take' in step) {
            const bytes = pool.take(step.take);
            expect(bytes).toHaveLength(step.take);
            held.push({ bytes: bytes.fill(mark), mark });
          } else {
            const [given] = held.splice(step.give, 1);
            if (given !== undefined) pool.give(given.bytes);
          }
          for (const { bytes, mark: mine } of held) {
            expect(bytes.findIndex((byte) => byte !== mine % 256)).toBe(-1);
          }
        });
      }),
    );
  });

  it('gives again what was given back, and lets go of what is too much', () => {
    const pool = new BufferPool(KEPT);
    const many = Array.from({ length: 8 }, () => pool.take(60_000));
    for (const one of many) pool.give(one);
    const again = new Set(many.map(() => pool.take(60_000).buffer));
    expect(many.filter(({ buffer }) => again.has(buffer))).toHaveLength(4);
  });
});
