import { parseArgs } from 'node:util';
import { live } from './live';
import type { SimulationReport } from './run';

const HELP = `npm run simulate -- [options]

Runs whole platforms in one process, on in-memory ports under a seeded scheduler, through crashes, zombies, lost
answers and broken stores, and compares what comes out with a slow oracle that reads the raw log.

  --runs N      how many lives (default 100)
  --seed S      seed of the first life; the following take S + 1, S + 2, … (default 1)
  --minutes M   go on for M minutes instead of --runs
  --verbose     say what each life went through
  --help        this text

A life that ends wrong prints the command that repeats it, and the exit code is 1.
`;

const PROGRESS_EVERY_MS = 5_000;
const SHOWN_PROBLEMS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const runs = values.minutes === undefined ? Number(values.runs) : Infinity;
  const untilMs = values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000;
  const first = Number(values.seed);
  if (!Number.isSafeInteger(first) || !(runs > 0)) {
    process.stderr.write('--seed takes a whole number, --runs and --minutes a number above 0; see --help\n');
    return 2;
  }
  const startedMs = Date.now();
  const faults: Record<string, number> = {};
  let lives = 0;
  let saidMs = startedMs;
  for (; lives < runs && Date.now() < untilMs; lives += 1) {
    const report = await live(first + lives);
    for (const [fault, times] of Object.entries(report.faults)) faults[fault] = (faults[fault] ?? 0) + times;
    if (values.verbose) process.stdout.write(`${JSON.stringify(report)}\n`);
    if (report.problems.length > 0) return fail(report);
    if (Date.now() - saidMs > PROGRESS_EVERY_MS) {
      saidMs = Date.now();
      process.stdout.write(
        `${lives + 1} lives, ${((lives + 1) / ((saidMs - startedMs) / 1000)).toFixed(1)} a second\n`,
      );
    }
  }
  const seconds = (Date.now() - startedMs) / 1000;
  process.stdout.write(
    `${lives} lives right, seeds ${first} to ${first + lives - 1}, ${(lives / seconds).toFixed(1)} a second; ` +
      `accidents: ${JSON.stringify(faults)}\n`,
  );
  return 0;
}

function fail(report: SimulationReport): number {
  const { seed, problems } = report;
  process.stdout.write(`seed ${seed} ends wrong, in ${problems.length} ways:\n`);
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) process.stdout.write(`  ${problem}\n`);
  if (problems.length > SHOWN_PROBLEMS) process.stdout.write(`  … ${problems.length - SHOWN_PROBLEMS} more\n`);
  process.stdout.write(`repeat it: npm run simulate -- --runs 1 --seed ${seed} --verbose\n`);
  return 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
