import { lookAtRedis } from './look-at-redis';

describe('a look at Redis', () => {
  it('tells how far its clock is behind, as of half way between question and answer', async () => {
    const clock = { ms: 0, nowMs: () => 1_700_000_005_000 + clock.ms, monotonicMs: () => clock.ms };
    const redis = {
      callBuffer: async () => {
        clock.ms += 200;
        return [Buffer.from('1700000000'), Buffer.from('100000')];
      },
    };
    const look = await lookAtRedis(redis, clock)();
    expect(look?.clockOffsetSeconds).toBeCloseTo(5, 6);
  });

  it('fails with the command', async () => {
    const clock = { nowMs: () => 0, monotonicMs: () => 0 };
    const look = lookAtRedis({ callBuffer: () => Promise.reject(new Error('away')) }, clock);
    await expect(look()).rejects.toThrow('away');
  });
});
