import { RedisCheckpointStore, openRedis, verifyConnection } from '@tillstream/adapter-redis';
import type { RedisLogger } from '@tillstream/adapter-redis';
import { keptName } from '@tillstream/contracts';
import type { StreamDefinition } from '@tillstream/contracts';
import type { GroupConsumer, PartitionSource, PartitionTask, TaskPorts } from '@tillstream/engine';
import type { Service } from '@tillstream/nest-runtime';
import { systemClock } from '@tillstream/nest-runtime';
import { countedStore } from './counted-store';
import { explained, explainingRedis, redisReason } from './explained';
import type { WorkerGroup, WorkerTelemetry } from './group-worker';
import { createGroupWorker } from './group-worker';
import { lookAtRedis } from './look-at-redis';
import type { WorkerConfig } from './worker-config';
import type { WorkerFace } from './worker-face';

/** What sets one service that works on partitions, with checkpoints in Redis, apart from another. */
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

/** Composes a worker from the real log and store. It joins its groups only when the topics and the store are in order. */
export function createWorker(kind: WorkerKind, config: WorkerConfig, telemetry: WorkerTelemetry): Service {
  const { dependencies, logger } = telemetry;
  const failed = (): void => dependencies.redisFailed();
  const open = () => openRedis(config.redis, countedWarnings(explainingRedis(logger), failed));
  const redis = open();
  dependencies.watchRedis(lookAtRedis(redis.commands, systemClock));
  const store = new RedisCheckpointStore(redis.commands, { connect: () => open().commands });
  const counted = countedStore(store, failed);
  const groups = config.definitions.flatMap((definition): WorkerGroup | [] => {
    const topics = kind.inputs(definition);
    if (topics.length === 0) return [];
    const { stream } = definition.schema;
    return {
      ...{ stream, groupId: `${keptName(definition)}.${kind.name}`, topics },
      open: (ports, source, consumer) => kind.open({ ...ports, store: counted }, definition, source, consumer),
    };
  });
  return createGroupWorker(kind.name, config, telemetry, {
    groups,
    needs: 'Redis',
    check: async () => {
      const server = await explained(redisReason, verifyConnection(redis));
      const told = (severity: string): string[] =>
        server.filter((problem) => problem.severity === severity).map(({ message, remedy }) => `${message}. ${remedy}`);
      return { problems: told('error'), warnings: told('warning') };
    },
    close: async () => {
      store.close();
      redis.commands.disconnect();
    },
  });
}

/** A connection warns each time that it breaks or cannot be made. */
function countedWarnings(logger: RedisLogger, failed: () => void): RedisLogger {
  return {
    warn: (fields: object, message: string) => {
      failed();
      logger.warn(fields, message);
    },
  };
}
