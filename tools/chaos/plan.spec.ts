import type { Fault } from './fault';
import { planOf } from './plan';

const fault = (name: string, weight = 1): Fault => ({ name, weight, strike: () => Promise.resolve(name) });
const FAULTS = [
  fault('broker-killed', 50),
  fault('broker-stopped', 50),
  fault('gateway-killed'),
  fault('store-emptied'),
];
const namesOf = (seed: number): string[] => planOf(seed, FAULTS).strikes.map((strike) => strike.fault.name);

describe('the plan of a run', () => {
  it('is a function of its seed', () => {
    expect(planOf(7, FAULTS)).toEqual(planOf(7, FAULTS));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => JSON.stringify(planOf(seed, FAULTS)))).size).toBe(20);
  });

  it('has its faults in the order of their times, all within the load', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const { strikes, loadMs } = planOf(seed, FAULTS);
      const times = strikes.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.max(...times)).toBeLessThan(loadMs);
    }
  });

  it('takes the broker away twice at most', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      expect(namesOf(seed).filter((name) => name.startsWith('broker-')).length).toBeLessThanOrEqual(2);
    }
  });

  it('plays the faults it is told to, once each', () => {
    const only = [fault('a'), fault('b')];
    expect(planOf(3, FAULTS, only).strikes.map((strike) => strike.fault.name)).toEqual(['a', 'b']);
  });
});
