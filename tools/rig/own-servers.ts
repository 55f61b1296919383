import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, startRedis } from '@tillstream/local';
import type { Broker } from '../local/kafka.mjs';
import type { Redis } from '../local/redis.mjs';

/** A broker and a Redis of a run's own. */
export interface OwnServers<Store = Redis> {
  readonly broker: Broker;
  readonly store: Store;
  /** Ends both, and removes what they kept. */
  stop(): Promise<void>;
}

/** A Redis that runs, in the form in which the run wants it. */
export interface OpenedStore<Store> {
  readonly store: Store;
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts both and names them in the environment, where `Platform` looks for them.
 *
 * @param openStore starts the Redis that keeps what it holds in the directory
 * @param brokerProperties beside the usual ones; they win
 */
export async function startServersWith<Store>(
  openStore: (dataDir: string) => Promise<OpenedStore<Store>>,
  brokerProperties: Readonly<Record<string, string>> = {},
): Promise<OwnServers<Store>> {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-servers-'));
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const broker = await startBroker({ dataDir: join(directory, 'kafka'), properties: { ...brokerProperties } });
    running.push(broker);
    const opened = await openStore(join(directory, 'redis'));
    running.push(opened);
    const restore = setEnvironment({ KAFKA_BROKERS: broker.address, REDIS_URL: opened.url });
    return {
      broker,
      store: opened.store,
      stop: async () => {
        restore();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** With a plain Redis. @param brokerProperties beside the usual ones; they win */
export function startOwnServers(brokerProperties: Readonly<Record<string, string>> = {}): Promise<OwnServers> {
  return startServersWith(async (dataDir) => {
    const redis = await startRedis({ dataDir });
    return { store: redis, url: redis.address, stop: () => redis.stop() };
  }, brokerProperties);
}

/** Lends a broker and a Redis of their own to `work`; a platform started meanwhile uses them. */
export async function withOwnServers<T>(work: (servers: OwnServers) => Promise<T>): Promise<T> {
  const servers = await startOwnServers();
  try {
    return await work(servers);
  } finally {
    await servers.stop();
  }
}

/** @returns what puts back the values that were there before */
function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
