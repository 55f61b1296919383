import { UpsertCadence } from './cadence';

describe('UpsertCadence', () => {
  it('lets the first go at once and the next after its interval', () => {
    const cadence = new UpsertCadence(250, 1_000);
    expect(cadence.isDue(0)).toBe(true);
    cadence.sent(10, 0);
    expect(cadence.isDue(249)).toBe(false);
    expect(cadence.waitMs(100)).toBe(150);
    expect(cadence.isDue(250)).toBe(true);
  });

  it('stretches so that no more than the budget leaves in the long run', () => {
    const cadence = new UpsertCadence(250, 1_000);
    cadence.sent(5_000, 0);
    expect(cadence.isDue(4_999)).toBe(false);
    expect(cadence.isDue(5_000)).toBe(true);
  });

  it('waits longer as long as it is asked to', () => {
    const cadence = new UpsertCadence(250, 1_000);
    cadence.sent(10, 0);
    expect(cadence.isDue(4_999, 20)).toBe(false);
    expect(cadence.waitMs(4_000, 20)).toBe(1_000);
    expect(cadence.isDue(5_000, 20)).toBe(true);
    expect(cadence.isDue(250)).toBe(true);
  });
});
