import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLING } from '../build/bundling.mjs';
import type { PlantedBug } from './bug';
import { patched } from './bug';
import type { Trial } from './trial';

/** Longer than any right life or spec takes: who needs more hangs, and has been noticed. */
const PATIENCE_CPU_SECONDS = 300;
/** `sh -c` with a program and its arguments: however busy the machine is, only what the program itself takes counts. */
const WITH_PATIENCE = `ulimit -t ${PATIENCE_CPU_SECONDS}; exec "$0" "$@"`;
const DIRECTED = [
  'tools/simulate/directed.spec.ts',
  'tools/simulate/lost-store.spec.ts',
  'tools/simulate/publish-order.spec.ts',
  'tools/simulate/tracked.spec.ts',
];

/** Who noticed a bug. */
export interface Finding {
  readonly bug: PlantedBug;
  /** Simulated lives that were looked at; the last one ended wrong when `problem` is not null. */
  readonly lives: number;
  readonly problem: string | null;
  /** Tests that failed, of the directed schedules or else of the bug's own specs; empty when they were not needed. */
  readonly tests: readonly FailedTest[];
}

export interface FailedTest {
  /** From the root of the project. */
  readonly spec: string;
  readonly name: string;
}

/** Plants one bug at a time, in copies of the code that live in `directory`, and looks who notices. */
export class Planting {
  constructor(
    private readonly root: string,
    private readonly directory: string,
  ) {}

  /** Chance first; what it does not find, the directed schedules; what they do not, the specs of the bug. */
  async try(bug: PlantedBug, lives: number): Promise<Finding> {
    const trial = await this.simulate(bug, lives);
    if (trial.problem !== null) return { bug, ...trial, tests: [] };
    const directed = await this.failing(bug, DIRECTED);
    const tests = directed.length > 0 || !bug.specs ? directed : await this.failing(bug, bug.specs);
    return { bug, ...trial, tests };
  }

  private async simulate(bug: PlantedBug, lives: number): Promise<Trial> {
    const program = join(this.directory, 'trial.js');
    await this.bundle(bug, program);
    const { output, errors, ended } = await run([program, String(lives)], this.root, {});
    if (!ended) return { lives, problem: `does not end within ${PATIENCE_CPU_SECONDS} CPU-seconds` };
    const last = output.trim().split('\n').at(-1) ?? '';
    if (last.startsWith('{')) return JSON.parse(last) as Trial;
    return {
      lives: 1,
      problem:
        errors
          .trim()
          .split('\n')
          .find((line) => line.includes('Error')) ?? 'dies',
    };
  }

  private async bundle({ patches }: PlantedBug, outfile: string): Promise<void> {
    await build({
      absWorkingDir: this.root,
      entryPoints: ['tools/planted/trial.ts'],
      outfile,
      ...BUNDLING,
      logLevel: 'error',
      plugins: [
        {
          name: 'planted',
          setup: (bundle) => {
            const files = [...new Set(patches.map(({ file }) => file))];
            for (const file of files) {
              bundle.onLoad({ filter: endingWith(file) }, async ({ path }) => ({
                contents: patched(file, await readFile(path, 'utf8'), patches),
                loader: 'ts',
              }));
            }
          },
        },
      ],
    });
  }

  private async failing(bug: PlantedBug, specs: readonly string[]): Promise<FailedTest[]> {
    await mkdir(this.directory, { recursive: true });
    const patches = join(this.directory, 'patches.json');
    const results = join(this.directory, 'results.json');
    await writeFile(patches, JSON.stringify(bug.patches));
    rmSync(results, { force: true });
    const jest = ['node_modules/jest/bin/jest.js', '--config', 'tools/planted/jest.config.cjs', '--runInBand'];
    const report = ['--silent', '--json', '--outputFile', results, '--runTestsByPath', ...specs];
    const { ended } = await run([...jest, ...report], this.root, { TILLSTREAM_PLANTED: patches });
    if (!ended) return specs.map((spec) => ({ spec, name: 'does not end' }));
    if (!existsSync(results)) throw new Error(`jest left no results for ${bug.name}; run ${specs.join(', ')} by hand`);
    return failedTests(JSON.parse(readFileSync(results, 'utf8')) as JestResults, this.root);
  }
}

interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

function failedTests({ testResults }: JestResults, root: string): FailedTest[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const spec = name.slice(root.length + 1);
    if (assertionResults.length === 0 && message !== '') throw new Error(`${spec} did not run: ${message}`);
    return assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => ({ spec, name: title }));
  });
}

function endingWith(file: string): RegExp {
  return new RegExp(`[/\\\\]${file.replaceAll('.', '\\.').replaceAll('/', '[/\\\\]')}$`);
}

interface Ended {
  readonly output: string;
  readonly errors: string;
  /** False: it had to be ended. */
  readonly ended: boolean;
}

function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', WITH_PATIENCE, process.execPath, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const endWithParent = (): boolean => child.kill('SIGKILL');
    process.once('exit', endWithParent);
    child.once('error', reject);
    child.once('close', (_code, signal) => {
      process.off('exit', endWithParent);
      resolve({ output, errors, ended: signal === null });
    });
  });
}
