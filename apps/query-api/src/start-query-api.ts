import { KAFKA_OPERATIONS, KafkaLogReader } from '@tillstream/adapter-kafka';
import { openObjectStore } from '@tillstream/adapter-lake';
import { createBatchTracer, createServiceMetrics, keepFailedCall } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { followClientTls, followKeys } from '@tillstream/doors';
import { silentTelemetry } from '@tillstream/engine';
import { bootstrap, createLogger, systemClock, type StartedService } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import { QueryApiModule } from './app.module';
import { loadQueryApiConfig } from './config';
import { createQueryApi } from './create-query-api';
import { LakeHistories } from './history/lake-histories';
import { LakeSql } from './sql/lake-sql';
import { SqlProcesses } from './sql/sql-processes';
import { NOBODY_KNOWS, TrackedSessions } from './visits/open-sessions';

/** Pages of the lake, for each stream. */
const READER_BOUNDS = { memoryBytes: 256 * 1024 * 1024, threads: 2 };
/** Each may take all of the memory that is configured. */
const SQL_AT_ONCE = 2;
/** Clients take answers of up to 4 MiB unless told otherwise. */
const SQL_BYTES = 3 * 1024 * 1024;

/**
 * Starts the service on Kafka.
 *
 * @param program its own, which also answers SQL in a process of its own
 * @throws ConfigError
 */
export async function startQueryApi(
  environment: Environment,
  tracing: { shutdown(): Promise<void> } | null,
  onFatal: (error: unknown) => void,
  program = process.argv[1] ?? '',
): Promise<StartedService> {
  const config = loadQueryApiConfig(environment);
  const { http, logLevel, shutdownTimeoutMs, drain } = config.service;
  const logger = createLogger('query-api', logLevel);
  const registry = new Registry();
  const metrics = createServiceMetrics(registry, 'query-api');
  const dependencies = metrics.dependencies();
  const onRequestFailed = (operation: string): void => dependencies.kafkaFailed(operation);
  const log = new KafkaLogReader({ ...config.kafka, clientId: 'tillstream-query-api', logger, onRequestFailed });
  dependencies.watchKafka(() => log.ping(), KAFKA_OPERATIONS);
  const keys = followKeys(config.keys, logger);
  const tls = followClientTls(config.tracker.tls, logger);
  const closeLog = async (): Promise<void> => {
    keys.stop();
    tls.stop();
    await log.close();
    await tracing?.shutdown();
  };
  const openSessions =
    config.tracker.address === null
      ? NOBODY_KNOWS
      : new TrackedSessions({ ...config.tracker, address: config.tracker.address, tls }, systemClock, (error) =>
          logger.warn({ error }, 'tracker_not_to_be_asked'),
        );
  const lakes = new Map(config.lakes.map(({ stream, where, access }) => [stream, openObjectStore(where, access)]));
  const sql =
    config.sql && new LakeSql(lakes, new SqlProcesses(program, SQL_AT_ONCE), { ...config.sql, bytes: SQL_BYTES });
  const histories = new LakeHistories(lakes, READER_BOUNDS);
  const ports = {
    log,
    closeLog,
    keys: keys.ring,
    openSessions,
    histories,
    sql,
    clock: systemClock,
    logger,
    registry,
    onFatal,
    tracer: tracing === null ? silentTelemetry.tracer : createBatchTracer(null),
    callFailed: keepFailedCall,
  };
  const api = createQueryApi(config, ports);
  const running = await bootstrap(QueryApiModule, {
    service: api.service,
    http,
    grpc: api.grpc,
    metrics: registry,
    watchReadiness: metrics.watchReadiness,
    logger,
    drain,
  });
  return { running, logger, shutdownTimeoutMs };
}
