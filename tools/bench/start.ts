import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@tillstream/local';
import type { ServiceProcess } from '../e2e/platform';
import { Platform, SERVICES } from '../e2e/platform';
import { withOwnServers } from '../rig/own-servers';
import { cpuSecondsOf, residentBytesOf } from '../rig/process-figures';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { pidOf } from './line';
import { median } from './measure';

const ROUNDS = 3;
const ASK_EVERY_MS = 10;
const PORTS_APART = 20_000;

/** From the birth of a process until it says that it is ready, one service at a time; and the second `npm start`. */
export async function measureStart({ say }: BenchContext): Promise<string> {
  const services = await withOwnServers(async () => {
    const platform = new Platform();
    try {
      await platform.createTopics();
      const rows: string[][] = [];
      for (const service of SERVICES) {
        say(`starting the ${service} ${ROUNDS} times`);
        const [wall, cpu, memory]: [number[], number[], number[]] = [[], [], []];
        for (let round = 0; round < ROUNDS; round += 1) {
          const startedMs = performance.now();
          const process = await platform.start(service);
          await ready(process, startedMs);
          wall.push((performance.now() - startedMs) / 1000);
          cpu.push(cpuSecondsOf(pidOf(process)));
          memory.push(residentBytesOf(pidOf(process)) / 2 ** 20);
          await leave(process);
        }
        rows.push([
          service,
          median(wall).toFixed(2),
          Math.min(...wall).toFixed(2),
          median(cpu).toFixed(2),
          median(memory).toFixed(0),
        ]);
      }
      return rows;
    } finally {
      await platform.stop();
    }
  });
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  try {
    say('starting the whole platform for the first time');
    const first = await startPlatform(directory);
    say('starting the whole platform for the second time');
    const second = await startPlatform(directory);
    return [
      `Each service alone, broker and Redis running, ${ROUNDS} times:`,
      '',
      ...table(['service', 'seconds to ready', 'the fastest', 'CPU-s', 'MiB'], services),
      '',
      `\`npm start -- --no-simulator\` says \`ready\` ${first.toFixed(1)} s after it was called in an empty directory, and ` +
        `${second.toFixed(1)} s when called again.`,
    ].join('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Ends in order: a group waits for members that have died without a word, and whoever starts next with it. */
async function leave({ child }: ServiceProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function ready({ child, http, service }: ServiceProcess, startedMs: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || performance.now() - startedMs > 60_000) throw new Error(`${service} is not ready`);
    const answer = await fetch(`http://127.0.0.1:${http}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** Seconds from the call to the line that says that everything is ready; then it is stopped. */
async function startPlatform(directory: string): Promise<number> {
  const offset = String((await freePort()) % PORTS_APART);
  const startedMs = performance.now();
  const args = ['tools/bootstrap/run.mjs', 'start', '--no-simulator', '--data-dir', directory, '--port-offset', offset];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    for await (const line of createInterface(child.stdout)) {
      if (line.startsWith('ready ')) return (performance.now() - startedMs) / 1000;
    }
    throw new Error('the platform has ended before it was ready');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
