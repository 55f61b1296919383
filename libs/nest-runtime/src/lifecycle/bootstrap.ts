import 'reflect-metadata';
import type { DrainTimes, TlsFiles } from '@tillstream/config';
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ServerTls } from '@tillstream/doors';
import type { FastifyInstance } from 'fastify';
import type { GrpcServer, GrpcServerOptions } from '../grpc/grpc-server';
import { HealthController, METRICS, READINESS } from '../health/health.controller';
import { Readiness } from '../health/readiness';
import { askForCertificates } from '../http/client-certificates';
import { createHttpAdapter, HTTP_LIMITS, tend, type HttpLimits } from '../http/http-adapter';
import type { ServiceLogger } from '../logging/logger';
import { LogLevel } from '../logging/log-level';
import { LOG_LEVEL, LogLevelController } from '../logging/log-level.controller';
import { NestLogger } from '../logging/nest-logger';
import { systemClock } from '../ports/system-ports';
import { Drain } from './drain';
import { DRAIN, LOGGER, ServiceLifecycle, SERVICE } from './service-lifecycle';
import type { MetricsSource, Service } from './service';

export interface BootstrapOptions {
  readonly service: Service;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** For HTTP and gRPC; absent or null: without. */
    readonly tls?: TlsFiles | null;
    readonly limits?: Partial<HttpLimits>;
  };
  readonly grpc?: GrpcServerOptions;
  readonly metrics: MetricsSource;
  /** Given the answer to whether the service can work, for its metrics. */
  readonly watchReadiness?: (isReady: () => Promise<boolean>) => void;
  readonly logger: ServiceLogger;
  /** For what is in flight when `close` is called. */
  readonly drain: DrainTimes;
  /** Adjusts the HTTP server before it listens. */
  readonly configureHttp?: (server: FastifyInstance) => void;
}

/** A service that runs. */
export interface RunningService {
  readonly httpPort: number;
  readonly grpcPort: number | null;
  /** Readiness false → go on for the notice → stop taking work and finish it → close the servers → close connections. */
  close(): Promise<void>;
}

/**
 * Starts a service: HTTP with `/healthz`, `/readyz`, `/metrics` and `/loglevel` beside what `module` adds, gRPC if asked for, and only
 * then the service itself, so that it can be watched while it starts.
 */
export async function bootstrap(module: Type | DynamicModule, options: BootstrapOptions): Promise<RunningService> {
  const { service, http, grpc, logger } = options;
  const readiness = new Readiness(service.readinessChecks);
  const drain = new Drain(options.drain);
  options.watchReadiness?.(async () => (await readiness.report()).ready);
  const tls = http.tls ? new ServerTls(http.tls, logger, () => systemClock.nowMs()) : null;
  const limits = { ...HTTP_LIMITS, ...http.limits };
  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(module, readiness, drain, options),
    createHttpAdapter(tls, limits),
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
  );
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  closeConnectionsWhenStopping(server, readiness);
  tend(server, tls, limits);
  if (tls?.asksClients) askForCertificates(server);
  options.configureHttp?.(server);

  const grpcServer = grpc === undefined ? null : await connectGrpc(app, { ...grpc, tls }, () => drain.leftMs);
  await app.listen(http.port, http.host);
  const httpPort = (app.getHttpServer().address() as { port: number }).port;
  logger.info({ httpPort, grpcPort: grpcServer?.port ?? null }, 'listening');

  try {
    await service.start();
  } catch (error) {
    tls?.stop();
    await app.close();
    throw error;
  }
  grpcServer?.setServing(true);
  logger.info('started');
  return {
    httpPort,
    grpcPort: grpcServer?.port ?? null,
    close: async () => {
      readiness.stop();
      drain.begin();
      grpcServer?.setServing(false);
      // Whoever asks nothing of this service needs no time to hear that it stops.
      if (grpcServer !== null) await drain.notice();
      const cut = setTimeout(() => server.server.closeAllConnections(), drain.leftMs);
      await app.close();
      clearTimeout(cut);
      drain.end();
      tls?.stop();
    },
  };
}

/** Loads gRPC only here: a service that has none starts without a tenth of all packages. */
async function connectGrpc(
  app: NestFastifyApplication,
  grpc: GrpcServerOptions,
  graceMs: () => number,
): Promise<GrpcServer> {
  const [{ GrpcServer }, { GrpcTransport }] = await Promise.all([
    import('../grpc/grpc-server'),
    import('../grpc/grpc-transport'),
  ]);
  const server = new GrpcServer(grpc);
  app.connectMicroservice({ strategy: new GrpcTransport(server, graceMs) });
  await app.startAllMicroservices();
  return server;
}

/** A connection that was busy when the server began to close would else be kept alive after its answer, and the server with it. */
function closeConnectionsWhenStopping(server: FastifyInstance, readiness: Readiness): void {
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (readiness.isStopping) reply.header('connection', 'close');
    done(null, payload);
  });
}

function rootModule(module: Type | DynamicModule, readiness: Readiness, drain: Drain, options: BootstrapOptions): Type {
  @Module({
    imports: [module],
    controllers: [HealthController, LogLevelController],
    providers: [
      { provide: READINESS, useValue: readiness },
      { provide: METRICS, useValue: options.metrics },
      { provide: SERVICE, useValue: options.service },
      { provide: DRAIN, useValue: drain },
      { provide: LOGGER, useValue: options.logger },
      { provide: LOG_LEVEL, useValue: new LogLevel(options.logger) },
      ServiceLifecycle,
    ],
  })
  class RootModule {}
  return RootModule;
}
