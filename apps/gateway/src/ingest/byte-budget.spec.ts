import fc from 'fast-check';
import { ByteBudget } from './byte-budget';

describe('ByteBudget', () => {
  it('is never exceeded, and has everything back when all is released', () => {
    const action = fc.record({ slot: fc.nat(4), bytes: fc.nat(60), release: fc.boolean() });
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const budget = new ByteBudget(100);
        const held = new Map<number, { reservation: NonNullable<ReturnType<ByteBudget['reserve']>>; bytes: number }>();
        const total = (): number => [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
        for (const { slot, bytes, release } of actions) {
          const mine = held.get(slot);
          if (mine === undefined) {
            const reservation = budget.reserve(bytes);
            expect(reservation !== null).toBe(total() + bytes <= 100);
            if (reservation !== null) held.set(slot, { reservation, bytes });
          } else if (release) {
            mine.reservation.release();
            mine.reservation.release();
            held.delete(slot);
          } else {
            const wanted = Math.max(mine.bytes, bytes);
            const fits = total() - mine.bytes + wanted <= 100;
            expect(mine.reservation.ensure(bytes)).toBe(fits);
            if (fits) mine.bytes = wanted;
          }
          expect(budget.inFlight).toBe(total());
        }
        for (const { reservation } of held.values()) reservation.release();
        expect(budget.inFlight).toBe(0);
      }),
    );
  });
});
