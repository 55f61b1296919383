import fc from 'fast-check';
import type { Reservation } from './byte-budget';
import { ByteBudget } from './byte-budget';

const LIMIT = 160;
const OWN = 20;

describe('ByteBudget', () => {
  it('is never exceeded, keeps a part for each lane, and has everything back when all is released', () => {
    const action = fc.record({
      lane: fc.constantFrom('http' as const, 'grpc' as const),
      slot: fc.nat(4),
      bytes: fc.nat(60),
      release: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const budget = new ByteBudget(LIMIT, LIMIT / 2);
        const held = new Map<string, { reservation: Reservation; bytes: number }>();
        const total = (lane: string): number =>
          [...held].reduce((sum, [name, { bytes }]) => (name.startsWith(lane) ? sum + bytes : sum), 0);
        for (const { lane, slot, bytes, release } of actions) {
          const name = `${lane}${slot}`;
          const other = Math.max(OWN, total(lane === 'http' ? 'grpc' : 'http'));
          const mine = held.get(name);
          if (mine === undefined) {
            const reservation = budget[lane].reserve(bytes);
            expect(reservation !== null).toBe(bytes === 0 || total(lane) + bytes + other <= LIMIT);
            if (reservation !== null) held.set(name, { reservation, bytes });
          } else if (release) {
            mine.reservation.release();
            mine.reservation.release();
            held.delete(name);
          } else {
            const wanted = Math.max(mine.bytes, bytes);
            const fits = wanted === mine.bytes || total(lane) - mine.bytes + wanted + other <= LIMIT;
            expect(mine.reservation.ensure(bytes)).toBe(fits);
            if (fits) mine.bytes = wanted;
          }
          expect(budget.inFlight).toBe(total('http') + total('grpc'));
          expect(budget.inFlight).toBeLessThanOrEqual(LIMIT);
        }
        for (const { reservation } of held.values()) reservation.release();
        expect(budget.inFlight).toBe(0);
      }),
    );
  });

  it('lets a lane in that comes when the other has taken all it can get', () => {
    const budget = new ByteBudget(64, 8);
    while (budget.http.reserve(4) !== null);
    expect(budget.inFlight).toBe(56);
    const own = budget.grpc.reserve(8);
    expect([own, budget.grpc.reserve(1)]).toEqual([expect.anything(), null]);
  });

  it('gives what comes free to who waits longest, and nothing to who has given up', () => {
    const budget = new ByteBudget(64, 64);
    const held = budget.http.reserve(64);
    const granted: string[] = [];
    const wait = (name: string, bytes: number): (() => void) => budget.grpc.wait(bytes, () => granted.push(name));
    wait('first', 30);
    const giveUp = wait('second', 30);
    wait('third', 30);
    wait('fourth', 30);
    giveUp();
    held?.shrink(40);
    expect(granted).toEqual([]);
    held?.shrink(34);
    expect(granted).toEqual(['first']);
    held?.release();
    expect([granted, budget.inFlight]).toEqual([['first', 'third'], 60]);
  });

  it('always has room for the largest body when nothing is in flight, however small it is', () => {
    for (const limit of [8, 9, 16, 64]) expect(new ByteBudget(limit, 8).grpc.reserve(8)).not.toBeNull();
  });
});
