import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { supervise } from './supervise.mjs';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'tillstream-supervise-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A program that notes each of its starts in a file, then does what `script` says. */
function program(script: string) {
  const file = join(directory, 'program.js');
  const starts = join(directory, 'starts');
  writeFileSync(starts, '');
  writeFileSync(file, `require('node:fs').appendFileSync(${JSON.stringify(starts)}, process.pid + '\\n');\n${script}`);
  return {
    name: 'worker',
    args: [file],
    env: process.env,
    logFile: join(directory, 'worker.log'),
    pidFile: join(directory, 'worker.json'),
  };
}

const pidsOfStarts = () => readFileSync(join(directory, 'starts'), 'utf8').trim().split('\n').map(Number);

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a supervised program', () => {
  it('is started again after it was killed, and this is said', async () => {
    const said: string[] = [];
    const worker = supervise(program('setInterval(() => undefined, 1000)'), (line: string) => said.push(line));
    await worker.ready;
    await until(() => pidsOfStarts()[0] !== 0);
    process.kill(pidsOfStarts()[0] ?? 0, 'SIGKILL');
    await until(() => pidsOfStarts().length === 2);
    await worker.stop();
    expect(said).toEqual([expect.stringMatching(/^worker has ended by SIGKILL; starting it again in 0\.5 s/)]);
    expect(pidsOfStarts().map(isAlive)).toEqual([false, false]);
  });

  it('is given up when it ends again and again before it was ever ready', async () => {
    const failing = { ...program('process.exit(3)'), readyUrl: 'http://127.0.0.1:1/readyz' };
    const worker = supervise(failing, () => undefined);
    await expect(worker.ready).rejects.toThrow('worker ended 3 times before it was ready, the last time with code 3');
    await worker.stop();
  });

  it('takes the place of the one that a killed run left behind', async () => {
    const settings = program('setInterval(() => undefined, 1000)');
    const left = supervise(settings, () => undefined);
    await left.ready;
    await until(() => pidsOfStarts()[0] !== 0);
    const worker = supervise(settings, () => undefined);
    await worker.ready;
    await until(() => !isAlive(pidsOfStarts()[0] ?? 0));
    await Promise.all([left.stop(), worker.stop()]);
  });
});
