import { murmur3x128 } from '../../hash/murmur3';
import {
  CARDINALITY_ERROR,
  CARDINALITY_SEED,
  LAST_RANK,
  REGISTERS,
  cardinalityOf,
  rankOf,
  registerOf,
} from './cardinality-sketch';
import { Tallies, type SortedTally } from './tallies';

const KIND = { merge: 'max', maxKey: REGISTERS - 1, maxValue: LAST_RANK } as const;
const empty = (): SortedTally => ({ count: 0, keys: new Int32Array(0), values: new Float64Array(0) });
const hashed = new DataView(new ArrayBuffer(16));

function add(tallies: Tallies, text: string): void {
  const bytes = new TextEncoder().encode(text);
  murmur3x128(bytes, 0, bytes.length, CARDINALITY_SEED, hashed, 0);
  const high = hashed.getInt32(0, true);
  tallies.merge(0, registerOf(high), rankOf(high, hashed.getInt32(4, true)));
}

const estimate = (tallies: Tallies): number => cardinalityOf(tallies.sorted(0, empty()));

describe('the sketch of cardinality', () => {
  it('counts values once, however often they come', () => {
    const tallies = new Tallies(KIND);
    expect(estimate(tallies)).toBe(0);
    for (let time = 0; time < 3; time++) for (const text of ['', 'a', 'b', 'c']) add(tallies, text);
    expect(estimate(tallies)).toBe(4);
  });

  it.each([10, 100, 1_000, 5_000, 20_000, 200_000])('is near %i, at most four standard errors off', (count) => {
    // A different sketch each time; the same ones on every machine.
    for (let sketch = 0; sketch < (count > 10_000 ? 3 : 20); sketch++) {
      const tallies = new Tallies(KIND);
      for (let i = 0; i < count; i++) add(tallies, `user-${sketch}-${i}`);
      expect(Math.abs(estimate(tallies) - count) / count).toBeLessThan(4 * CARDINALITY_ERROR);
    }
  });

  it('has a rank for every hash: the place of the first bit behind those of the register', () => {
    expect(rankOf(0x000fffff, -1)).toBe(1);
    expect(rankOf(0x00080000, 0)).toBe(1);
    expect(rankOf(0x00000001, 0)).toBe(20);
    expect(rankOf(0xfff00000 | 0, 1 << 31)).toBe(21);
    expect(rankOf(0, 1)).toBe(52);
    expect(rankOf(0, 0)).toBe(LAST_RANK);
    expect(registerOf(-1)).toBe(REGISTERS - 1);
  });
});
