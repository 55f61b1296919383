import { KafkaLogReader } from '@tillstream/adapter-kafka';
import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { bootstrap, createLogger, systemClock, type StartedService } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import { QueryApiModule } from './app.module';
import { loadQueryApiConfig } from './config';
import { createQueryApi } from './create-query-api';
import { NOBODY_KNOWS, TrackedSessions } from './visits/open-sessions';

/** Starts the service on Kafka. @throws ConfigError */
export async function startQueryApi(
  environment: Environment,
  tracing: { shutdown(): Promise<void> } | null,
  onFatal: (error: unknown) => void,
): Promise<StartedService> {
  const config = loadQueryApiConfig(environment);
  const { http, logLevel, shutdownTimeoutMs } = config.service;
  const logger = createLogger('query-api', logLevel);
  const registry = new Registry();
  createServiceMetrics(registry, 'query-api');
  const { sasl, ...kafka } = config.kafka;
  const log = new KafkaLogReader({ ...kafka, ...(sasl && { sasl }), clientId: 'tillstream-query-api', logger });
  const closeLog = async (): Promise<void> => {
    await log.close();
    await tracing?.shutdown();
  };
  const { trackerAddress } = config;
  const openSessions =
    trackerAddress === null
      ? NOBODY_KNOWS
      : new TrackedSessions(trackerAddress, systemClock, (error) => logger.warn({ error }, 'tracker_not_to_be_asked'));
  const api = createQueryApi(config, { log, closeLog, openSessions, clock: systemClock, logger, registry, onFatal });
  const running = await bootstrap(QueryApiModule, {
    service: api.service,
    http,
    grpc: api.grpc,
    metrics: registry,
    logger,
    shutdownTimeoutMs,
  });
  return { running, logger, shutdownTimeoutMs };
}
