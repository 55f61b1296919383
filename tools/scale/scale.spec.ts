import { measuredCosts } from './costs';
import { BUSY, demandOf, partitionLimit } from './demand';
import { KeyLoads, fullestReplica } from './skew';

const costs = measuredCosts();

describe('what a rate asks for', () => {
  it('is computed from what the bench has written', () => {
    expect(costs.aggregator).toBeGreaterThan(costs.enricher);
    expect(costs).toMatchObject({ eventBytes: 342, mib: { gateway: expect.any(Number) } });
    expect(() => measuredCosts('nothing')).toThrow('docs/benchmarks.md does not say what the gateway costs');
  });

  it('leaves no partition and no replica more than a core can do', () => {
    const keys = new KeyLoads(50_000, 0.8);
    for (const rate of [5_000, 80_000, 700_000]) {
      const { partitions, fullestPartition, services } = demandOf(rate, costs, keys, true);
      expect(fullestPartition).toBeLessThanOrEqual(BUSY * partitionLimit(costs, true));
      for (const { fullest, replicas } of services) {
        expect(fullest).toBeLessThan(1);
        expect(replicas).toBeLessThanOrEqual(partitions ?? 0);
      }
    }
  });

  it('says when no number of partitions is enough: one key has too much', () => {
    const keys = new KeyLoads(1_000, 2);
    expect(keys.busiest).toBeGreaterThan(0.6);
    expect(demandOf(1_000_000, costs, keys, true).partitions).toBeNull();
  });
});

describe('where the hash puts keys', () => {
  const alike = new KeyLoads(100_000, 0);
  const skewed = new KeyLoads(100_000, 1.2);

  it('shares everything out, evenly where keys are alike', () => {
    for (const keys of [alike, skewed]) {
      expect(keys.byPartition(48).reduce((sum, load) => sum + load)).toBeCloseTo(1, 9);
    }
    expect(alike.fullest(48) * 48).toBeLessThan(1.1);
  });

  it('leaves a partition no less than its busiest key has', () => {
    for (const count of [4, 64, 1_024]) expect(skewed.fullest(count)).toBeGreaterThanOrEqual(skewed.busiest);
    expect(skewed.fullest(1_024) * 1_024).toBeGreaterThan(50);
  });

  it('gives a partition of twice as many a part of what the one of its number had', () => {
    const [few, many] = [skewed.byPartition(8), skewed.byPartition(16)];
    few.forEach((load, partition) => {
      expect((many[partition] ?? 0) + (many[partition + 8] ?? 0)).toBeCloseTo(load, 9);
    });
  });

  it('is evened out by replicas with several partitions each', () => {
    const loads = skewed.byPartition(64);
    expect(fullestReplica(loads, 8) * 8).toBeLessThan(skewed.fullest(64) * 64);
  });
});
