import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join, resolve } from 'node:path';

import { cacheDirectory } from './cache.mjs';
import { launch } from './child.mjs';
import { freePort, waitUntil } from './ports.mjs';

export const KUBERNETES_VERSION = 'v1.36.3';
/** In the cache. */
export const KUBERNETES_DIRECTORY = `kubernetes-${KUBERNETES_VERSION}`;
const NAMES = ['etcd', 'kubernetes', 'kwok', 'stages'];
const LOOPBACK = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;

/**
 * A Kubernetes with a real API server, controllers and scheduler, and simulated nodes: pods are scheduled and run, but no containers.
 *
 * @typedef {object} Kubernetes
 * @property {string} kubeconfig the path of a file that gives all rights
 * @property {(method: string, path: string, body?: unknown) => Promise<{ status: number, body: unknown }>} ask sends a request to the API server
 * @property {() => Promise<void>} stop
 */

/** @returns {string | null} where `kubernetes-build.mjs` has put it; null when it has not been built */
export function findKubernetes() {
  const directory = join(cacheDirectory(), KUBERNETES_DIRECTORY);
  return NAMES.every((name) => existsSync(join(directory, name))) ? directory : null;
}

/**
 * Starts one with a single node, and resolves when that is ready.
 *
 * @param {{ dataDir: string }} options
 * @returns {Promise<Kubernetes>}
 * @throws {Error} naming the remedy when it has not been built
 */
export async function startKubernetes({ dataDir }) {
  const programs = findKubernetes();
  if (programs === null) throw new Error('Kubernetes has not been built: node tools/local/kubernetes-build.mjs');
  const directory = resolve(dataDir);
  await mkdir(directory, { recursive: true });
  const token = randomBytes(24).toString('hex');
  const [etcd, peers, api, controllers, scheduler] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const kubeconfig = await writeFiles(directory, token, api);
  /** @type {import('./child.mjs').Child[]} */
  const children = [];
  const stop = async () => {
    for (const child of children.reverse()) await child.stop({ timeoutMs: 5_000 });
  };
  const start = async (/** @type {string} */ name, /** @type {string} */ program, /** @type {string[]} */ args) => {
    const logFile = join(directory, `${name}.log`);
    const child = await launch({ command: join(programs, program), args, logFile, cwd: directory });
    children.push(child);
    return { child, logFile };
  };
  /** @type {Kubernetes['ask']} */
  const ask = (method, path, body) => send({ port: api, token, method, path, body });
  try {
    const url = (/** @type {number} */ port) => `http://${LOOPBACK}:${port}`;
    await start('etcd', 'etcd', [
      ...['--data-dir', 'etcd', '--unsafe-no-fsync'],
      ...['--listen-client-urls', url(etcd), '--advertise-client-urls', url(etcd)],
      ...['--listen-peer-urls', url(peers), '--initial-advertise-peer-urls', url(peers)],
      ...['--initial-cluster', `default=${url(peers)}`],
    ]);
    const { child, logFile } = await start('apiserver', 'kubernetes', [
      ...['apiserver', `--etcd-servers=${url(etcd)}`, `--secure-port=${api}`, `--bind-address=${LOOPBACK}`],
      ...['--cert-dir=certs', '--token-auth-file=tokens.csv', '--authorization-mode=AlwaysAllow'],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--service-account-key-file=sa.pub'],
      ...['--service-account-signing-key-file=sa.key', '--service-cluster-ip-range=10.0.0.0/24'],
    ]);
    await waitUntil({
      what: 'the API server',
      isReady: async () => (await ask('GET', '/readyz')).status === 200,
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: START_TIMEOUT_MS,
    });
    await start('controllers', 'kubernetes', [
      ...[
        'controllers',
        '--kubeconfig=kubeconfig',
        '--leader-elect=false',
        '--service-account-private-key-file=sa.key',
      ],
      ...[`--secure-port=${controllers}`, `--bind-address=${LOOPBACK}`, '--cert-dir=certs-controllers'],
      // A busy machine is late with a heartbeat: that is no reason to give its pods up.
      '--node-monitor-grace-period=10m',
    ]);
    await start('scheduler', 'kubernetes', [
      ...['scheduler', '--kubeconfig=kubeconfig', '--leader-elect=false'],
      ...[`--secure-port=${scheduler}`, `--bind-address=${LOOPBACK}`, '--cert-dir=certs-scheduler'],
    ]);
    const stages = readdirSync(join(programs, 'stages')).map((file) => `--config=${join(programs, 'stages', file)}`);
    await start('kwok', 'kwok', [
      '--kubeconfig=kubeconfig',
      '--manage-all-nodes=true',
      '--node-lease-duration-seconds=40',
      '--server-address=',
      ...stages,
    ]);
    await createNode(ask);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubeconfig, ask, stop };
}

/**
 * @param {string} directory
 * @param {string} token
 * @param {number} port
 * @returns {Promise<string>} the path of a kubeconfig
 */
async function writeFiles(directory, token, port) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  await writeFile(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const path = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server: `https://${LOOPBACK}:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
    'current-context': 'local',
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** @param {Kubernetes['ask']} ask */
async function createNode(ask) {
  const labels = { 'kubernetes.io/hostname': 'simulated', 'kubernetes.io/arch': 'amd64' };
  const resources = { cpu: '64', memory: '256Gi', pods: '200' };
  const status = { allocatable: resources, capacity: resources };
  await ask('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'simulated', labels },
    status,
  });
  await waitUntil({
    what: 'the node',
    isReady: async () => {
      const { body } = await ask('GET', '/api/v1/nodes/simulated');
      const { status } = /** @type {{ status?: { conditions?: { type: string, status: string }[] } }} */ (body);
      return (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
    },
    whyHopeless: () => undefined,
    timeoutMs: START_TIMEOUT_MS,
  });
}

/**
 * The server has signed its certificate itself: nobody but this machine is asked, so that is not looked at.
 *
 * @param {{ port: number, token: string, method: string, path: string, body: unknown }} asked
 * @returns {Promise<{ status: number, body: unknown }>}
 */
function send({ port, token, method, path, body }) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const options = { host: LOOPBACK, port, method, path, headers, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.includes('json');
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
