import { Cluster, type Redis } from 'ioredis';
import { connectCluster, connectServer, type RedisLogger } from './connect-redis';
import type { RedisServer } from './redis-server';

/** What is asked of Redis, one server or a Cluster. */
export type RedisCommands = Pick<Redis, 'callBuffer' | 'hgetallBuffer' | 'hscanBuffer' | 'lrangeBuffer' | 'disconnect'>;

/** A connection to wherever checkpoints are kept. */
export interface RedisConnection {
  readonly commands: RedisCommands;
  readonly isCluster: boolean;
  /** Each server that takes writes; one, unless it is a Cluster. @throws what keeps them from being reached */
  masters(): Promise<readonly Redis[]>;
  /** Why there is no connection at the moment; null where there is one, or nothing is known yet. */
  trouble(): Error | null;
}

const TIMEOUT_MS = 5_000;

/**
 * Connects in the background, and comes back by itself, to a server, a Cluster or the master of Sentinels. A command without an
 * answer is rejected after five seconds, connected or not.
 */
export function openRedis(server: RedisServer, logger?: RedisLogger): RedisConnection {
  const { at } = server;
  const redis = at.kind === 'cluster' ? connectCluster(at.nodes, server) : connectServer(server);
  const trouble = watch(redis, logger);
  if (!(redis instanceof Cluster)) {
    return { commands: redis, isCluster: false, trouble, masters: () => Promise.resolve([redis]) };
  }
  return {
    commands: timed(redis, trouble),
    isCluster: true,
    trouble,
    masters: async () => {
      await inTime(redis.callBuffer('PING'), trouble);
      return redis.nodes('master');
    },
  };
}

/** A server that is spoken to in the wrong way, without TLS or with it, hangs up without a word. */
function watch(redis: Redis | Cluster, logger: RedisLogger | undefined): () => Error | null {
  let trouble: Error | null = null;
  /** Of the attempt to connect that is under way. */
  let [answered, complained] = [false, false];
  const note = (error: Error): void => {
    trouble = error;
    complained = true;
    logger?.warn({ err: error }, 'redis_connection_failed');
  };
  redis.on('connecting', () => ([answered, complained] = [false, false]));
  redis.on('ready', () => {
    answered = true;
    trouble = null;
  });
  redis.on('error', (error: Error) => note(hungUp(error) ? new Error(HUNG_UP, { cause: error }) : error));
  redis.on('close', () => {
    if (answered) trouble = new Error('Redis closed the connection');
    else if (!complained) note(new Error(HUNG_UP));
  });
  return () => trouble;
}

const HUNG_UP = 'Redis closed the connection before it had answered';

/** A Cluster tells only what became of the last of its nodes. */
function hungUp(error: Error & { readonly lastNodeError?: Error }): boolean {
  return error.lastNodeError?.message === 'Connection is closed.';
}

/** A Cluster keeps commands for as long as no node is there: here they are given up. */
function timed(redis: Cluster, trouble: () => Error | null): RedisCommands {
  return {
    callBuffer: (...args: Parameters<Redis['callBuffer']>) => inTime(redis.callBuffer(...args), trouble),
    hgetallBuffer: (key: string) => inTime(redis.hgetallBuffer(key), trouble),
    hscanBuffer: (...args: Parameters<Redis['hscanBuffer']>) => inTime(redis.hscanBuffer(...args), trouble),
    lrangeBuffer: (key: string, start: number, stop: number) => inTime(redis.lrangeBuffer(key, start, stop), trouble),
    disconnect: () => redis.disconnect(),
  } as RedisCommands;
}

async function inTime<T>(answer: Promise<T>, trouble: () => Error | null): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const cause = trouble();
      reject(new Error('Command timed out', ...(cause === null ? [] : [{ cause }])));
    }, TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, timeUp]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined); // nobody waits for it any more
  }
}
