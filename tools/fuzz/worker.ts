import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SeededRandom } from '@tillstream/shop-events';

import { chooseCorpus } from './choose-corpus';
import { addToCorpus, readCorpus, replaceCorpus } from './corpus-files';
import type { TargetsMap } from './instrument/build-targets';
import { CoverageMap } from './instrument/coverage-map';
import { type Account, Executor } from './executor';
import { FuzzLoop } from './fuzz-loop';
import type { FuzzTarget } from './fuzz-target';
import type { WorkerMessage, WorkerTask } from './messages';
import { Dictionary } from './mutate/dictionary';
import { Mutator } from './mutate/mutator';
import { loadTarget } from './targets';

/** Given by the bundle: see build-targets.ts. */
const { tillstreamFuzz } = globalThis as unknown as {
  readonly tillstreamFuzz: { readonly edges: Uint8Array; readonly allocated: Account };
};

/** After so many inputs the dictionary is made anew of what they reached. */
const LEARN_EVERY_INPUTS = 1_000;

const say = (message: WorkerMessage): unknown => process.send?.(message);

async function main(task: WorkerTask): Promise<void> {
  const target = await loadTarget(task.target);
  const map = JSON.parse(readFileSync(join(__dirname, 'targets.json'), 'utf8')) as TargetsMap;
  const { edges, allocated } = tillstreamFuzz;
  const coverage = new CoverageMap(edges.subarray(0, Math.ceil(map.edges / 4) * 4));
  const executor = new Executor(target, coverage, allocated, join(task.workDir, 'current'));
  if (task.kind === 'fuzz') await fuzz(task, target, executor, coverage, map);
  else if (task.kind === 'choose') await choose(task, target, executor, coverage);
  else {
    const failure = await executor.run(new Uint8Array(readFileSync(task.file)));
    if (failure === null) say({ kind: 'done', text: 'the input keeps every promise' });
    else say({ kind: 'finding', ...failure, file: task.file });
  }
  await target.close?.();
}

async function fuzz(
  { seconds, inputs, seed, corpus, workDir }: WorkerTask & { kind: 'fuzz' },
  target: FuzzTarget,
  executor: Executor,
  coverage: CoverageMap,
  map: TargetsMap,
): Promise<void> {
  const known = join(workDir, 'corpus');
  let newsMs = performance.now();
  const loop: FuzzLoop = new FuzzLoop(executor, coverage, new SeededRandom(seed), {
    found: (input) => {
      newsMs = performance.now();
      addToCorpus(known, input);
    },
    failed: ({ signature, text, input }) => {
      const file = join(workDir, 'findings', addToCorpus(join(workDir, 'findings'), input));
      say({ kind: 'finding', signature, text, file });
    },
    looked: () => report(),
  });
  const report = (): void => {
    say(progressOf(executor, coverage, loop.entries.length, (performance.now() - newsMs) / 1_000));
  };
  const untilMs = performance.now() + (seconds ?? Infinity) * 1_000;
  await loop.begin(everything(target, corpus, known));
  newsMs = performance.now();
  const dictionary = new Dictionary(target.dictionary ?? []);
  const mutator = new Mutator(new SeededRandom(seed + 1), dictionary, target.maxBytes);
  // Without an end by the clock the same seed makes the same inputs, on any machine.
  await loop.fuzz(mutator, (made) => {
    if (made % LEARN_EVERY_INPUTS === 0) dictionary.update(map, coverage);
    return performance.now() < untilMs && made < (inputs ?? Infinity);
  });
  report();
}

async function choose(
  { corpus, workDir, mostBytes }: WorkerTask & { kind: 'choose' },
  target: FuzzTarget,
  executor: Executor,
  coverage: CoverageMap,
): Promise<void> {
  const inputs = everything(target, corpus, join(workDir, 'corpus'));
  const looked = (): unknown => say(progressOf(executor, coverage, inputs.length, 0));
  const chosen = await chooseCorpus(inputs, executor, coverage, mostBytes, looked);
  replaceCorpus(corpus, chosen);
  const bytes = chosen.reduce((sum, { length }) => sum + length, 0);
  say({ kind: 'done', text: `${chosen.length} of ${inputs.length} inputs, ${bytes} bytes, in ${corpus}` });
}

function progressOf({ runs }: Executor, coverage: CoverageMap, inputs: number, quietSeconds: number): WorkerMessage {
  const { edges, features } = coverage;
  return { kind: 'progress', runs, edges, features, inputs, quietSeconds };
}

function everything(target: FuzzTarget, corpus: string, known: string): Uint8Array[] {
  return [...target.seeds(), ...[...readCorpus(corpus), ...readCorpus(known)].map(({ bytes }) => bytes)];
}

// Refusals are errors by the million: a long stack costs more than what is refused.
Error.stackTraceLimit = 6;
process.once('disconnect', () => process.exit(1));
main(JSON.parse(process.argv.at(-1) ?? '') as WorkerTask).then(
  // What was said is on its way before the process ends.
  () => process.send?.({ kind: 'done', text: '' }, () => process.exit(0)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
