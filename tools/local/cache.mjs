import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where what was fetched once is kept for all checkouts: `TILLSTREAM_CACHE`, else `~/.cache/tillstream`. */
export function cacheDirectory() {
  return process.env['TILLSTREAM_CACHE'] ?? join(homedir(), '.cache', 'tillstream');
}

/**
 * The path of a directory of the cache, filled by `fill` when it is not there yet. It appears complete or not at all:
 * `fill` works in a directory of its own that is renamed at the end, so two processes may provision at the same time.
 *
 * @param {string} name
 * @param {(directory: string) => Promise<void>} fill
 * @returns {Promise<string>}
 */
export async function cached(name, fill) {
  const target = join(cacheDirectory(), name);
  if (existsSync(target)) return target;
  const work = `${target}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(target), { recursive: true });
  await mkdir(work);
  try {
    await fill(work);
    await rename(work, target).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      if (!existsSync(target)) throw error; // else another process was first: its copy is as good
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

/**
 * A short name for a value, to tell caches of different content apart.
 *
 * @param {string} text
 */
export function fingerprint(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
