#!/usr/bin/env node
/**
 * Runs one of the project's scripts with what it needs: installed packages and Node 24. Itself it needs any Node from
 * 20 on and nothing else, so it works in a fresh clone.
 *
 *   node tools/bootstrap/run.mjs <script> [arguments…]
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureInstalled } from './install.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NEEDED_MAJOR = 24;

/** What each script runs, from the root of the project. A name that is not here is a program of tools/<name>/main.ts. */
const SCRIPTS = new Map([
  ['install', []],
  ['start', ['tools/start/start.mjs']],
  ['test', ['tools/test/test.mjs']],
  ['operations', ['tools/test/test.mjs', '--ops']],
  ['till', ['tools/build/run-program.mjs', 'apps/cli']],
  ['build', ['tools/build/build.mjs']],
  ['lint', ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.']],
  ['typecheck', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--write', '.']],
  ['format:check', ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--check', '.']],
  ['buf', ['node_modules/@bufbuild/buf/bin/buf']],
]);

const [name = '', ...rest] = process.argv.slice(2);

try {
  const script = SCRIPTS.get(name) ?? toolProgram(name);
  await ensureInstalled(ROOT, (line) => process.stderr.write(`${line}\n`));
  if (script.length > 0) process.exitCode = await runUnderNode24([...script, ...rest]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** @param {string} tool */
function toolProgram(tool) {
  if (/^[a-z-]+$/.test(tool) && existsSync(join(ROOT, 'tools', tool, 'main.ts'))) {
    return ['tools/build/run-program.mjs', `tools/${tool}`];
  }
  throw new Error(`There is no script ${JSON.stringify(tool)}. There are: ${[...SCRIPTS.keys()].join(', ')}`);
}

/** @returns {string} the Node to run with: this one, or the one npm brought */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath;
  const brought = join(ROOT, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(brought)) return brought;
  throw new Error(
    `Node ${NEEDED_MAJOR} or newer is needed; this is ${process.versions.node}, and npm brings none for ` +
      `${process.platform} on ${process.arch}. Install it from https://nodejs.org and run this again.`,
  );
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
function runUnderNode24(args) {
  const node = findNode();
  const path = [dirname(node), join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
  const [script = '', ...others] = args;
  const child = spawn(node, [join(ROOT, script), ...others], {
    cwd: ROOT,
    env: { ...process.env, PATH: path, TILLSTREAM_CALLED_FROM: process.env['INIT_CWD'] ?? process.cwd() },
    // The channel tells the child of our end, also when it is a hard one.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  passSignalsTo(child);
  stopWithNpm(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal !== null) process.stderr.write(`${script} was ended by ${signal}\n`);
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
    });
  });
}

/**
 * A Ctrl-C at the terminal reaches the child by itself, and npm sends us another one: only what was sent to us alone is
 * passed on, once.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function passSignalsTo(child) {
  let passed = false;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (passed || (signal === 'SIGINT' && process.stdin.isTTY)) return;
      passed = true;
      child.kill(signal);
    });
  }
}

/**
 * npm passes signals on, but when it is killed hard its scripts would run on without anybody to stop them.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function stopWithNpm(child) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1_000).unref();
}
