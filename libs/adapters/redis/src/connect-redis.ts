import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { serverAt, type RedisPlace, type RedisServer } from './redis-server';

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

const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
const SLOTS_TIMEOUT_MS = 2_000;

const backoff = (attempt: number): number => Math.min(2_000, 50 * 2 ** Math.min(attempt - 1, 6));

/**
 * Connects to one server in the background and comes back by itself, from 50 ms to two seconds after a failure. A command that
 * was sent when the connection broke is sent again; one that has timed out may still be carried out later.
 */
export function connectRedis({ url, logger, ...timeouts }: RedisConnectionOptions): Redis {
  const redis = connectServer(serverAt(url), timeouts);
  redis.on('error', (err: Error) => logger?.warn({ err }, 'redis_connection_failed'));
  return redis;
}

/** The resp3 shapes of replies are not for us. */
type Options = Omit<RedisOptions, 'replyMapping'>;

type Timeouts = Pick<RedisConnectionOptions, 'commandTimeoutMs' | 'connectTimeoutMs'>;

/** To one server, or to the master that Sentinels know. */
export function connectServer(server: RedisServer, timeouts: Timeouts = {}): Redis {
  const redis = new Redis({
    ...commonOptions(server, timeouts),
    ...placeOptions(server.at),
    ...(server.at.kind === 'sentinel' && server.tls
      ? { enableTLSForSentinelMode: true, sentinelTLS: tlsOf(server.tls) }
      : {}),
    db: server.database,
    maxRetriesPerRequest: null,
    retryStrategy: backoff,
    lazyConnect: true,
  });
  askForPassword(redis.options, server.password);
  redis.connect().catch(() => undefined); // tried again until it is closed
  return redis;
}

/** To all nodes of a Cluster, whichever they are at the time. */
export function connectCluster(nodes: readonly { host: string; port: number }[], server: RedisServer): Cluster {
  const redisOptions = commonOptions(server, {});
  askForPassword(redisOptions, server.password);
  return new Cluster([...nodes], {
    clusterRetryStrategy: backoff,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    redisOptions,
  });
}

function commonOptions(
  { username, tls }: RedisServer,
  { commandTimeoutMs = COMMAND_TIMEOUT_MS, connectTimeoutMs = CONNECT_TIMEOUT_MS }: Timeouts,
): Options {
  return {
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    ...(username === null ? {} : { username }),
    ...(tls === null ? {} : { tls: tlsOf(tls) }),
  };
}

function placeOptions(at: RedisPlace): Options {
  if (at.kind === 'cluster') throw new RangeError('a Cluster is no single server');
  if (at.kind === 'single') return { ...at.node };
  const { sentinels, master, username, password } = at;
  return {
    sentinels: [...sentinels],
    name: master,
    sentinelRetryStrategy: backoff,
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(password === null ? {} : { sentinelPassword: password }),
  };
}

/** ioredis looks at the password whenever it logs in. */
function askForPassword(options: Options, password: (() => string) | null): void {
  if (password !== null) Object.defineProperty(options, 'password', { enumerable: true, get: password });
}

/** ioredis copies what stands in these options for each connection: the copy has what the files hold by then. */
function tlsOf(tls: NonNullable<RedisServer['tls']>): NonNullable<RedisOptions['tls']> {
  const options = {};
  for (const name of ['ca', 'cert', 'key', 'servername'] as const) {
    Object.defineProperty(options, name, { enumerable: true, get: () => tls()[name] });
  }
  return options;
}
