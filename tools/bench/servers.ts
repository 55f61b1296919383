import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, startRedis } from '@tillstream/local';

/** The broker and the Redis of a measurement. */
export interface Servers {
  readonly broker: { readonly pid: number; readonly address: string };
  readonly redis: { readonly pid: number; readonly address: string };
}

/** Lends a broker and a Redis of their own to `work`; a platform started meanwhile uses them. */
export async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  const broker = await startBroker({ dataDir: join(directory, 'kafka') });
  const redis = await startRedis({ dataDir: join(directory, 'redis') });
  process.env['KAFKA_BROKERS'] = broker.address;
  process.env['REDIS_URL'] = redis.address;
  try {
    return await work({ broker, redis });
  } finally {
    delete process.env['KAFKA_BROKERS'];
    delete process.env['REDIS_URL'];
    await Promise.all([broker.stop(), redis.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}
