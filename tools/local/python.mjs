import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheDirectory, fingerprint } from './cache.mjs';

const PACKAGES = fileURLToPath(new URL('python-packages.txt', import.meta.url));
const REMEDY =
  'Any one of these helps: install python3 (3.10 or newer) with venv and pip, and let it reach PyPI once; name a Python ' +
  'that has the packages of tools/local/python-packages.txt in TILLSTREAM_PYTHON.';

/**
 * A Python with the packages of `requirements`, installed once into the cache.
 *
 * @param {string} [requirements] a file of pinned packages, all that is needed; default: python-packages.txt beside this file
 * @returns {string} its path; run what is installed as `-m MODULE`, since scripts beside it do not survive being moved
 * @throws {Error} naming what is missing and the remedy
 */
export function providePython(requirements = PACKAGES) {
  const given = process.env['TILLSTREAM_PYTHON'];
  if (given !== undefined && requirements === PACKAGES && imports(given)) return given;
  const { stdout } = run('python3', ['-c', 'import platform as p; print(p.python_version(), p.platform())']);
  const directory = join(cacheDirectory(), `python-${fingerprint(`${readFileSync(requirements, 'utf8')} ${stdout}`)}`);
  if (!existsSync(directory)) install(requirements, directory);
  return join(directory, 'bin', 'python');
}

/**
 * As `providePython`, for tests that are left out where it cannot be had: says so then. In CI it must be had.
 *
 * @param {string} what is left out
 * @returns {string | null}
 */
export function findPython(what) {
  try {
    return providePython();
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    process.stderr.write(`skipped: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

/** @param {string} python */
function imports(python) {
  return spawnSync(python, ['-c', 'import pyarrow, deltalake, duckdb, moto, flask, flask_cors']).status === 0;
}

/**
 * Into a directory that gets its name when it is complete, so that two may install at the same time.
 *
 * @param {string} requirements
 * @param {string} directory
 */
function install(requirements, directory) {
  const work = `${directory}.${process.pid}-${randomBytes(4).toString('hex')}`;
  mkdirSync(cacheDirectory(), { recursive: true });
  try {
    run('python3', ['-m', 'venv', work]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-compile'];
    run(join(work, 'bin', 'python'), [...pip, '--requirement', requirements]);
    if (!existsSync(directory)) renameSync(work, directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return { stdout };
  const said = error?.message ?? `${stdout}${stderr}`.trim();
  throw new Error(`A Python with the packages that are needed is not to be had: ${said}\n${REMEDY}`);
}
