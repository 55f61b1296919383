import type { ConnectionOptions } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

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

/** As whom to log in. */
export interface KafkaLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  /** Asked for each connection. */
  readonly password: () => string;
}

/** How to reach a cluster. */
export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string;
  /** What to open a TLS connection with, asked for each. Null, the default: none is TLS. */
  readonly tls?: (() => ConnectionOptions) | null;
  /** Null, the default: nobody logs in. */
  readonly sasl?: KafkaLogin | null;
  /** Default 1,000, with TLS 5,000. */
  readonly connectionTimeoutMs?: number;
  /** After this long without an answer a request counts as lost. Default 10,000. */
  readonly requestTimeoutMs?: number;
  readonly logger?: KafkaLogger;
  /** Told each time a broker refused something or did not answer; what can be asked again is. */
  readonly onRequestFailed?: (operation: KafkaOperation) => void;
  /** Opens connections, for example through a proxy. */
  readonly socketFactory?: ISocketFactory;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
