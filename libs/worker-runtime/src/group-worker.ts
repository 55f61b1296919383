import { hostname } from 'node:os';
import { KAFKA_OPERATIONS, KafkaGroupConsumer, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { createBatchTracer } from '@tillstream/adapter-telemetry';
import type { DependencyMetrics } from '@tillstream/adapter-telemetry';
import { ConfigError } from '@tillstream/config';
import type { StreamDefinition } from '@tillstream/contracts';
import { streamsOf } from '@tillstream/contracts';
import type { GroupConsumer, PartitionSource, PartitionTask, TaskMeter, TaskPorts } from '@tillstream/engine';
import { PartitionSupervisor, StreamWorker, silentTelemetry } from '@tillstream/engine';
import type { Service, ServiceLogger } from '@tillstream/nest-runtime';
import { systemClock, systemRandom } from '@tillstream/nest-runtime';
import { explained, kafkaReason } from './explained';
import { kafkaOptions } from './kafka-options';
import type { StartupReport } from './startup-checks';
import { checkStreams } from './startup-checks';
import { watchBatches } from './watch-batches';
import type { LogWorkerConfig } from './worker-config';

const RETRY_MS = 1_000;
/** Appends that are under way in the end get this long. */
const GIVEN_UP_MS = 300;
/** Each task stops reading long before; this only keeps a mistake of theirs from taking all memory. */
const MAX_PENDING_BYTES = 512 * 1024 * 1024;

/** How a worker is seen from outside. */
export interface WorkerTelemetry {
  readonly meter: TaskMeter;
  readonly dependencies: DependencyMetrics;
  readonly logger: ServiceLogger;
  /** Without it no record is looked at for the context of its producer. */
  readonly isTraced: boolean;
}

/** What tasks have of the outside world beside what a service adds. */
export type LogPorts = Omit<TaskPorts, 'store'>;

/** A consumer group that a service belongs to, and the tasks that it runs there. */
export interface WorkerGroup {
  readonly stream: string;
  readonly groupId: string;
  /** Their partitions are shared by the replicas. */
  readonly topics: readonly string[];
  open(ports: LogPorts, source: PartitionSource, consumer: GroupConsumer): Promise<PartitionTask>;
}

/** What one service adds to the log. */
export interface WorkerParts {
  readonly groups: readonly WorkerGroup[];
  /** What it cannot start without beside Kafka, as messages call it; absent: nothing. */
  readonly needs?: string;
  /** Looks whether that is in order. @throws when it cannot be told yet */
  check?(): Promise<StartupReport>;
  /** Called once the groups are joined. */
  started?(): void;
  /** Ends its connections, when no task works any more. */
  close?(): Promise<void>;
}

/** Composes a worker on the real log. It joins its groups only when the topics and whatever it needs are in order. */
export function createGroupWorker(
  name: string,
  config: LogWorkerConfig,
  { meter, dependencies, logger, isTraced }: WorkerTelemetry,
  parts: WorkerParts,
): Service {
  const onRequestFailed = (operation: string): void => dependencies.kafkaFailed(operation);
  const kafka = { ...kafkaOptions(config.kafka, `tillstream-${name}`, logger), onRequestFailed };
  const streams = streamsByTopic(config.definitions);
  const writer = new KafkaLogWriter({
    ...kafka,
    maxPendingBytes: MAX_PENDING_BYTES,
    onAppend: (topic, bytes) => meter.count('bytes_out', { stream: streams.get(topic) ?? '', topic }, bytes),
  });
  const reader = new KafkaLogReader(kafka);
  dependencies.watchKafka(() => reader.ping(), KAFKA_OPERATIONS);
  const members = parts.groups.map((group) => {
    const { stream, groupId, topics } = group;
    const ports: LogPorts = {
      writer,
      reader,
      clock: systemClock,
      random: systemRandom,
      telemetry: {
        meter,
        tracer: watchBatches(isTraced ? createBatchTracer(groupId, config.slowBatchMs) : silentTelemetry.tracer, {
          ...{ stream, meter, logger, clock: systemClock },
          slowBatchMs: config.slowBatchMs,
        }),
        log: {
          info: (message, fields) => logger.info(fields, message),
          warn: (message, fields) => logger.warn(fields, message),
        },
      },
    };
    const consumer = new KafkaGroupConsumer({
      ...kafka,
      groupId,
      topics,
      sessionTimeoutMs: config.sessionTimeoutMs,
      ...(config.service.http.port === 0 ? {} : { instance: `${hostname()}:${config.service.http.port}` }),
      onFailure: (error) => logger.error({ error, groupId }, 'group_refused_this_member'),
    });
    const supervisor = new PartitionSupervisor(ports, (source) => group.open(ports, source, consumer), stream);
    return { stream, consumer, supervisor };
  });
  const worker = new StreamWorker(members);
  const needed = parts.needs === undefined ? 'Kafka' : `Kafka and ${parts.needs}`;
  let started = false;
  /** What the last attempt to start has failed of. */
  let missing = '';
  let draining = false;

  const check = async (): Promise<void> => {
    const streams = explained(kafkaReason, checkStreams(kafka, reader, config.definitions));
    const reports = await Promise.all([streams, parts.check?.()]);
    for (const warning of reports.flatMap((report) => report?.warnings ?? [])) {
      logger.warn({ warning }, 'startup_warning');
    }
    const problems = reports.flatMap((report) => report?.problems ?? []);
    if (problems.length > 0) throw new ConfigError(problems);
  };

  return {
    readinessChecks: [
      { name: 'start', check: () => (started ? null : `waiting for ${needed}${missing}`) },
      {
        name: 'groups',
        check: () => (members.every(({ consumer }) => consumer.isMember) ? null : 'not a member of its consumer group'),
      },
      {
        name: 'partitions',
        check: () => {
          const stopped = worker.stoppedPartitions.map(({ reason }) => reason);
          return stopped.length === 0 ? null : stopped.join('; ');
        },
      },
    ],
    start: async () => {
      while (!draining) {
        try {
          await check();
          await worker.start();
          started = true;
          parts.started?.();
          return;
        } catch (error) {
          if (error instanceof ConfigError) throw error;
          missing = `: ${(error as Error).message}`;
          logger.warn({ error }, `start_waits_for_${needed.toLowerCase().replaceAll(' ', '_')}`);
          await systemClock.sleep(RETRY_MS);
        }
      }
    },
    drain: async (hurry) => {
      draining = true;
      if (started) await worker.stop(hurry);
    },
    close: async () => {
      // Tasks that were drained wait for nothing; what others have appended is appended again by whoever goes on.
      await Promise.all([writer.close(GIVEN_UP_MS), reader.close(), parts.close?.()]);
    },
  };
}

/** Which stream a topic is of, or what is derived from one. */
function streamsByTopic(definitions: readonly StreamDefinition[]): ReadonlyMap<string, string> {
  const streams = definitions.flatMap((definition) => streamsOf(definition));
  return new Map(
    streams
      .flatMap(({ schema, topics }) => Object.values<string>(topics).map((topic) => [topic, schema.stream] as const))
      .reverse(),
  );
}
