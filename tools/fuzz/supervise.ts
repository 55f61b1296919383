import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cpuSecondsOf } from '../rig/process-figures';

import { addToCorpus } from './corpus-files';
import { lastInput } from './executor';
import type { WorkerMessage, WorkerTask } from './messages';

/** A worker that has worked for so long without a word is stuck in an input, however slow the machine is … */
const STUCK_CPU_SECONDS = 60;
/** … and one that waits for so long waits for what never comes. */
const STUCK_MS = 900_000;
const HEAP_MIB = 1_024;
const SHOWN_STDERR = 2_000;

export type Progress = WorkerMessage & { readonly kind: 'progress' };
export type Found = WorkerMessage & { readonly kind: 'finding' };

/** What became of a worker. */
export interface WorkerResult {
  readonly runs: number;
  readonly findings: readonly Found[];
  readonly texts: readonly string[];
}

/**
 * Runs a task in a process of its own, so that an input may hang or kill it: what it was running then is a finding too.
 *
 * @param root of the project
 * @param bundle what buildTargets made
 * @param heard called with what the worker says, as it says it
 */
export async function runWorker(
  root: string,
  bundle: string,
  task: WorkerTask,
  heard: (message: Progress | Found) => void,
): Promise<WorkerResult> {
  mkdirSync(task.workDir, { recursive: true });
  const child = fork(bundle, [JSON.stringify(task)], {
    cwd: root,
    execArgv: ['--enable-source-maps', `--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let runs = 0;
  const silence = new Silence(child);
  const findings: Found[] = [];
  const texts: string[] = [];
  const stderr: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  child.on('message', (message: WorkerMessage) => {
    silence.broken();
    if (message.kind === 'progress') runs = message.runs;
    if (message.kind === 'finding') findings.push(message);
    if (message.kind === 'done') texts.push(message.text);
    else heard(message);
  });
  const watch = setInterval(() => silence.isTooLong() && child.kill('SIGKILL'), 1_000);
  const ending = await ended(child);
  clearInterval(watch);
  if (ending !== null) {
    const why = silence.wasTooLong ? 'it hangs' : `its process ended with ${ending}`;
    const finding = deathOf(task, why, stderr.join('').slice(-SHOWN_STDERR));
    findings.push(finding);
    heard(finding);
  }
  return { runs, findings, texts: texts.filter((text) => text !== '') };
}

/** How long a worker has said nothing. */
class Silence {
  wasTooLong = false;
  private sinceMs = performance.now();
  private sinceCpuSeconds = 0;

  constructor(private readonly child: ChildProcess) {}

  broken(): void {
    this.sinceMs = performance.now();
    this.sinceCpuSeconds = this.cpuSeconds();
  }

  isTooLong(): boolean {
    const worked = this.cpuSeconds() - this.sinceCpuSeconds;
    return (this.wasTooLong ||= worked > STUCK_CPU_SECONDS || performance.now() - this.sinceMs > STUCK_MS);
  }

  /** Only Linux tells; elsewhere the clock has to do. */
  private cpuSeconds(): number {
    const { pid } = this.child;
    try {
      return pid === undefined ? 0 : cpuSecondsOf(pid);
    } catch {
      return 0;
    }
  }
}

function deathOf({ workDir }: WorkerTask, why: string, stderr: string): Found {
  const current = join(workDir, 'current');
  const input = existsSync(current) ? lastInput(readFileSync(current)) : new Uint8Array(0);
  const directory = join(workDir, 'findings');
  return {
    kind: 'finding',
    signature: why,
    text: `${why}\n${stderr}`,
    file: join(directory, addToCorpus(directory, input)),
  };
}

/** Null for an end in peace. */
function ended(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code === 0 ? null : (signal ?? `code ${code}`)));
  });
}
