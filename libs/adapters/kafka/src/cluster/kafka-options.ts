import type { ConnectionOptions } from 'node:tls';
import type { ISocketFactory, SASLOptions } from 'kafkajs';

/** Where log messages go: constant texts with fields. Any pino logger will do. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What brokers are asked for. */
export const KAFKA_OPERATIONS = ['metadata', 'produce', 'fetch', 'offsets', 'group'] as const;

export type KafkaOperation = (typeof KAFKA_OPERATIONS)[number];

/** How to reach a cluster. */
export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly ssl?: ConnectionOptions | boolean;
  readonly sasl?: SASLOptions;
  /** Default 1,000. */
  readonly connectionTimeoutMs?: number;
  /** After this long without an answer a request counts as lost. Default 10,000. */
  readonly requestTimeoutMs?: number;
  readonly logger?: KafkaLogger;
  /** Told each time a broker refused something or did not answer; what can be asked again is. */
  readonly onRequestFailed?: (operation: KafkaOperation) => void;
  /** Opens connections, for example through a proxy. */
  readonly socketFactory?: ISocketFactory;
}

export const DEFAULT_CONNECTION_TIMEOUT_MS = 1_000;
export const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
