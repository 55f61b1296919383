import { hostname } from 'node:os';
import { KafkaGroupConsumer, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { RedisCheckpointStore, connectRedis, verifyRedis } from '@tillstream/adapter-redis';
import { createBatchTracer } from '@tillstream/adapter-telemetry';
import { ConfigError } from '@tillstream/config';
import type { StreamDefinition } from '@tillstream/contracts';
import type { GroupConsumer, PartitionSource, PartitionTask, TaskMeter, TaskPorts } from '@tillstream/engine';
import { PartitionSupervisor, StreamWorker, silentTelemetry } from '@tillstream/engine';
import type { Service, ServiceLogger } from '@tillstream/nest-runtime';
import { systemClock, systemRandom } from '@tillstream/nest-runtime';
import { kafkaOptions } from './kafka-options';
import { checkStreams } from './startup-checks';
import type { WorkerConfig } from './worker-config';
import type { WorkerFace } from './worker-face';

const RETRY_MS = 1_000;
/** Each task stops reading long before; this only keeps a mistake of theirs from taking all memory. */
const MAX_PENDING_BYTES = 512 * 1024 * 1024;

/** What sets one service that works on partitions apart from another. */
export interface WorkerKind {
  readonly name: string;
  readonly defaultHttpPort: number;
  /** What it answers; absent: nothing. */
  readonly face?: WorkerFace;
  /** The topics whose partitions are shared by the replicas; none: there is nothing to do for this stream. */
  inputs(definition: StreamDefinition): readonly string[];
  open(
    ports: TaskPorts,
    definition: StreamDefinition,
    source: PartitionSource,
    consumer: GroupConsumer,
  ): Promise<PartitionTask>;
}

/** How a worker is seen from outside. */
export interface WorkerTelemetry {
  readonly meter: TaskMeter;
  readonly logger: ServiceLogger;
  /** Without it no record is looked at for the context of its producer. */
  readonly isTraced: boolean;
}

/** Composes a worker from the real log and store. It joins its groups only when the topics and the store are in order. */
export function createWorker(
  kind: WorkerKind,
  config: WorkerConfig,
  { meter, logger, isTraced }: WorkerTelemetry,
): Service {
  const kafka = kafkaOptions(config.kafka, `tillstream-${kind.name}`, logger);
  const writer = new KafkaLogWriter({ ...kafka, maxPendingBytes: MAX_PENDING_BYTES });
  const reader = new KafkaLogReader(kafka);
  const connect = () => connectRedis({ url: config.redisUrl, logger });
  const redis = connect();
  const store = new RedisCheckpointStore(redis, { connect });
  const consumers: KafkaGroupConsumer[] = [];
  const members = config.definitions.flatMap((definition) => {
    const inputs = kind.inputs(definition);
    if (inputs.length === 0) return [];
    const { stream } = definition.schema;
    const groupId = `${stream}.${kind.name}`;
    const ports: TaskPorts = {
      writer,
      reader,
      store,
      clock: systemClock,
      random: systemRandom,
      telemetry: {
        meter,
        tracer: isTraced ? createBatchTracer(groupId) : silentTelemetry.tracer,
        log: {
          info: (message, fields) => logger.info(fields, message),
          warn: (message, fields) => logger.warn(fields, message),
        },
      },
    };
    const consumer = new KafkaGroupConsumer({
      ...kafka,
      groupId,
      topics: inputs,
      sessionTimeoutMs: config.sessionTimeoutMs,
      ...(config.service.http.port === 0 ? {} : { instance: `${hostname()}:${config.service.http.port}` }),
      onFailure: (error) => logger.error({ error, groupId }, 'group_refused_this_member'),
    });
    consumers.push(consumer);
    const supervisor = new PartitionSupervisor(ports, (source) => kind.open(ports, definition, source, consumer));
    return { stream, consumer, supervisor };
  });
  const worker = new StreamWorker(members);
  let started = false;
  let draining = false;

  const check = async (): Promise<void> => {
    const [topics, server] = await Promise.all([checkStreams(kafka, reader, config.definitions), verifyRedis(redis)]);
    const told = (severity: string): string[] =>
      server.filter((problem) => problem.severity === severity).map(({ message, remedy }) => `${message}. ${remedy}`);
    for (const warning of [...topics.warnings, ...told('warning')]) logger.warn({ warning }, 'startup_warning');
    const problems = [...topics.problems, ...told('error')];
    if (problems.length > 0) throw new ConfigError(problems);
  };

  return {
    readinessChecks: [
      { name: 'start', check: () => (started ? null : 'waiting for Kafka and Redis') },
      {
        name: 'groups',
        check: () => (consumers.every(({ isMember }) => isMember) ? null : 'not a member of its consumer group'),
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
          return;
        } catch (error) {
          if (error instanceof ConfigError) throw error;
          logger.warn({ error }, 'start_waits_for_kafka_and_redis');
          await systemClock.sleep(RETRY_MS);
        }
      }
    },
    drain: async () => {
      draining = true;
      if (started) await worker.stop();
    },
    close: async () => {
      await Promise.all([writer.close(), reader.close()]);
      store.close();
      redis.disconnect();
    },
  };
}
