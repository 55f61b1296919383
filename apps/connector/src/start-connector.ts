import { setTimeout } from 'node:timers/promises';
import { createServiceMetrics, tracedCall } from '@tillstream/adapter-telemetry';
import type { Tracing } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { followClientTls } from '@tillstream/doors';
import { bootstrap, createLogger, systemClock, systemRandom } from '@tillstream/nest-runtime';
import type { StartedService } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import { loadConnectorConfig } from './config';
import { ConnectorModule } from './connector.module';
import { createConnector } from './create-connector';

const CHANCE_BYTES = 4;

/** Starts the service. @throws ConfigError */
export async function startConnector(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  const config = loadConnectorConfig(environment);
  const { http, logLevel, shutdownTimeoutMs, drain } = config.service;
  const logger = createLogger('connector', logLevel);
  const registry = new Registry();
  const metrics = createServiceMetrics(registry, 'connector');
  const tls = followClientTls(config.gateway.tls, logger);
  const service = createConnector(config, {
    tls,
    nowMs: () => systemClock.nowMs(),
    pause: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
    chance: () => parseInt(systemRandom.hex(CHANCE_BYTES), 16) / 2 ** (8 * CHANCE_BYTES),
    logger,
    metrics: metrics.connector,
    traced: tracedCall,
    close: async () => {
      tls.stop();
      await tracing?.shutdown();
    },
    // Where nobody can catch it, the runtime logs it and ends the process.
    fail: (error) =>
      setImmediate(() => {
        throw error;
      }),
  });
  const { watchReadiness } = metrics;
  const options = { service, http, metrics: registry, watchReadiness, logger, drain };
  const running = await bootstrap(ConnectorModule, options);
  return { running, logger, shutdownTimeoutMs };
}
