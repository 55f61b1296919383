import type { ConnectorMetrics } from '@tillstream/adapter-telemetry';
import type { CurrentClientTls } from '@tillstream/doors';
import type { Service, ServiceLogger } from '@tillstream/nest-runtime';
import type { ConnectorConfig } from './config';
import { ConnectorObserver } from './connector-observer';
import { GatewayDoor } from './gateway/gateway-door';
import { PositionFile } from './position/position-file';
import { Relay } from './relay/relay';
import { SseSource } from './source/sse-source';

/** What the service asks of the world, beside the source and the gateway. */
export interface ConnectorPorts {
  /** What the gateway is shown, and by whom it must be signed. */
  readonly tls: CurrentClientTls;
  readonly nowMs: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly chance: () => number;
  readonly logger: ServiceLogger;
  readonly metrics: (queuedBytes: () => number) => ConnectorMetrics;
  /** Runs a call within a span, with the headers that carry the trace on. */
  readonly traced: <T>(name: string, call: (headers: Readonly<Record<string, string>>) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
  /** Ends the process: something failed that no further attempt can mend. */
  readonly fail: (error: unknown) => void;
}

/** Composes the service without a framework. */
export function createConnector(
  config: Omit<ConnectorConfig, 'service'>,
  { tls, nowMs, pause, chance, logger, metrics, traced, close, fail }: ConnectorPorts,
): Service {
  const { stream, source, gateway, positionFile, retry, gatherMs, maxQueuedBytes } = config;
  const observer: ConnectorObserver = new ConnectorObserver(
    stream,
    metrics((): number => relay.queuedBytes),
    logger,
  );
  const door = new GatewayDoor({ ...gateway, tls }, stream, nowMs);
  const relay: Relay = new Relay(
    {
      source: new SseSource(source, nowMs),
      door: { deliver: (bytes) => traced(`deliver ${stream}`, (headers) => door.deliver(bytes, headers)) },
      positions: new PositionFile(positionFile, source.url),
      pause,
      chance,
      observer,
    },
    { retry, gatherMs, maxQueuedBytes },
  );
  return {
    readinessChecks: [
      { name: 'source', check: () => observer.sourceProblem },
      { name: 'gateway', check: () => observer.doorProblem },
    ],
    start: async () => {
      await relay.start();
      relay.done.catch(fail);
    },
    drain: () => relay.stop(),
    close,
  };
}
