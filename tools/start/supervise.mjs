import { setTimeout as sleep } from 'node:timers/promises';

import { endStale, launch } from '../local/index.mjs';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** Whoever ran so long did work: its next fall begins with a short pause again. */
const STEADY_AFTER_MS = 30_000;
const ATTEMPTS_UNTIL_READY = 3;

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string[]} args of node
 * @property {NodeJS.ProcessEnv} env
 * @property {string} logFile
 * @property {string} pidFile
 * @property {string} [readyUrl] answers 200 when the program is ready; without one it is ready when it runs
 */

/**
 * A program that is started again whenever it ends, after pauses that grow.
 *
 * @typedef {object} Supervised
 * @property {string} name
 * @property {Promise<void>} ready rejects when the program ends several times before it has ever been ready
 * @property {() => Promise<void>} stop
 */

/**
 * @param {Program} program
 * @param {(line: string) => void} say
 * @returns {Supervised}
 */
export function supervise(program, say) {
  const { name, readyUrl } = program;
  const stopping = new AbortController();
  /** @type {import('../local/child.mjs').Child | undefined} */
  let child;
  let hasBeenReady = false;
  /** @type {() => void} */
  let becomeReady = () => undefined;
  /** @type {(error: Error) => void} */
  let giveUp = () => undefined;
  /** @type {Promise<void>} */
  const ready = new Promise((resolve, reject) => {
    becomeReady = resolve;
    giveUp = reject;
  });
  ready.catch(() => undefined); // whoever waits for it hears of it

  async function keepRunning() {
    await endStale(program.pidFile);
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      const startedMs = performance.now();
      child = await launch({ ...program, command: process.execPath });
      await untilReady(child);
      const { code, signal } = await child.exited;
      if (stopping.signal.aborted) return;
      const how = signal ? `by ${signal}` : `with code ${code}`;
      if (!hasBeenReady && attempt >= ATTEMPTS_UNTIL_READY) {
        giveUp(new Error(`${name} ended ${attempt} times before it was ready, the last time ${how}`));
        return;
      }
      if (performance.now() - startedMs > STEADY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      say(`${name} has ended ${how}; starting it again in ${pauseMs / 1000} s (see ${program.logFile})`);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /** @param {import('../local/child.mjs').Child} started */
  async function untilReady(started) {
    while (started.isRunning()) {
      if (readyUrl === undefined || (await answersOk(readyUrl))) {
        hasBeenReady = true;
        return becomeReady();
      }
      await Promise.race([sleep(100), started.exited]);
    }
  }

  const running = keepRunning().catch((error) => giveUp(error));
  return {
    name,
    ready,
    async stop() {
      stopping.abort();
      await child?.stop({ timeoutMs: 30_000 });
      await running;
    },
  };
}

/** @param {string} url */
async function answersOk(url) {
  try {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    return ok;
  } catch {
    return false;
  }
}
