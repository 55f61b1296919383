import { Redis } from 'ioredis';

/** Where log messages go: constant texts with fields. Any pino logger will do. */
export interface RedisLogger {
  warn(fields: object, message: string): void;
}

export interface RedisConnectionOptions {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  /** A command without an answer is rejected after this long, connected or not. Default 5,000. */
  readonly commandTimeoutMs?: number;
  /** Default 2,000. */
  readonly connectTimeoutMs?: number;
  readonly logger?: RedisLogger;
}

/**
 * Connects in the background and comes back by itself, from 50 ms to two seconds after a failure. A command that was
 * sent when the connection broke is sent again; one that has timed out may still be carried out later.
 */
export function connectRedis({
  url,
  commandTimeoutMs = 5_000,
  connectTimeoutMs = 2_000,
  logger,
}: RedisConnectionOptions): Redis {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(2_000, 50 * 2 ** Math.min(attempt - 1, 6)),
  });
  redis.on('error', (err: Error) => logger?.warn({ err }, 'redis_connection_failed'));
  return redis;
}
