import { Registry } from 'prom-client';
import { createServiceMetrics } from './service-metrics';

describe('metrics', () => {
  it('carry their service, their unit and the labels given', async () => {
    const registry = new Registry();
    const tasks = createServiceMetrics(registry, 'enricher').tasks();
    tasks.count('events_in', { stream: 'commerce', partition: 1 }, 5);
    tasks.count('events_in', { stream: 'commerce', partition: 1 }, 2);
    tasks.count('rejected', { stream: 'commerce', partition: 1, reason: 'no-key' }, 3);
    tasks.observe('batch_seconds', { stream: 'commerce', partition: 1 }, 0.02);
    const text = await registry.metrics();
    expect(text).toContain('tillstream_events_in_total{stream="commerce",partition="1",service="enricher"} 7');
    expect(text).toContain(
      'tillstream_rejected_total{stream="commerce",partition="1",reason="no-key",service="enricher"} 3',
    );
    expect(text).toContain(
      'tillstream_batch_seconds_bucket{le="0.025",service="enricher",stream="commerce",partition="1"} 1',
    );
    expect(text).toContain('process_cpu_seconds_total{service="enricher"}');
  });

  it('forget the gauges of a partition that has left', async () => {
    const registry = new Registry();
    const tasks = createServiceMetrics(registry, 'enricher').tasks();
    tasks.gauge('lag_records', { stream: 'commerce', partition: 1 }, 5);
    tasks.gauge('lag_records', { stream: 'commerce', partition: 2 }, 6);
    tasks.forget({ stream: 'commerce', partition: 1 });
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('tillstream_lag_records{'));
    expect(lines).toEqual(['tillstream_lag_records{stream="commerce",partition="2",service="enricher"} 6']);
  });

  it('ask for the bytes in flight when they are scraped', async () => {
    const registry = new Registry();
    let inFlight = 0;
    createServiceMetrics(registry, 'gateway').ingest(() => inFlight);
    inFlight = 42;
    expect(await registry.metrics()).toContain('tillstream_ingest_in_flight_bytes{service="gateway"} 42');
  });
});
