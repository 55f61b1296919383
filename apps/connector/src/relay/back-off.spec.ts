import { pauseBeforeRetry } from './back-off';

const PACE = { firstMs: 1_000, mostMs: 60_000 };

describe('the pause before another attempt', () => {
  it('is doubled with each that failed, up to the most, and between half and all of that by chance', () => {
    const pauses = (chance: number) => [0, 1, 5, 6, 99].map((failures) => pauseBeforeRetry(PACE, failures, null, chance)); // prettier-ignore
    expect(pauses(1)).toEqual([1_000, 2_000, 32_000, 60_000, 60_000]);
    expect(pauses(0)).toEqual([500, 1_000, 16_000, 30_000, 30_000]);
  });

  it.each([0, 0.5, 1])('is never less than the other side asks for, whatever chance says: %d', (chance) => {
    expect(pauseBeforeRetry(PACE, 0, 90_000, chance)).toBe(90_000);
    expect(pauseBeforeRetry({ ...PACE, leastMs: 1_000 }, 0, null, chance)).toBe(1_000);
    expect(pauseBeforeRetry({ ...PACE, leastMs: 90_000 }, 0, 5, chance)).toBe(90_000);
  });

  it('is one that timers can wait for', () => {
    expect(pauseBeforeRetry(PACE, 0, 999_999_999_000, 1)).toBe(2 ** 31 - 1);
  });
});
