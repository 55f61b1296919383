import { Gauge, collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';
import { createConnectorMetrics } from './connector-metrics';
import type { ConnectorMetrics } from './connector-metrics';
import { createDependencyMetrics } from './dependency-metrics';
import type { DependencyMetrics } from './dependency-metrics';
import { createIngestMetrics } from './ingest-metrics';
import type { IngestMetrics } from './ingest-metrics';
import { registerProcessLimits } from './process-limits';
import { createTaskMetrics } from './task-metrics';
import type { TaskMetrics } from './task-metrics';
// eslint-disable-next-line @nx/enforce-module-boundaries -- all services have the version of the repository
import { version } from '../../../../../package.json';

/**
 * How often the delay of the event loop is looked at. What is told is the time between two looks, so it is this much when
 * nothing is delayed. Every 10 ms, the usual, costs 0.6 % of a core in a process that does nothing; this costs 0.1 %.
 */
const EVENT_LOOP_LOOK_MS = 50;

/** The metrics of one service; each kind is registered when it is first asked for. */
export interface ServiceMetrics {
  readonly tasks: () => TaskMetrics;
  /** @param inFlightBytes asked at each scrape */
  readonly ingest: (inFlightBytes: () => number) => IngestMetrics;
  /** @param queuedBytes asked at each scrape */
  readonly connector: (queuedBytes: () => number) => ConnectorMetrics;
  /** Of the servers that this service cannot do without. */
  readonly dependencies: () => DependencyMetrics;
  /** @param isReady asked at each scrape */
  readonly watchReadiness: (isReady: () => Promise<boolean>) => void;
}

/** Labels everything in `registry` with the service's name, and adds what every process tells: version, CPU, memory, event loop. */
export function createServiceMetrics(registry: Registry, service: string): ServiceMetrics {
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
  new Gauge({
    name: 'tillstream_info',
    help: '1, with the version that runs.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  registerProcessLimits(registry);
  return {
    tasks: () => createTaskMetrics(registry),
    ingest: (inFlightBytes) => createIngestMetrics(registry, inFlightBytes),
    connector: (queuedBytes) => createConnectorMetrics(registry, queuedBytes),
    dependencies: () => createDependencyMetrics(registry),
    watchReadiness: (isReady) => registerReadiness(registry, isReady),
  };
}

function registerReadiness(registry: Registry, isReady: () => Promise<boolean>): void {
  new Gauge({
    name: 'tillstream_ready',
    help: '1 while /readyz says that the service can work.',
    registers: [registry],
    async collect() {
      this.set((await isReady()) ? 1 : 0);
    },
  });
}
