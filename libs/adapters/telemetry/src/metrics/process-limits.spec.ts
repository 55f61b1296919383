import { Registry } from 'prom-client';
import { memoryLimitBytes, registerProcessLimits } from './process-limits';

describe('limits of a process', () => {
  it('are what the container allows, never more than the machine has', () => {
    expect(memoryLimitBytes(512, 4096)).toBe(512);
    expect(memoryLimitBytes(0, 4096)).toBe(4096);
    expect(memoryLimitBytes(2 ** 63, 4096)).toBe(4096);
  });

  it('are told beside what is used', async () => {
    const registry = new Registry();
    registerProcessLimits(registry);
    for (const name of ['tillstream_memory_limit_bytes', 'tillstream_heap_limit_bytes']) {
      const [sample] = (await registry.getSingleMetric(name)?.get())?.values ?? [];
      expect(sample?.value).toBeGreaterThan(process.memoryUsage().heapUsed);
    }
  });
});
