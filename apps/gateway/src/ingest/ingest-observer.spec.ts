import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import { createLogger } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import { IngestObserver } from './ingest-observer';

describe('requests that the gateway refuses', () => {
  it.each([
    ['http', '401', 'unauthorized'],
    ['http', '413', 'too_large'],
    ['http', '429', 'overloaded'],
    ['http', '503', 'unavailable'],
    ['grpc', 'UNAUTHENTICATED', 'unauthorized'],
    ['grpc', 'PERMISSION_DENIED', 'forbidden'],
    ['grpc', 'RESOURCE_EXHAUSTED', 'overloaded'],
    ['grpc', 'DEADLINE_EXCEEDED', 'too_slow'],
  ] as const)('at the door %s with %s are counted as %s', async (door, status, code) => {
    const { registry, observer } = observed();
    observer.answered(door, status, 0.1);
    expect(await refusedIn(registry)).toEqual([`{door="${door}",code="${code}",service="gateway"} 1`]);
  });

  it.each([
    ['http', '202'],
    ['http', 'gone'],
    ['grpc', 'OK'],
  ] as const)('are not those that it takes in or that have left: %s %s', async (door, status) => {
    const { registry, observer } = observed();
    observer.answered(door, status, 0.1);
    expect(await refusedIn(registry)).toEqual([]);
  });

  it('are counted by the reason given where the status alone does not tell it', async () => {
    const { registry, observer } = observed();
    observer.answered('http', '429', 0.1, 'rate_limited');
    expect(await refusedIn(registry)).toEqual(['{door="http",code="rate_limited",service="gateway"} 1']);
  });
});

function observed() {
  const registry = new Registry();
  const logger = createLogger('gateway', 'silent' as 'fatal');
  return {
    registry,
    observer: new IngestObserver(
      createServiceMetrics(registry, 'gateway').ingest(() => 0),
      logger,
    ),
  };
}

async function refusedIn(registry: Registry): Promise<string[]> {
  const prefix = 'tillstream_refused_requests_total';
  return (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith(`${prefix}{`) && !line.endsWith(' 0'))
    .map((line) => line.slice(prefix.length));
}
