import { appendFileSync, existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { buildTargets } from './instrument/build-targets';
import type { WorkerTask } from './messages';
import { type Found, type Progress, runWorker, type WorkerResult } from './supervise';
import { targetNames } from './targets';

const HELP = `npm run fuzz -- [options]

Gives the doors of the product inputs nobody would write: made from sound ones and from the corpus in tools/fuzz/corpus,
and from whatever made the product do something it had not done before. What is asked of each door stands in
tools/fuzz/targets. What is learnt is kept in .tillstream/fuzz and used by the next run; what was run, and how long, in
.tillstream/fuzz/runs.jsonl.

  --target NAME   one door, or several with a comma between them (default: all of them)
  --minutes M     how long, for all together (default 1)
  --inputs N      instead of that: so many inputs for each; the same seed then makes the same ones
  --seed S        another seed, other inputs (default: from the clock)
  --input FILE    run one input of one target and say what becomes of it
  --choose        afterwards put the smallest inputs that do all that is known into the corpus of the project
  --help          this text

Targets: ${targetNames.join(', ')}

A broken promise ends nothing: its input is made small and kept, the fuzzing goes on, and the exit code is 1 in the end.
An input that kills or hangs the process of its target is kept as it is; the next target goes on.
`;

const ROOT = resolve(__dirname, '../../..');
/** Beside this program, as deep as the others: the product looks for its protos from there. */
const BUNDLE = join(__dirname, 'targets.js');
/** Of one target in the project. */
const CORPUS_BYTES = 20_000;
const PROGRESS_EVERY_MS = 10_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: targetNames.join(',') },
      minutes: { type: 'string', default: '1' },
      inputs: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      input: { type: 'string' },
      choose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const targets = values.target.split(',');
  const minutes = Number(values.minutes);
  const inputs = values.inputs === undefined ? null : Number(values.inputs);
  const seed = Number(values.seed);
  const unknown = targets.filter((name) => !targetNames.includes(name));
  if (unknown.length > 0 || !(minutes >= 0) || !(inputs === null || inputs >= 0) || !Number.isSafeInteger(seed)) {
    const problem = unknown.length > 0 ? `There is no target ${unknown.join(', ')}` : 'That is no number';
    process.stderr.write(`${problem}; see npm run fuzz -- --help\n`);
    return 2;
  }
  await buildTargets(ROOT, BUNDLE);
  if (values.input !== undefined) return tryInput(targets, resolve(values.input));

  let found = 0;
  for (const target of targets) {
    const limit = inputs === null ? { seconds: (minutes * 60) / targets.length, inputs } : { seconds: null, inputs };
    found += (await fuzz(target, limit, seed)).findings.length;
    if (values.choose) await choose(target);
  }
  say(found === 0 ? 'every promise was kept\n' : `${found} broken promises; their inputs are named above\n`);
  return found === 0 ? 0 : 1;
}

type Limit = Pick<WorkerTask & { kind: 'fuzz' }, 'seconds' | 'inputs'>;

async function fuzz(target: string, limit: Limit, seed: number): Promise<WorkerResult> {
  const task: WorkerTask = {
    kind: 'fuzz',
    target,
    ...limit,
    seed,
    corpus: corpusOf(target),
    workDir: workDirOf(target),
  };
  let last: Progress | undefined;
  let saidMs = performance.now();
  const startedMs = saidMs;
  const result = await runWorker(ROOT, BUNDLE, task, (message) => {
    if (message.kind === 'finding') return sayFinding(target, message);
    last = message;
    if (performance.now() - saidMs < PROGRESS_EVERY_MS) return;
    saidMs = performance.now();
    say(`${line(target, message, saidMs - startedMs)}, nothing new for ${message.quietSeconds.toFixed(0)} s\n`);
  });
  if (last !== undefined) noteRun(last, target, performance.now() - startedMs, result.findings.length);
  if (last !== undefined)
    say(`${line(target, last, performance.now() - startedMs)}; ${result.findings.length} findings\n`);
  return result;
}

async function choose(target: string): Promise<void> {
  const task: WorkerTask = {
    kind: 'choose',
    target,
    corpus: corpusOf(target),
    mostBytes: CORPUS_BYTES,
    workDir: workDirOf(target),
  };
  const { texts } = await runWorker(ROOT, BUNDLE, task, () => undefined);
  say(`${target}: ${texts.join(' ')}\n`);
}

async function tryInput([target, ...others]: readonly string[], file: string): Promise<number> {
  if (target === undefined || others.length > 0) throw new Error('--input needs --target with the one it is meant for');
  if (!existsSync(file)) throw new Error(`There is no file ${file}`);
  const task: WorkerTask = { kind: 'input', target, file, workDir: workDirOf(target) };
  const { findings, texts } = await runWorker(ROOT, BUNDLE, task, () => undefined);
  say(`${[...findings.map(({ text }) => text), ...texts].join('\n')}\n`);
  return findings.length === 0 ? 0 : 1;
}

function line(target: string, { runs, edges, features, inputs }: Progress, ms: number): string {
  const rate = (runs / (ms / 1_000)).toFixed(0);
  return `${target}: ${runs} inputs run in ${(ms / 1_000).toFixed(0)} s (${rate} a second), ${edges} edges, ${features} with how often, ${inputs} kept`;
}

function sayFinding(target: string, { text, file }: Found): void {
  const path = relative(process.cwd(), file);
  say(
    `\n${target} breaks a promise:\n${text}\n\n` +
      `  the input:    ${path}\n` +
      `  see it again: npm run fuzz -- --target ${target} --input ${path}\n` +
      `  once mended:  cp ${path} tools/fuzz/corpus/${target}/found-WHAT-IT-WAS\n\n`,
  );
}

/** What was run, and for how long, adds up over all runs of this copy of the project. */
function noteRun({ runs, edges }: Progress, target: string, ms: number, findings: number): void {
  const entry = { at: new Date().toISOString(), target, runs, seconds: Math.round(ms / 1_000), edges, findings };
  appendFileSync(join(ROOT, '.tillstream', 'fuzz', 'runs.jsonl'), `${JSON.stringify(entry)}\n`);
}

const corpusOf = (target: string): string => join(ROOT, 'tools', 'fuzz', 'corpus', target);
const workDirOf = (target: string): string => join(ROOT, '.tillstream', 'fuzz', target);

function say(text: string): void {
  process.stdout.write(text);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
