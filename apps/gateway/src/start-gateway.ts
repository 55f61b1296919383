import { KAFKA_OPERATIONS, KafkaAdmin, kafkaFault, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { createServiceMetrics, injectTraceContext, keepFailedCall } from '@tillstream/adapter-telemetry';
import type { Tracing } from '@tillstream/adapter-telemetry';
import { explainKafkaFault, type Environment } from '@tillstream/config';
import { followKeys } from '@tillstream/doors';
import { bootstrap, createLogger, systemClock } from '@tillstream/nest-runtime';
import type { StartedService } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import { checkRawTopics } from './check-raw-topics';
import { loadGatewayConfig } from './config';
import { createGateway } from './create-gateway';
import { followStreamFile } from './follow-stream-files';
import { GatewayModule } from './gateway.module';
import { allowOrigins } from './http/cross-origin';
import { passBodiesThrough } from './http/respond';
import { ingestStreamOf } from './ingest/ingest-stream';

/** Starts the service on Kafka. @throws ConfigError */
export async function startGateway(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  const config = loadGatewayConfig(environment);
  const { http, logLevel, shutdownTimeoutMs, drain } = config.service;
  const logger = createLogger('gateway', logLevel);
  const registry = new Registry();

  const { compression } = config;
  const metrics = createServiceMetrics(registry, 'gateway');
  const dependencies = metrics.dependencies();
  const onRequestFailed = (operation: string): void => dependencies.kafkaFailed(operation);
  const kafka = { ...config.kafka, clientId: 'tillstream-gateway', logger, onRequestFailed };
  // What is in flight is bounded by the gateway itself, and its callers are told before the writer gives up.
  const { maxInFlightBytes, appendTimeoutMs } = config;
  const writer = new KafkaLogWriter({ ...kafka, compression, maxPendingBytes: maxInFlightBytes * 2, appendTimeoutMs });
  const admin = new KafkaAdmin(kafka);
  const reader = new KafkaLogReader(kafka);
  dependencies.watchKafka(() => reader.ping(), KAFKA_OPERATIONS);
  const stopping = new AbortController();
  const keys = followKeys(config.keys, logger);

  const gateway = createGateway(config, config.streams.map(ingestStreamOf), {
    writer,
    keys: keys.ring,
    close: async () => {
      stopping.abort();
      keys.stop();
      await Promise.all([writer.close(), reader.close(), admin.close()]);
      await tracing?.shutdown();
    },
    clock: systemClock,
    logger,
    metrics: metrics.ingest,
    traceHeaders: injectTraceContext,
    callFailed: keepFailedCall,
    startupChecks: [
      () => checkRawTopics(config.streams, { admin, reader, clock: systemClock, logger }, stopping.signal),
    ],
    readinessChecks: [{ name: 'kafka', check: () => askKafka(admin) }],
  });
  const running = await bootstrap(GatewayModule.for(gateway.http), {
    service: gateway.service,
    http,
    grpc: gateway.grpc,
    metrics: registry,
    watchReadiness: metrics.watchReadiness,
    logger,
    drain,
    configureHttp: (server) => {
      passBodiesThrough(server);
      allowOrigins(server, config.corsOrigins);
      tracing?.traceRequests(server);
    },
  });
  for (const file of config.streams) {
    void followStreamFile(
      file,
      { reader, clock: systemClock, logger },
      (now) => gateway.replaceStream(ingestStreamOf(now)),
      stopping.signal,
    );
  }
  return { running, logger, shutdownTimeoutMs };
}

/** Null when it answers, else what is wrong. */
async function askKafka(admin: KafkaAdmin): Promise<string | null> {
  try {
    await admin.ping();
    return null;
  } catch (error) {
    return explainKafkaFault(kafkaFault(error)) ?? (error as Error).message;
  }
}
