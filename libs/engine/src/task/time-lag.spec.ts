import { TimeLag } from './time-lag';

describe('TimeLag', () => {
  it('knows nothing before it has heard of the log', () => {
    expect(new TimeLag().isCaughtUp(0, null, 0)).toBe(false);
  });

  it('is caught up at the end of the log', () => {
    expect(new TimeLag().isCaughtUp(10, 10, 0)).toBe(true);
  });

  it('is behind in a full log, however fast it is read, until its end is reached', () => {
    const lag = new TimeLag();
    for (let next = 0; next < 100; next += 10) expect(lag.isCaughtUp(next, 100, next)).toBe(false);
    expect(lag.isCaughtUp(100, 100, 100)).toBe(true);
  });

  it('keeps up under traffic although something has always just come', () => {
    const lag = new TimeLag();
    lag.isCaughtUp(0, 0, 0);
    for (let now = 0; now < 60_000; now += 10) {
      const next = now; // applied: everything that came more than 50 ms ago, one record a millisecond
      expect(lag.isCaughtUp(next, next + 50, now)).toBe(true);
    }
  });

  it('falls behind when what has come is not applied for a second, and catches up again', () => {
    const lag = new TimeLag();
    lag.isCaughtUp(10, 10, 0);
    expect(lag.isCaughtUp(10, 20, 900)).toBe(true);
    expect(lag.isCaughtUp(11, 2_000, 1_100)).toBe(false);
    expect(lag.isCaughtUp(1_999, 2_000, 5_000)).toBe(false);
    expect(lag.isCaughtUp(2_000, 2_000, 5_001)).toBe(true);
  });
});
