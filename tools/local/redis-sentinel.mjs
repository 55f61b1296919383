import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { endStale, launch } from './child.mjs';
import { freePort, waitUntil } from './ports.mjs';
import { redisCommand, startRedis } from './redis.mjs';
import { must, tell, tellMuch } from './redis-talk.mjs';

/** What the Sentinels call the master. */
const MASTER = 'checkpoints';
/** After this long without an answer the master counts as failed. */
const DOWN_AFTER_MS = 1_000;
const SENTINELS = 3;

/**
 * A master, its replica and Sentinels that watch them.
 *
 * @typedef {object} RedisSentinels
 * @property {string} addresses of the Sentinels, separated by commas
 * @property {string} master its name
 * @property {import('./redis.mjs').Redis[]} servers the master first, as they were started
 * @property {() => Promise<number>} masterPort where the Sentinels say that the master is
 * @property {() => Promise<void>} stop
 */

/**
 * Starts two servers, one a replica of the other, and Sentinels that put the one in the other's place when it fails.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @returns {Promise<RedisSentinels>}
 */
export async function startRedisSentinels({ dataDir }) {
  /** @type {{ stop(): Promise<void> }[]} */
  const running = [];
  const stop = async () => void (await Promise.all(running.map((server) => server.stop())));
  try {
    const master = await startRedis({ dataDir: join(dataDir, 'redis-1') });
    running.push(master);
    const replica = await startRedis({ dataDir: join(dataDir, 'redis-2') });
    running.push(replica);
    await must(replica.port, `REPLICAOF 127.0.0.1 ${master.port}`);
    await eventually('the replica to have a copy', async () =>
      (await tellMuch(replica.port, 'INFO replication')).includes('master_link_status:up'),
    );
    const ports = await Promise.all(
      Array.from({ length: SENTINELS }, async (_, index) => {
        const sentinel = await startSentinel(join(dataDir, `sentinel-${index + 1}`), master.port);
        running.push(sentinel);
        return sentinel.port;
      }),
    );
    for (const port of ports) {
      await eventually('the Sentinels to know each other', async () =>
        (await tell(port, `SENTINEL CKQUORUM ${MASTER}`)).startsWith(`+OK ${SENTINELS} usable`),
      );
      await eventually('the Sentinels to know the replica', async () =>
        (await tell(port, `SENTINEL REPLICAS ${MASTER}`)).startsWith('*1'),
      );
    }
    return {
      addresses: ports.map((port) => `127.0.0.1:${port}`).join(','),
      master: MASTER,
      servers: [master, replica],
      masterPort: async () => {
        const info = await tellMuch(ports[0] ?? 0, 'INFO sentinel');
        return Number(/address=[^,]*:(\d+)/.exec(info)?.[1]);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * @param {string} dataDir
 * @param {number} masterPort
 */
async function startSentinel(dataDir, masterPort) {
  const directory = resolve(dataDir);
  const pidFile = join(directory, 'sentinel.pid.json');
  const settings = join(directory, 'sentinel.conf');
  const port = await freePort();
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  // A Sentinel writes what it learns into this file.
  await writeFile(
    settings,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${MASTER} 5000`,
    ].join('\n'),
  );
  const logFile = join(directory, 'sentinel.log');
  const child = await launch({ ...(await redisCommand([settings, '--sentinel'], directory)), logFile, pidFile });
  try {
    await eventually('a Sentinel', async () => (await tell(port, 'PING')).includes('PONG'));
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { ...child, port };
}

/**
 * @param {string} what
 * @param {() => Promise<boolean>} isReady
 */
function eventually(what, isReady) {
  return waitUntil({ what, isReady, whyHopeless: () => undefined, timeoutMs: 30_000 });
}
