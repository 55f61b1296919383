import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { endStale, launch } from './child.mjs';
import { freePort, waitUntil } from './ports.mjs';
import { providePython } from './python.mjs';

const SERVER = fileURLToPath(new URL('s3.py', import.meta.url));

/**
 * A running S3.
 *
 * @typedef {import('./child.mjs').Child & { address: string, port: number }} S3
 * `address` is the endpoint, `http://127.0.0.1:<port>`; buckets are paths of it, and any credentials will do
 */

/**
 * Starts an S3 that keeps everything in memory, with the buckets named, and resolves when they are there.
 *
 * @param {object} options
 * @param {string} options.dataDir for its log
 * @param {readonly string[]} [options.buckets]
 * @param {number} [options.port] 0 (the default): a free one
 * @returns {Promise<S3>}
 * @throws {Error} naming the remedy when there is no Python with its packages
 */
export async function startS3({ dataDir, buckets = [], port = 0 }) {
  const python = providePython();
  const directory = resolve(dataDir);
  const pidFile = join(directory, 's3.pid.json');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const listenOn = port || (await freePort());
  const address = `http://127.0.0.1:${listenOn}`;
  const logFile = join(directory, 's3.log');
  const child = await launch({ command: python, args: [SERVER, String(listenOn)], logFile, pidFile });
  try {
    await waitUntil({
      what: 'S3',
      isReady: async () => (await fetch(address)).ok,
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: 60_000,
    });
    for (const bucket of buckets) {
      const { ok, status } = await fetch(`${address}/${bucket}`, { method: 'PUT' });
      if (!ok) throw new Error(`S3 does not make the bucket ${bucket}: status ${status}, see ${logFile}`);
    }
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { ...child, address, port: listenOn };
}
