import { Module } from '@nestjs/common';
import type { Tracing } from '@tillstream/adapter-telemetry';
import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import type { StartedService } from '@tillstream/nest-runtime';
import { bootstrap, createLogger } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import type { WorkerKind } from './worker';
import { createWorker } from './worker';
import { loadWorkerConfig } from './worker-config';
import { openFace } from './worker-face';

/** A worker adds nothing to the endpoints that every service has. */
@Module({})
class WorkerModule {}

/** Starts a service that works on partitions, as this process. @throws ConfigError with every problem at once. */
export async function startWorker(
  kind: WorkerKind,
  environment: Environment,
  tracing: Tracing | null,
): Promise<StartedService> {
  const { face } = kind;
  const config = loadWorkerConfig(environment, { http: kind.defaultHttpPort, grpc: face?.defaultGrpcPort ?? 0 });
  const { http, logLevel, shutdownTimeoutMs } = config.service;
  const logger = createLogger(kind.name, logLevel);
  const registry = new Registry();
  const metrics = createServiceMetrics(registry, kind.name);
  const worker = createWorker(kind, config, { meter: metrics.tasks(), logger, isTraced: tracing !== null });
  const shown = face && openFace(kind.name, face, config, logger);
  const service = {
    ...worker,
    close: async () => {
      await Promise.all([shown?.close(), worker.close()]);
      await tracing?.shutdown();
    },
  };
  const running = await bootstrap(WorkerModule, {
    service,
    http,
    ...(shown && { grpc: shown.grpc }),
    metrics: registry,
    logger,
    shutdownTimeoutMs,
  });
  return { running, logger, shutdownTimeoutMs };
}
