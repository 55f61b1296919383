import { KafkaLogReader } from '@tillstream/adapter-kafka';
import { RedisCheckpointStore, openRedis } from '@tillstream/adapter-redis';
import { keepFailedCall } from '@tillstream/adapter-telemetry';
import type { StreamDefinition } from '@tillstream/contracts';
import { protoRoot } from '@tillstream/contracts';
import { followKeys, KeyLimits } from '@tillstream/doors';
import type { CheckpointStore, DefinitionHistory } from '@tillstream/engine';
import { readDefinitions } from '@tillstream/engine';
import { createKeyGate, ReadKeys, systemClock } from '@tillstream/nest-runtime';
import type { GrpcServerOptions, GrpcService, ServiceLogger, UnexpectedErrorListener } from '@tillstream/nest-runtime';
import { explainingRedis } from './explained';
import { kafkaOptions } from './kafka-options';
import type { WorkerConfig } from './worker-config';

/** What a face answers from. */
export interface FaceParts {
  readonly definitions: readonly StreamDefinition[];
  /** On a connection of its own: questions do not wait for checkpoints, nor these for them. */
  readonly store: Pick<CheckpointStore, 'readField'>;
  /** The stream files that were put live since the one that the service was started with. */
  readonly readHistory: (file: StreamDefinition) => Promise<DefinitionHistory>;
  readonly keys: ReadKeys;
  readonly onUnexpected: UnexpectedErrorListener;
}

/** What a worker answers over gRPC beside its work: from the checkpoints of all tasks, whichever replica has them. */
export interface WorkerFace {
  readonly defaultGrpcPort: number;
  /** Relative to the directory of the protos. */
  readonly protoFiles: readonly string[];
  services(parts: FaceParts): readonly GrpcService[];
}

/** A face that can be shown. */
export interface OpenFace {
  readonly grpc: GrpcServerOptions;
  close(): Promise<void>;
}

/** @param name of the service, for its brokers */
export function openFace(name: string, face: WorkerFace, config: WorkerConfig, logger: ServiceLogger): OpenFace {
  const redis = openRedis(config.redis, explainingRedis(logger)).commands;
  const reader = new KafkaLogReader(kafkaOptions(config.kafka, `tillstream-${name}`, logger));
  const keys = followKeys(config.keys, logger);
  const services = face.services({
    keys: new ReadKeys(keys.ring, () => systemClock.nowMs()),
    definitions: config.definitions,
    store: new RedisCheckpointStore(redis),
    readHistory: (file) => readDefinitions(reader, file),
    onUnexpected: (method, error) => {
      logger.error({ method, error }, 'call_failed');
      keepFailedCall(method, error);
    },
  });
  const gate = createKeyGate({
    ring: keys.ring,
    limits: new KeyLimits(),
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs(),
  });
  const { host } = config.service.http;
  return {
    grpc: {
      host,
      port: config.grpcPort,
      protoRoot: protoRoot(),
      protoFiles: face.protoFiles,
      services,
      interceptors: [gate],
    },
    close: async () => {
      keys.stop();
      redis.disconnect();
      await reader.close();
    },
  };
}
