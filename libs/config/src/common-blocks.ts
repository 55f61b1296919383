import { serverTls, serverTlsVariables, type TlsFiles } from './tls-variables';
import { addresses, flag, list, oneOf, port, text, url, wholeNumber } from './parsers';
import type { Rule, Values } from './parse-environment';

/** The rest of the shutdown is for closing connections; the rest of the drain for what was begun during the notice. */
const DRAINED_BY = 0.8;
const NOTICED_BY = 0.5;

/** What every service reads. */
export const serviceVariables = {
  HTTP_HOST: text.default('0.0.0.0'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** After a signal the process ends within this, whatever it is doing. */
  SHUTDOWN_TIMEOUT_MS: wholeNumber({ min: 100 }).default(25_000),
  /** After a signal what is under way gets this long in all; then the rest is cut off. At most four fifths of SHUTDOWN_TIMEOUT_MS. */
  DRAIN_TIMEOUT_MS: wholeNumber({ min: 100 }).default(4_500),
  /** So long a service that stops still takes calls, so that whoever sends them here hears of it. At most half of the drain. */
  DRAIN_NOTICE_MS: wholeNumber({ min: 0 }).default(1_000),
  ...serverTlsVariables,
};

export interface ServiceConfig {
  readonly http: { readonly host: string; readonly port: number; readonly tls: TlsFiles | null };
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** From the signal to the end of the process, at most. */
  readonly shutdownTimeoutMs: number;
  readonly drain: DrainTimes;
}

/** How a service stops taking work. Both times begin with the signal. */
export interface DrainTimes {
  /** What is under way by then is cut off. */
  readonly timeoutMs: number;
  /** Until then calls are taken as before, by callers who have not heard yet that they are to go elsewhere. */
  readonly noticeMs: number;
}

/** HTTP_PORT, with the service's own default. */
export const httpPort = (byDefault: number) => ({ HTTP_PORT: port.default(byDefault) });

/** GRPC_PORT, with the service's own default. gRPC listens on HTTP_HOST. */
export const grpcPort = (byDefault: number) => ({ GRPC_PORT: port.default(byDefault) });

export function serviceConfig(values: Values<typeof serviceVariables> & { readonly HTTP_PORT: number }): ServiceConfig {
  const timeoutMs = Math.min(values.DRAIN_TIMEOUT_MS, values.SHUTDOWN_TIMEOUT_MS * DRAINED_BY);
  return {
    http: { host: values.HTTP_HOST, port: values.HTTP_PORT, tls: serverTls(values) },
    logLevel: values.LOG_LEVEL,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    drain: { timeoutMs, noticeMs: Math.min(values.DRAIN_NOTICE_MS, timeoutMs * NOTICED_BY) },
  };
}

export const kafkaVariables = {
  KAFKA_BROKERS: addresses,
  KAFKA_SSL: flag.default(false),
  KAFKA_SASL_MECHANISM: oneOf(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: text.optional(),
  KAFKA_SASL_PASSWORD: text.optional(),
};

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

/** SASL needs all three of its variables or none. */
export const kafkaRule: Rule<typeof kafkaVariables> = (values) => {
  const names = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === 0 || missing.length === names.length) return [];
  return missing.map((name) => `${name} must be set, because other KAFKA_SASL_ variables are`);
};

export function kafkaConfig(values: Values<typeof kafkaVariables>): KafkaConfig {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  const complete = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    brokers: values.KAFKA_BROKERS,
    ssl: values.KAFKA_SSL,
    sasl: complete ? { mechanism, username, password } : null,
  };
}

export const redisVariables = { REDIS_URL: url(['redis', 'rediss']) };

/** STREAM_FILES: paths of the stream files, separated by commas. */
export const streamVariables = { STREAM_FILES: list };
