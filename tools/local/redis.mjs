import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { cached } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { isOnPath } from './command.mjs';
import { dockerCommand, hasDocker } from './docker.mjs';
import { copyFromMaven } from './maven.mjs';
import { freePort, waitUntil } from './ports.mjs';
import { tell } from './redis-talk.mjs';
import { readZipEntry } from './zip.mjs';

const ARTIFACT = 'org.signal:embedded-redis:0.9.1';
const VERSION = '7.0.15';
const IMAGE = 'redis:7.0.15-alpine';

/**
 * A running Redis server.
 *
 * @typedef {import('./child.mjs').Child & { address: string, port: number, tlsPort: number, dataDir: string }} Redis
 * `address` is a URL, `redis://127.0.0.1:<port>`; `tlsPort` is 0 without TLS
 */

/**
 * A second port, with TLS. PEM.
 *
 * @typedef {{ ca: string, cert: string, key: string, clientCertificates?: 'yes' | 'no' | 'optional' }} RedisTls
 */

/**
 * Starts a Redis server that keeps what it holds in `dataDir` (append-only file, fsync every second; nothing is ever
 * evicted), and resolves when it answers. A directory may be used again, also after a hard kill.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.port] 0 (the default): a free one
 * @param {Record<string, string>} [options.settings] more settings of Redis, by name
 * @param {RedisTls} [options.tls]
 * @param {readonly string[]} [options.users] as `ACL SETUSER` takes them: `name on >password ~* +@all`
 * @returns {Promise<Redis>}
 */
export async function startRedis({ dataDir, port = 0, settings = {}, tls, users = [] }) {
  const directory = resolve(dataDir);
  const pidFile = join(directory, 'redis.pid.json');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const listenOn = port || (await freePort());
  const tlsPort = tls ? await freePort() : 0;
  const place = { port: String(listenOn), bind: '127.0.0.1', dir: directory };
  const kept = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction', save: '' };
  const told = {
    ...place,
    ...kept,
    ...(tls && (await tlsSettings(tls, tlsPort, directory))),
    ...(await userSettings(users, directory)),
    ...settings,
  };
  const args = Object.entries(told).flatMap(([name, value]) => [`--${name}`, value]);
  const logFile = join(directory, 'redis.log');
  const child = await launch({ ...(await redisCommand(args, directory)), logFile, pidFile });
  try {
    await waitUntil({
      what: 'Redis',
      isReady: async () => /PONG|NOAUTH/.test(await tell(listenOn, 'PING')),
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: 60_000,
    });
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { ...child, address: `redis://127.0.0.1:${listenOn}`, port: listenOn, tlsPort, dataDir: directory };
}

/**
 * @param {readonly string[]} users
 * @param {string} directory
 */
async function userSettings(users, directory) {
  if (users.length === 0) return {};
  const file = join(directory, 'users.acl');
  await writeFile(file, users.map((user) => `user ${user}\n`).join(''));
  return { aclfile: file };
}

/**
 * @param {RedisTls} tls
 * @param {number} port
 * @param {string} directory
 */
async function tlsSettings({ ca, cert, key, clientCertificates = 'no' }, port, directory) {
  const files = { 'tls-ca-cert-file': ca, 'tls-cert-file': cert, 'tls-key-file': key };
  const paths = await Promise.all(
    Object.entries(files).map(async ([name, pem]) => {
      const file = join(directory, `${name}.pem`);
      await writeFile(file, pem, { mode: 0o600 });
      return [name, file];
    }),
  );
  return { 'tls-port': String(port), 'tls-auth-clients': clientCertificates, ...Object.fromEntries(paths) };
}

/** Fetches what `startRedis` needs, if it is not there. */
export async function provisionRedis() {
  if (!isOnPath('redis-server')) await staticRedis();
}

/**
 * How a server is started with these arguments.
 *
 * @param {string[]} args
 * @param {string} directory
 * @returns {Promise<{ command: string, args: string[] }>}
 */
export async function redisCommand(args, directory) {
  if (isOnPath('redis-server')) return { command: 'redis-server', args };
  try {
    return { command: await staticRedis(), args };
  } catch (error) {
    if (await hasDocker()) return dockerCommand({ image: IMAGE, directory, command: ['redis-server', ...args] });
    throw new Error(
      `Redis is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        'Any one of these helps: give the address of a Redis in REDIS_URL; install redis-server; install Maven (and a ' +
        'Java for it); start Docker.',
      { cause: error },
    );
  }
}

/** @returns {Promise<string>} a static binary for this machine, out of a jar that carries one for each kind */
async function staticRedis() {
  const kinds = { x64: 'amd64', arm64: 'arm64' };
  const arch = kinds[/** @type {keyof typeof kinds} */ (process.arch)];
  if (!arch || !['linux', 'darwin'].includes(process.platform)) {
    throw new Error(`there is no Redis binary for ${process.platform} on ${process.arch}`);
  }
  const directory = await cached(`redis-${VERSION}`, async (work) => {
    await copyFromMaven({ coordinates: [ARTIFACT], directory: work, transitive: false });
    const [, artifact, version] = ARTIFACT.split(':');
    const jar = await readFile(join(work, 'jars', `${artifact}-${version}.jar`));
    const binary = join(work, 'redis-server');
    await writeFile(binary, readZipEntry(jar, `redis-server-${VERSION}-${process.platform}-${arch}`));
    await chmod(binary, 0o755);
  });
  return join(directory, 'redis-server');
}
