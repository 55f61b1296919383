import { Module } from '@nestjs/common';
import type { Tracing } from '@tillstream/adapter-telemetry';
import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import type { Environment, ServiceConfig } from '@tillstream/config';
import type {
  ConfigurableService,
  GrpcServerOptions,
  Service,
  ServiceLogger,
  StartedService,
} from '@tillstream/nest-runtime';
import { bootstrap, createLogger } from '@tillstream/nest-runtime';
import { Registry } from 'prom-client';
import type { WorkerTelemetry } from './group-worker';
import type { WorkerKind } from './worker';
import { createWorker } from './worker';
import { loadWorkerConfig, workerVariables, type DefaultPorts } from './worker-config';
import { openFace } from './worker-face';

/** A worker adds nothing to the endpoints that every service has. */
@Module({})
class WorkerModule {}

/** A service, and what it answers over gRPC if it does. */
export interface ComposedWorker {
  readonly service: Service;
  readonly grpc?: GrpcServerOptions;
}

const portsOf = ({ defaultHttpPort, face }: WorkerKind): DefaultPorts => ({
  http: defaultHttpPort,
  grpc: face?.defaultGrpcPort ?? 0,
});

/** What a worker takes, for whoever sets it. A worker that answers nothing has no port for that. */
export function workerConfiguration(kind: WorkerKind, about: string): ConfigurableService {
  const { GRPC_PORT, ...others } = workerVariables(portsOf(kind));
  return {
    service: kind.name,
    about,
    variables: kind.face ? { ...others, GRPC_PORT } : others,
    load: (environment) => loadWorkerConfig(environment, portsOf(kind)),
  };
}

/** Starts a service that works on partitions, as this process. @throws ConfigError with every problem at once. */
export async function startWorker(
  kind: WorkerKind,
  environment: Environment,
  tracing: Tracing | null,
): Promise<StartedService> {
  const { face } = kind;
  const config = loadWorkerConfig(environment, portsOf(kind));
  return startComposed(kind.name, config.service, tracing, (telemetry) => {
    const worker = createWorker(kind, config, telemetry);
    if (!face) return { service: worker };
    const shown = openFace(kind.name, face, config, telemetry.logger);
    const close = async (): Promise<void> => {
      await Promise.all([shown.close(), worker.close()]);
    };
    return { service: { ...worker, close }, grpc: shown.grpc };
  });
}

/** Starts a worker that somebody else composes, as this process. */
export async function startComposed(
  name: string,
  { http, logLevel, shutdownTimeoutMs, drain }: ServiceConfig,
  tracing: Tracing | null,
  compose: (telemetry: WorkerTelemetry) => ComposedWorker,
): Promise<StartedService> {
  const logger: ServiceLogger = createLogger(name, logLevel);
  const registry = new Registry();
  const metrics = createServiceMetrics(registry, name);
  const telemetry = { meter: metrics.tasks(), dependencies: metrics.dependencies(), logger };
  const { service, grpc } = compose({ ...telemetry, isTraced: tracing !== null });
  const traced = {
    ...service,
    close: async () => {
      await service.close();
      await tracing?.shutdown();
    },
  };
  const running = await bootstrap(WorkerModule, {
    service: traced,
    http,
    ...(grpc && { grpc }),
    metrics: registry,
    watchReadiness: metrics.watchReadiness,
    logger,
    drain,
  });
  return { running, logger, shutdownTimeoutMs };
}
