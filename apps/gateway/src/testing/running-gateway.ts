import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import type { DrainTimes } from '@tillstream/config';
import { bootstrap, createLogger, systemClock } from '@tillstream/nest-runtime';
import type { RunningService } from '@tillstream/nest-runtime';
import { ringOf } from '@tillstream/doors/testing';
import { Registry } from 'prom-client';
import { createGateway } from '../create-gateway';
import type { GatewayPorts } from '../create-gateway';
import { GatewayModule } from '../gateway.module';
import { allowOrigins } from '../http/cross-origin';
import { passBodiesThrough } from '../http/respond';
import type { IngestStream } from '../ingest/publisher';
import { ScriptedLogWriter } from './scripted-log-writer';

type Config = Parameters<typeof createGateway>[0];

export const MIB = 1024 * 1024;
export const WRITE_KEY = 'test-key-1';

export interface RunningGateway extends RunningService {
  readonly writer: ScriptedLogWriter;
  readonly url: string;
  /** Lines the service has logged. */
  readonly log: readonly string[];
}

const DRAIN: DrainTimes = { timeoutMs: 3_000, noticeMs: 0 };

/** The service as it runs, on ports of its own and a log that tests script. */
export async function startGateway(
  streams: readonly IngestStream[],
  config: Partial<Config> = {},
  ports: Partial<GatewayPorts> = {},
  drain: DrainTimes = DRAIN,
  origins: readonly string[] = [],
): Promise<RunningGateway> {
  const writer = new ScriptedLogWriter();
  const registry = new Registry();
  const log: string[] = [];
  const logger = ports.logger ?? createLogger('gateway', 'info', { write: (line) => void log.push(line) });
  const gateway = createGateway(
    {
      grpc: { host: '127.0.0.1', port: 0, maxUnanswered: 4 },
      maxInFlightBytes: 32 * MIB,
      appendTimeoutMs: 60_000,
      retryAfterMs: 1500,
      ...config,
    },
    streams,
    {
      writer,
      keys: ringOf([{ key: WRITE_KEY }, { key: 'other-key-2', streams: ['another'] }]),
      close: async () => {},
      clock: systemClock,
      logger,
      metrics: createServiceMetrics(registry, 'gateway').ingest,
      traceHeaders: () => ({}),
      callFailed: () => undefined,
      startupChecks: [],
      readinessChecks: [],
      ...ports,
    },
  );
  const running = await bootstrap(GatewayModule.for(gateway.http), {
    service: gateway.service,
    http: { host: '127.0.0.1', port: 0 },
    grpc: gateway.grpc,
    metrics: registry,
    logger,
    drain,
    configureHttp: (server) => {
      passBodiesThrough(server);
      allowOrigins(server, origins);
    },
  });
  return { ...running, writer, log, url: `http://127.0.0.1:${running.httpPort}` };
}
