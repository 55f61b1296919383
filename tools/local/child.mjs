import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { run } from './command.mjs';

/**
 * A process of the local stack.
 *
 * @typedef {object} Child
 * @property {number} pid
 * @property {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} exited
 * @property {() => boolean} isRunning
 * @property {(options?: { timeoutMs?: number }) => Promise<void>} stop SIGTERM; SIGKILL when it has not ended in time; resolves when it is gone
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill any signal; SIGKILL (the default) and SIGTERM resolve when the process is gone
 */

/**
 * Outlives nobody: waits on its standard input, which only the parent holds. A line means that all is well; the end of
 * the input without one means that the parent is gone, by whatever death, and the process it guards has to go too.
 */
const GUARD = `
read line && exit 0
kill -TERM -"$1" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 -"$1" 2>/dev/null || exit 0
  sleep 0.25
done
kill -KILL -"$1" 2>/dev/null
`;

/**
 * Starts a process that never survives this one, not even when this one is killed by SIGKILL: a small shell guards it.
 * Both run in process groups of their own, so a Ctrl-C at the terminal reaches only this process, which then stops its
 * children in the order it wants; signals go to the whole group, so to what the process has started as well. With a `pidFile` the process is also found by the next run (see `endStale`), should
 * the guard have been killed as well.
 *
 * @param {object} options
 * @param {string} options.command
 * @param {string[]} options.args
 * @param {NodeJS.ProcessEnv} [options.env] the whole environment; default: this process's
 * @param {string} [options.cwd]
 * @param {string} [options.logFile] gets what it prints, at its end; default: it prints where this process prints
 * @param {boolean} [options.quiet] without a log file: standard error only
 * @param {string} [options.pidFile]
 * @param {{ uid: number, gid: number }} [options.account] as whom it runs; default: as this process
 * @returns {Promise<Child>}
 */
export async function launch({ command, args, env = process.env, cwd, logFile, quiet = false, pidFile, account }) {
  const output = logFile === undefined ? 'inherit' : openLog(logFile);
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', quiet ? 'ignore' : output, output];
  const child = spawn(command, args, { env, ...(cwd && { cwd }), ...account, stdio, detached: true });
  if (output !== 'inherit') closeSync(output);
  /** @type {Child['exited']} */
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const pid = /** @type {number} */ (child.pid);
  const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined); // without a shell the pid file still does its part
  guard.stdin.on('error', () => undefined);
  if (pidFile) {
    mkdirSync(dirname(pidFile), { recursive: true });
    writeFileSync(pidFile, JSON.stringify({ pid, args }));
  }
  let running = true;
  void exited.then(() => {
    running = false;
    guard.stdin.end('ended\n');
    if (pidFile) rmSync(pidFile, { force: true });
  });

  const signal = (/** @type {NodeJS.Signals} */ name) => running && signalGroup(pid, name);
  return {
    pid,
    exited,
    isRunning: () => running,
    async stop({ timeoutMs = 10_000 } = {}) {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
    async kill(name = 'SIGKILL') {
      signal(name);
      if (name === 'SIGKILL' || name === 'SIGTERM') await exited;
    },
  };
}

/** @param {string} file */
function openLog(file) {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, 'a');
}

/**
 * @param {number} leader
 * @param {NodeJS.Signals} name
 */
function signalGroup(leader, name) {
  try {
    process.kill(-leader, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error; // it has just ended by itself
  }
}

/**
 * Ends the process that a pid file of an earlier run names, if it still runs and is that process: another one may have
 * been given its number since, so its command line has to hold the same arguments.
 *
 * @param {string} pidFile
 * @returns {Promise<boolean>} whether one had to be ended
 */
export async function endStale(pidFile) {
  const stale = readPidFile(pidFile);
  if (!stale) return false;
  const { code, output } = await run('ps', ['-ww', '-o', 'args=', '-p', String(stale.pid)]);
  const isIt = code === 0 && stale.args.every((argument) => output.includes(argument));
  if (isIt) {
    try {
      signalGroup(stale.pid, 'SIGKILL');
      while (process.kill(stale.pid, 0)) await sleep(20);
    } catch {
      // gone
    }
  }
  rmSync(pidFile, { force: true });
  return isIt;
}

/**
 * @param {string} pidFile
 * @returns {{ pid: number, args: string[] } | undefined}
 */
function readPidFile(pidFile) {
  try {
    const { pid, args } = JSON.parse(readFileSync(pidFile, 'utf8'));
    return Number.isInteger(pid) && pid > 1 && Array.isArray(args) ? { pid, args: args.map(String) } : undefined;
  } catch {
    return undefined; // none, or cut off in the middle of a write: then the process had hardly begun
  }
}
