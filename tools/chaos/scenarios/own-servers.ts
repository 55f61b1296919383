import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '@tillstream/local';
import type { LocalStore } from '../store';
import { openStore } from '../store';

/** A broker and a Redis of one scenario's own. */
export interface OwnServers {
  readonly broker: Awaited<ReturnType<typeof startBroker>>;
  readonly store: LocalStore;
  stop(): Promise<void>;
}

/** Starts both and names them in the environment, where `Platform` looks for them. */
export async function startOwnServers(): Promise<OwnServers> {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-scenario-'));
  const broker = await startBroker({ dataDir: join(directory, 'kafka') });
  const store = await openStore(join(directory, 'redis'));
  const before = { KAFKA_BROKERS: process.env['KAFKA_BROKERS'], REDIS_URL: process.env['REDIS_URL'] };
  process.env['KAFKA_BROKERS'] = broker.address;
  process.env['REDIS_URL'] = store.url;
  return {
    broker,
    store,
    stop: async () => {
      await Promise.all([broker.stop(), store.close()]);
      rmSync(directory, { recursive: true, force: true });
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
