import type { Environment, KafkaConfig, ServiceConfig } from '@tillstream/config';
import {
  ConfigError,
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  parseEnvironment,
  redisVariables,
  serviceConfig,
  serviceVariables,
  streamVariables,
  wholeNumber,
} from '@tillstream/config';
import type { StreamDefinition } from '@tillstream/contracts';
import { readStreamFiles } from '@tillstream/contracts';

/** What a service that works on partitions is told. */
export interface WorkerConfig {
  readonly service: ServiceConfig;
  /** Of what it answers, if it does. */
  readonly grpcPort: number;
  readonly kafka: KafkaConfig;
  readonly redisUrl: string;
  readonly sessionTimeoutMs: number;
  readonly definitions: readonly StreamDefinition[];
}

/** The ports of a service unless its environment says others. */
export interface DefaultPorts {
  readonly http: number;
  /** 0 for those that answer nothing. */
  readonly grpc: number;
}

/** @throws ConfigError with every problem of the environment, or else of the stream files it names. */
export function loadWorkerConfig(environment: Environment, ports: DefaultPorts): WorkerConfig {
  const variables = {
    ...serviceVariables,
    ...httpPort(ports.http),
    ...grpcPort(ports.grpc),
    ...kafkaVariables,
    ...redisVariables,
    ...streamVariables,
    /** The group gives a silent replica's partitions to others after this long. The broker sets a lower bound. */
    KAFKA_SESSION_TIMEOUT_MS: wholeNumber({ min: 1_000 }).default(10_000),
  };
  const values = parseEnvironment(variables, environment, [kafkaRule]);
  const streams = readStreamFiles(values.STREAM_FILES);
  if (!streams.ok) throw new ConfigError(streams.problems);
  return {
    service: serviceConfig(values),
    grpcPort: values.GRPC_PORT,
    kafka: kafkaConfig(values),
    redisUrl: values.REDIS_URL,
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS,
    definitions: streams.definitions,
  };
}
