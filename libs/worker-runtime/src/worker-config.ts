import type { Environment, KafkaConfig, RedisConfig, ServiceConfig } from '@tillstream/config';
import {
  ConfigError,
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  parseEnvironment,
  readKeysRule,
  readKeyVariables,
  redisConfig,
  redisRule,
  redisVariables,
  serverTlsRule,
  serviceConfig,
  serviceVariables,
  streamVariables,
  wholeNumber,
} from '@tillstream/config';
import type { StreamDefinition } from '@tillstream/contracts';
import { readStreamFiles } from '@tillstream/contracts';
import { readKeySources, type KeySources } from '@tillstream/doors';

/** What a service is told that reads partitions of the log. */
export interface LogWorkerConfig {
  readonly service: ServiceConfig;
  readonly kafka: KafkaConfig;
  readonly sessionTimeoutMs: number;
  readonly slowBatchMs: number;
  readonly definitions: readonly StreamDefinition[];
}

/** What a service that works on partitions is told, with its checkpoints in Redis. */
export interface WorkerConfig extends LogWorkerConfig {
  /** Of what it answers, if it does. */
  readonly grpcPort: number;
  /** Of those who ask it. */
  readonly keys: KeySources;
  readonly redis: RedisConfig;
}

/** The ports of a service unless its environment says others. */
export interface DefaultPorts {
  readonly http: number;
  /** 0 for those that answer nothing. */
  readonly grpc: number;
}

/** What a service takes that reads partitions of the log. */
export const logWorkerVariables = (http: number) => ({
  ...serviceVariables,
  ...httpPort(http),
  ...kafkaVariables,
  ...streamVariables,
  KAFKA_SESSION_TIMEOUT_MS: wholeNumber({ min: 1_000 })
    .default(10_000)
    .describe(
      "The group gives a silent replica's partitions to others after this long. The broker sets a lower bound.",
    ),
  SLOW_BATCH_MS: wholeNumber({ min: 1 })
    .default(5_000)
    .describe('A batch that takes longer is counted and logged as slow.'),
});

/** What a service takes that works on partitions, with its checkpoints in Redis. */
export const workerVariables = (ports: DefaultPorts) => ({
  ...logWorkerVariables(ports.http),
  ...grpcPort(ports.grpc),
  ...readKeyVariables,
  ...redisVariables,
});

/** @throws ConfigError with every problem of the environment, or else of the stream files it names. */
export function loadWorkerConfig(environment: Environment, ports: DefaultPorts): WorkerConfig {
  const variables = workerVariables(ports);
  const values = parseEnvironment(variables, environment, [kafkaRule, redisRule, serverTlsRule, readKeysRule]);
  const config = configOf(values);
  const keys = readKeySources(
    values,
    config.definitions.map(({ schema }) => schema.stream),
  );
  return { ...config, grpcPort: values.GRPC_PORT, keys, redis: redisConfig(values) };
}

/** The same for a service that keeps nothing in Redis. */
export function loadLogWorkerConfig(environment: Environment, defaultHttpPort: number): LogWorkerConfig {
  return configOf(parseEnvironment(logWorkerVariables(defaultHttpPort), environment, [kafkaRule, serverTlsRule]));
}

function configOf(
  values: Parameters<typeof serviceConfig>[0] &
    Parameters<typeof kafkaConfig>[0] & {
      readonly STREAM_FILES: readonly string[];
      readonly KAFKA_SESSION_TIMEOUT_MS: number;
      readonly SLOW_BATCH_MS: number;
    },
): LogWorkerConfig {
  const streams = readStreamFiles(values.STREAM_FILES);
  if (!streams.ok) throw new ConfigError(streams.problems);
  return {
    service: serviceConfig(values),
    kafka: kafkaConfig(values),
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS,
    slowBatchMs: values.SLOW_BATCH_MS,
    definitions: streams.definitions,
  };
}
