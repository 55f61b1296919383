import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Installs the packages that package-lock.json names, when they are not there yet or are others.
 *
 * @param {string} root of the project
 * @param {(line: string) => void} say
 * @throws {Error} when npm cannot
 */
export async function ensureInstalled(root, say) {
  if (isInstalled(root)) return;
  const release = await lock(join(root, '.cache', 'install.lock'), say);
  try {
    if (isInstalled(root)) return; // by the one we waited for
    say('Installing packages (npm ci) …');
    const npm = process.env['npm_execpath'];
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
    // What it prints goes to standard error: standard output belongs to the script that is to run.
    const { status, error } = spawnSync(String(command), [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) {
      throw new Error(`npm ci failed${error ? `: ${error.message}` : ''}. Is the package registry within reach?`);
    }
    writeStamp(root);
  } finally {
    release();
  }
}

/** @param {string} root */
function isInstalled(root) {
  if (readText(stampFile(root)) === lockHash(root)) return true;
  if (!matchesLock(root)) return false;
  writeStamp(root); // somebody ran npm ci or npm install by hand
  return true;
}

/**
 * npm notes what it installed in a lock file of its own. Packages for other systems are missing there by right.
 *
 * @param {string} root
 */
function matchesLock(root) {
  const installed = readText(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return false;
  const have = JSON.parse(installed).packages;
  const want = Object.entries(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages);
  return want.every(([path, entry]) => path === '' || entry.optional === true || have[path]?.version === entry.version);
}

/** @param {string} root */
function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
}

/** @param {string} root */
const stampFile = (root) => join(root, 'node_modules', '.tillstream-installed');

/** @param {string} root */
const writeStamp = (root) => writeFileSync(stampFile(root), lockHash(root));

/** @param {string} file */
function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * One installation at a time: npm ci begins by removing everything. The lock is a directory that names its owner, so
 * that what a killed owner left does not stop anybody.
 *
 * @param {string} directory
 * @param {(line: string) => void} say
 * @returns {Promise<() => void>} how to release it
 */
async function lock(directory, say) {
  const ownerFile = join(directory, 'pid');
  mkdirSync(join(directory, '..'), { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(directory);
      writeFileSync(ownerFile, String(process.pid));
      return () => rmSync(directory, { recursive: true, force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (waited === 0) say('Another process is installing packages; waiting for it …');
    await sleep(500);
    const owner = Number(readText(ownerFile) ?? 0);
    if (owner > 0 && !isAlive(owner)) rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
