import { kafkaFault } from '@tillstream/adapter-kafka';
import { explainKafkaFault } from '@tillstream/config';
import { PROTO_FILES, protoRoot } from '@tillstream/contracts';
import { KeyLimits, type KeyRing } from '@tillstream/doors';
import type { BatchTracer, Clock, LogReader } from '@tillstream/engine';
import {
  createKeyGate,
  ReadKeys,
  type GrpcServerOptions,
  type Service,
  type ServiceLogger,
} from '@tillstream/nest-runtime';
import type { Registry } from 'prom-client';
import type { QueryApiConfig } from './config';
import { createQueryService } from './grpc/query-service';
import type { Histories } from './history/window-history';
import { createQueryMetrics } from './metrics/query-metrics';
import { ResultFollower } from './results/result-follower';
import { ServedStream } from './results/served-stream';
import { FollowedVisits } from './visits/followed-visits';
import type { SqlSource } from './sql/sql-source';
import type { OpenSessions } from './visits/open-sessions';

/** What the service asks of the world. */
export interface QueryApiPorts {
  readonly log: LogReader & { partitionCount(topic: string): Promise<number> };
  readonly closeLog: () => Promise<void>;
  /** Who may read. */
  readonly keys: KeyRing;
  readonly openSessions: OpenSessions;
  readonly histories: Histories;
  /** Null: SQL is not answered. */
  readonly sql: SqlSource | null;
  readonly clock: Clock;
  readonly tracer: BatchTracer;
  /** Told of calls that failed by a fault of ours, beside the log of the service. */
  readonly callFailed: (method: string, error: unknown) => void;
  readonly logger: ServiceLogger;
  readonly registry: Registry;
  /** Called when the views cannot be kept up any more: the process is to end, and a new one builds them anew. */
  readonly onFatal: (error: unknown) => void;
}

export interface QueryApi {
  readonly service: Service;
  readonly grpc: GrpcServerOptions;
}

/** How long a read waits for news; news end the wait. */
const MAX_WAIT_MS = 2_000;
const RETRY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;
const TELL_POSITIONS_EVERY_MS = 10_000;
/** Each reads a part of the raw log, and holds the ids of the dedupe horizon before it. */
const EXPLAINED_AT_ONCE = 2;

/** Composes the service without a framework. */
export function createQueryApi(
  config: Omit<QueryApiConfig, 'service' | 'kafka' | 'sql' | 'lakes' | 'keys' | 'tracker'>,
  ports: QueryApiPorts,
): QueryApi {
  const { log, keys, clock, logger } = ports;
  const stopping = new AbortController();
  const following = {
    log,
    clock,
    tracer: ports.tracer,
    maxWaitMs: MAX_WAIT_MS,
    retryMs: RETRY_MS,
    sweepEveryMs: SWEEP_EVERY_MS,
    onTrouble: (stream: string, error: unknown) => {
      metrics.readFailed(stream);
      logger.warn({ stream, error, reason: explainKafkaFault(kafkaFault(error)) }, 'results_not_readable');
    },
    onVisible: (stream: string, kind: 'provisional' | 'final', seconds: number) =>
      metrics.visible(stream, kind, seconds),
  };
  const results = config.streams.map(
    (definition) => new ResultFollower(new ServedStream(definition, config.view.maxRows), following),
  );
  const visits = config.streams.map(
    (definition) => new FollowedVisits(definition, { ...following, ...config.view, tracker: ports.openSessions }),
  );
  const topics = visits.flatMap((of) => of.topics);
  const followers = [...results, ...topics.map(({ follower }) => follower)];
  const metrics = createQueryMetrics(ports.registry, results, topics);
  let running: Promise<unknown> = Promise.resolve();

  return {
    service: {
      readinessChecks: [
        ...results.map((follower) => ({ name: follower.stream.name, check: () => follower.missing })),
        ...topics.map(({ topic, follower }) => ({ name: topic, check: () => follower.missing })),
      ],
      start: async () => {
        running = Promise.all(followers.map((follower) => follower.run()));
        await Promise.race([running, Promise.all(followers.map((follower) => follower.caughtUp()))]);
        running.catch(ports.onFatal); // before that, the start has failed
      },
      // Questions under way may still wait for what the views have not read.
      drain: async () => stopping.abort(),
      close: async () => {
        for (const follower of followers) follower.stop();
        ports.openSessions.close();
        ports.sql?.close();
        await ports.histories.close();
        await ports.closeLog();
        await running.catch(() => undefined); // has been told
      },
    },
    grpc: {
      ...config.grpc,
      protoRoot: protoRoot(),
      protoFiles: [PROTO_FILES.query],
      interceptors: [
        createKeyGate({
          ring: keys,
          limits: new KeyLimits(),
          nowMs: () => clock.nowMs(),
          monotonicMs: () => clock.monotonicMs(),
        }),
      ],
      services: [
        createQueryService({
          streams: results,
          visits: new Map(config.streams.map(({ schema }, i) => [schema.stream, visits[i]!])),
          log,
          keys: new ReadKeys(keys, () => clock.nowMs()),
          histories: ports.histories,
          sql: ports.sql,
          pace: { clock, everyMs: config.watch.everyMs, positionsEveryMs: TELL_POSITIONS_EVERY_MS },
          explain: { atOnce: EXPLAINED_AT_ONCE, timeoutMs: config.explain.timeoutMs },
          stopping: stopping.signal,
          metrics,
          clock,
          onUnexpected: (method, error) => {
            logger.error({ method, error }, 'call_failed');
            ports.callFailed(method, error);
          },
        }),
      ],
    },
  };
}
