import type { Tracing } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { AGGREGATOR, aggregatorInputs, openAggregator } from '@tillstream/engine';
import type { StartedService } from '@tillstream/nest-runtime';
import type { WorkerKind } from '@tillstream/worker-runtime';
import { startWorker, workerConfiguration } from '@tillstream/worker-runtime';

const DEFAULT_HTTP_PORT = 8082;

/**
 * Enriched batches and rows of derived streams in; results, shares of windows and late rows out; the shares of all partitions,
 * merged; and alerts.
 */
export const aggregator: WorkerKind = {
  name: AGGREGATOR,
  defaultHttpPort: DEFAULT_HTTP_PORT,
  inputs: aggregatorInputs,
  open: openAggregator,
};

/** What it takes, for whoever sets it. */
export const aggregatorConfiguration = workerConfiguration(
  aggregator,
  'computes the windows of all metrics, merges those of all partitions, and alerts',
);

export function startAggregator(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  return startWorker(aggregator, environment, tracing);
}
