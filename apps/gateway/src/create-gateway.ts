import type { IngestMetrics } from '@tillstream/adapter-telemetry';
import { ConfigError } from '@tillstream/config';
import { MAX_BODY_BYTES, PROTO_FILES, PROTO_LOADER_OPTIONS, protoRoot } from '@tillstream/contracts';
import { BufferPool } from '@tillstream/core';
import { KeyLimits, type KeyRing } from '@tillstream/doors';
import type { Clock, LogWriter, RecordHeaders } from '@tillstream/engine';
import type { GrpcServerOptions, ReadinessCheck, Service, ServiceLogger } from '@tillstream/nest-runtime';
import type { GatewayConfig } from './config';
import { createAdmission } from './grpc/admission';
import { GrpcIngest } from './grpc/grpc-ingest';
import { createIngestService } from './grpc/ingest-service';
import { HttpIngest } from './http/http-ingest';
import { ByteBudget } from './ingest/byte-budget';
import { IngestObserver } from './ingest/ingest-observer';
import { Publisher } from './ingest/publisher';
import type { IngestStream } from './ingest/publisher';

/** What the service asks of the world. */
export interface GatewayPorts {
  readonly writer: LogWriter;
  readonly close: () => Promise<void>;
  /** Who may write. */
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly logger: ServiceLogger;
  readonly metrics: (inFlightBytes: () => number) => IngestMetrics;
  /** Headers that carry the active trace on, if it is sampled. */
  readonly traceHeaders: () => RecordHeaders;
  /** Told of calls that failed by a fault of ours, beside the log of the service. */
  readonly callFailed: (method: string, error: unknown) => void;
  /** Asked once, at the start; what they find wrong is a reason not to start. */
  readonly startupChecks: readonly (() => Promise<readonly string[]>)[];
  /** What is needed to take events, beside a log that takes them. */
  readonly readinessChecks: readonly ReadinessCheck[];
}

export interface Gateway {
  readonly service: Service;
  readonly http: HttpIngest;
  readonly grpc: GrpcServerOptions;
  /** Bodies that come from now on are read under another stream file of the same stream. */
  readonly replaceStream: (stream: IngestStream) => void;
}

/** A payload a little too large can still be answered; one far too large ends its call. */
const MAX_MESSAGE_BYTES = MAX_BODY_BYTES + 1024 * 1024;

/** As long as a request over HTTP may take to come. */
const BODY_TIMEOUT_MS = 60_000;

/** Of the memory that bodies needed, so much is kept for those to come: a few of the largest, or many of the usual ones. */
const KEPT_BYTES = 2 * MAX_BODY_BYTES;

/** Composes the service without a framework. */
export function createGateway(
  config: Pick<GatewayConfig, 'grpc' | 'maxInFlightBytes' | 'appendTimeoutMs' | 'retryAfterMs'>,
  ingestStreams: readonly IngestStream[],
  ports: GatewayPorts,
): Gateway {
  const { writer, keys, clock, logger, traceHeaders } = ports;
  const streams = new Map(ingestStreams.map((stream) => [stream.name, stream]));
  const budget = new ByteBudget(config.maxInFlightBytes, MAX_BODY_BYTES);
  const observer = new IngestObserver(
    ports.metrics(() => budget.inFlight),
    logger,
  );
  const pool = new BufferPool(KEPT_BYTES);
  const publisher = new Publisher({ writer, clock, observer, traceHeaders, pool }, config);
  const limits = { maxBodyBytes: MAX_BODY_BYTES, retryAfterMs: config.retryAfterMs };
  const stopping = new AbortController();
  let open = false;
  const edge = { isOpen: () => open, streams, keys, limits: new KeyLimits(), pool, publisher, observer, clock };
  const grpcIngest = new GrpcIngest({ ...edge, budget: budget.grpc }, limits);

  return {
    service: {
      readinessChecks: [
        { name: 'start', check: () => (open ? null : 'waiting for the log') },
        { name: 'log', check: () => (publisher.stalled ? 'the log does not acknowledge events in time' : null) },
        ...ports.readinessChecks,
      ],
      start: async () => {
        const problems = await Promise.all(ports.startupChecks.map((check) => check()));
        if (problems.flat().length > 0) throw new ConfigError(problems.flat());
        open = true;
      },
      // Bodies on their way are answered while the servers close; streams would go on for ever.
      drain: async (hurry) => {
        stopping.abort();
        hurry.addEventListener('abort', () => publisher.giveUp(), { once: true });
      },
      close: ports.close,
    },
    replaceStream: (stream) => void streams.set(stream.name, stream),
    http: new HttpIngest({ ...edge, budget: budget.http }, limits),
    grpc: {
      host: config.grpc.host,
      port: config.grpc.port,
      protoRoot: protoRoot(),
      protoFiles: [PROTO_FILES.ingest],
      loaderOptions: PROTO_LOADER_OPTIONS,
      services: [
        createIngestService(grpcIngest, stopping.signal, (method, error) => {
          logger.error({ method, error }, 'call_failed');
          ports.callFailed(method, error);
        }),
      ],
      maxReceiveBytes: MAX_MESSAGE_BYTES,
      interceptors: [
        createAdmission(grpcIngest, {
          maxUnanswered: config.grpc.maxUnanswered,
          maxBodyBytes: MAX_BODY_BYTES,
          maxMessageBytes: MAX_MESSAGE_BYTES,
          bodyTimeoutMs: BODY_TIMEOUT_MS,
        }),
      ],
    },
  };
}
