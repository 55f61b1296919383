import { join } from 'node:path';

import { freePort, waitUntil } from './ports.mjs';
import { startRedis } from './redis.mjs';
import { must, tell, tellMuch } from './redis-talk.mjs';

const SLOTS = 16_384;
/** After this long without an answer a node counts as failed. */
const NODE_TIMEOUT_MS = 1_000;

/**
 * A Redis Cluster.
 *
 * @typedef {object} RedisCluster
 * @property {string} address URLs of all nodes, separated by commas
 * @property {import('./redis.mjs').Redis[]} masters as it was started
 * @property {import('./redis.mjs').Redis[]} replicas one of each master, in their order
 * @property {() => Promise<void>} stop
 */

/**
 * Starts masters, each with a replica if so wished, that share the slots, and resolves when all are served.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.masters] 3 by default
 * @param {boolean} [options.replicated]
 * @param {Record<string, string>} [options.settings] more settings of each node, by name
 * @returns {Promise<RedisCluster>}
 */
export async function startRedisCluster({ dataDir, masters = 3, replicated = false, settings = {} }) {
  const count = replicated ? 2 * masters : masters;
  const busPorts = [];
  for (let node = 0; node < count; node++) busPorts.push(await freePort());
  const started = await Promise.allSettled(
    busPorts.map((busPort, node) =>
      startRedis({
        dataDir: join(dataDir, `node-${node + 1}`),
        settings: {
          'cluster-enabled': 'yes',
          'cluster-port': String(busPort),
          'cluster-node-timeout': String(NODE_TIMEOUT_MS),
          'cluster-replica-validity-factor': '0',
          ...settings,
        },
      }),
    ),
  );
  const nodes = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));
  try {
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    await assemble(nodes, busPorts, masters);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: nodes.map(({ address }) => address).join(','),
    masters: nodes.slice(0, masters),
    replicas: nodes.slice(masters),
    stop,
  };
}

/**
 * @param {import('./redis.mjs').Redis[]} nodes
 * @param {number[]} busPorts
 * @param {number} masters
 */
async function assemble(nodes, busPorts, masters) {
  const [first] = nodes;
  for (const [index, { port }] of nodes.entries()) {
    if (index >= masters) continue;
    const [from, to] = [index, index + 1].map((share) => Math.floor((share * SLOTS) / masters));
    await must(port, `CLUSTER ADDSLOTSRANGE ${from} ${Number(to) - 1}`);
  }
  for (const [index, { port }] of nodes.entries()) {
    if (first && port !== first.port) await must(first.port, `CLUSTER MEET 127.0.0.1 ${port} ${busPorts[index]}`);
  }
  for (const [index, { port }] of nodes.slice(masters).entries()) {
    const id = (await tellMuch(nodes[index]?.port ?? 0, 'CLUSTER MYID')).trim();
    await eventually(`node ${port} to know its master`, async () =>
      (await tell(port, `CLUSTER REPLICATE ${id}`)).startsWith('+OK'),
    );
  }
  for (const { port } of nodes) {
    await eventually(`node ${port} of the Cluster`, async () => {
      const info = await tellMuch(port, 'CLUSTER INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`);
    });
  }
  for (const { port } of nodes.slice(masters)) {
    await eventually(`replica ${port} to have a copy`, async () =>
      (await tellMuch(port, 'INFO replication')).includes('master_link_status:up'),
    );
  }
}

/**
 * @param {string} what
 * @param {() => Promise<boolean>} isReady
 */
function eventually(what, isReady) {
  return waitUntil({ what, isReady, whyHopeless: () => undefined, timeoutMs: 30_000 });
}
