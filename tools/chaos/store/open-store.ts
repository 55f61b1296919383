import { connectRedis } from '@tillstream/adapter-redis';
import { freePort, startRedis } from '@tillstream/local';
import type { StoreControl } from '../fault';
import { RedisProxy } from './redis-proxy';

/** A Redis of one run's own, behind a proxy that can hold its commands back. */
export interface LocalStore extends StoreControl {
  readonly url: string;
  readonly pid: number;
  /** What the services talk to. */
  readonly proxy: RedisProxy;
}

/**
 * Starts a Redis that keeps an append-only file, written to the disk once a second, and evicts nothing. Its address
 * stays the same however often it dies.
 */
export async function openStore(dataDir: string): Promise<LocalStore> {
  const innerPort = await freePort();
  const start = () => startRedis({ dataDir, port: innerPort });
  let server = await start();
  const proxy = await RedisProxy.start(innerPort);
  const direct = connectRedis({ url: server.address });
  return {
    url: proxy.url,
    port: proxy.port,
    dataDir,
    proxy,
    get pid() {
      return server.pid;
    },
    isRunning: () => server.isRunning(),
    kill: () => server.kill(),
    start: async () => {
      server = await start();
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    command: (name, ...args) => direct.call(name, ...args),
    delayCommands: (byMs) => proxy.delay(() => byMs),
    close: async () => {
      direct.disconnect();
      await proxy.stop();
      await server.kill('SIGCONT');
      await server.stop();
    },
  };
}
