import fc from 'fast-check';

import { timeOrder } from './time-order';

describe('timeOrder', () => {
  it('is the stable order of the times, however far apart they are', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.integer({ min: 0, max: 20 }),
            fc.integer({ min: 60_000, max: 70_000 }),
            fc.integer({ min: -(2 ** 40), max: 2 ** 41 }),
            fc.constantFrom(65_535, 65_536, 65_537, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1),
          ),
          { maxLength: 200 },
        ),
        (times) => {
          const expected = times.map((time, i) => ({ time, i })).sort((a, b) => a.time - b.time || a.i - b.i);
          expect([...timeOrder(Float64Array.from(times))]).toEqual(expected.map(({ i }) => i));
        },
      ),
    ));
});
