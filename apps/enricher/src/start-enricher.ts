import type { Tracing } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { ENRICHER, EnricherTask } from '@tillstream/engine';
import type { StartedService } from '@tillstream/nest-runtime';
import type { WorkerKind } from '@tillstream/worker-runtime';
import { startWorker, workerConfiguration } from '@tillstream/worker-runtime';

const DEFAULT_HTTP_PORT = 8081;

/** Raw records in; batches of columns, dead letters and re-routed rows out. */
export const enricher: WorkerKind = {
  name: ENRICHER,
  defaultHttpPort: DEFAULT_HTTP_PORT,
  inputs: ({ topics }) => [topics.raw],
  open: (ports, definition, source, consumer) =>
    EnricherTask.open(ports, definition, source, () => consumer.committed(source.topic, source.partition)),
};

/** What it takes, for whoever sets it. */
export const enricherConfiguration = workerConfiguration(
  enricher,
  'reads raw events, drops duplicates, completes each and writes batches of them',
);

export function startEnricher(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  return startWorker(enricher, environment, tracing);
}
