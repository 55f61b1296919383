import { Registry } from 'prom-client';
import { createDependencyMetrics } from './dependency-metrics';

const away = (): Promise<never> => Promise.reject(new Error('away'));

async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('tillstream_'));
}

describe('metrics of the servers behind a service', () => {
  it('say at each scrape whether a broker answers, and count its failures from zero on', async () => {
    const registry = new Registry();
    const metrics = createDependencyMetrics(registry);
    let look = (): Promise<void> => Promise.resolve();
    metrics.watchKafka(() => look(), ['fetch', 'produce']);
    metrics.kafkaFailed('produce');
    expect(await linesOf(registry)).toEqual([
      'tillstream_kafka_errors_total{operation="fetch"} 0',
      'tillstream_kafka_errors_total{operation="produce"} 1',
      'tillstream_kafka_up 1',
    ]);
    look = away;
    expect(await linesOf(registry)).toContain('tillstream_kafka_up 0');
  });

  it('take a server that does not answer in time for one that is down', async () => {
    jest.useFakeTimers();
    try {
      const registry = new Registry();
      createDependencyMetrics(registry).watchKafka(() => new Promise(() => undefined), []);
      const lines = linesOf(registry);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await lines).toEqual(['tillstream_kafka_up 0']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('look at Redis once a scrape, and forget how its clock stands when it is away', async () => {
    const registry = new Registry();
    const metrics = createDependencyMetrics(registry);
    let looks = 0;
    let isAway = false;
    metrics.watchRedis(async () => {
      looks += 1;
      return isAway ? away() : { clockOffsetSeconds: -1.5 };
    });
    const lines = await linesOf(registry);
    expect(lines).toContain('tillstream_redis_up 1');
    expect(lines).toContain('tillstream_clock_offset_seconds{of="redis"} -1.5');
    expect(looks).toBe(1);
    isAway = true;
    metrics.redisFailed();
    expect(await linesOf(registry)).toEqual(['tillstream_redis_errors_total 1', 'tillstream_redis_up 0']);
  });

  it('are absent of servers that a service does not use', async () => {
    const registry = new Registry();
    const metrics = createDependencyMetrics(registry);
    metrics.kafkaFailed('fetch');
    expect(await linesOf(registry)).toEqual([]);
  });
});
