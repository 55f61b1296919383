import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { cacheDirectory } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { isOnPath } from './command.mjs';
import { freePort, waitUntil } from './ports.mjs';

/**
 * The programs of a Prometheus, each by a path or a name that the shell finds.
 *
 * @typedef {{ prometheus: string, promtool: string }} PrometheusPrograms
 */

/**
 * A running Prometheus.
 *
 * @typedef {import('./child.mjs').Child & { address: string, port: number }} Prometheus
 */

/**
 * The programs that are installed, else those of Debian's package, unpacked into the cache once: they need nothing but the C
 * library.
 *
 * @returns {PrometheusPrograms}
 * @throws {Error} naming what is missing and the remedy
 */
export function providePrometheus() {
  if (isOnPath('prometheus') && isOnPath('promtool')) return { prometheus: 'prometheus', promtool: 'promtool' };
  const directory = join(cacheDirectory(), 'prometheus-debian');
  if (!existsSync(directory)) unpack(directory);
  return { prometheus: join(directory, 'usr/bin/prometheus'), promtool: join(directory, 'usr/bin/promtool') };
}

/**
 * As `providePrometheus`, for tests that are left out where it cannot be had: says so then.
 *
 * @param {string} what is left out
 * @returns {PrometheusPrograms | null}
 */
export function findPrometheus(what) {
  try {
    return providePrometheus();
  } catch (error) {
    process.stderr.write(`skipped: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

/**
 * Starts a Prometheus on the loopback interface and resolves when it answers queries.
 *
 * @param {object} options
 * @param {string} options.dataDir for what it collects, its log, and its configuration
 * @param {string} options.config its configuration as YAML; relative paths in it begin at `dataDir`
 * @param {PrometheusPrograms} [options.programs] default: those of `providePrometheus`
 * @param {number} [options.port] 0 (the default): a free one
 * @returns {Promise<Prometheus>}
 */
export async function startPrometheus({ dataDir, config, programs = providePrometheus(), port = 0 }) {
  const directory = resolve(dataDir);
  const pidFile = join(directory, 'prometheus.pid.json');
  mkdirSync(directory, { recursive: true });
  await endStale(pidFile);
  const configFile = join(directory, 'prometheus.yml');
  writeFileSync(configFile, config);
  const listenOn = port || (await freePort());
  const address = `http://127.0.0.1:${listenOn}`;
  const logFile = join(directory, 'prometheus.log');
  const child = await launch({
    command: programs.prometheus,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${listenOn}`,
    ],
    logFile,
    pidFile,
  });
  try {
    await waitUntil({
      what: 'Prometheus',
      isReady: async () => (await fetch(`${address}/-/ready`)).ok,
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: 60_000,
    });
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { ...child, address, port: listenOn };
}

/**
 * Into a directory that gets its name when it is complete, so that two may unpack at the same time.
 *
 * @param {string} directory
 */
function unpack(directory) {
  const work = `${directory}.${process.pid}-${randomBytes(4).toString('hex')}`;
  mkdirSync(work, { recursive: true });
  try {
    run('apt-get', ['download', 'prometheus'], work);
    const file = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get has left no package');
    run('dpkg', ['-x', file, '.'], work);
    rmSync(join(work, file));
    if (!existsSync(directory)) renameSync(work, directory);
  } catch (error) {
    throw new Error(
      `Prometheus is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        'Any one of these helps: install Prometheus with promtool; on Debian or Ubuntu run `apt-get update`, so that its package ' +
        'can be fetched.',
      { cause: error },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(error?.message ?? `${command} ${args.join(' ')}: ${`${stdout}${stderr}`.trim()}`);
}
