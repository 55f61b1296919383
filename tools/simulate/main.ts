import { parseArgs } from 'node:util';
import { live } from './live';
import type { SimulationReport } from './run';
import { Tally } from './tally';

const HELP = `npm run simulate -- [options]

Runs whole platforms in one process, on in-memory ports under a seeded scheduler, through crashes, zombies, rebalances,
appends that are slow, refused, or answered too late, stalled topics, broken stores, clocks that jump and records that
nobody survives, and compares what comes out with a slow oracle that reads the raw log. In the end it says how many lives
went by, how fast, and what went wrong in them, by kind.

  --runs N      how many lives (default 100)
  --seed S      seed of the first life; the following take S + 1, S + 2, … (default 1)
  --minutes M   go on for M minutes instead of --runs
  --random      every life has a stream file of its own, with random metrics (else one in five has)
  --verbose     say what each life went through
  --help        this text

A life that ends wrong prints the command that repeats it, and the exit code is 1.
`;

const PROGRESS_EVERY_MS = 10_000;
const SHOWN_PROBLEMS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      random: { type: 'boolean', default: false },
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
  const tally = new Tally();
  const pace = (): string => tally.pace((Date.now() - startedMs) / 1000, process.cpuUsage().user / 1e6);
  let saidMs = startedMs;
  while (tally.lives < runs && Date.now() < untilMs) {
    const report = await live(first + tally.lives, {}, values.random ? 'random' : 'mixed');
    await breath(); // whatever rejected and nobody looked at is told now
    tally.add(report);
    if (values.verbose) process.stdout.write(`${JSON.stringify(report)}\n`);
    if (report.problems.length > 0) return fail(report, values.random);
    if (Date.now() - saidMs > PROGRESS_EVERY_MS) {
      saidMs = Date.now();
      process.stdout.write(`${tally.lives} lives, ${pace()}\n`);
    }
  }
  const last = first + tally.lives - 1;
  process.stdout.write(`${tally.lives} lives right, seeds ${first} to ${last}, ${pace()}\n${tally.report()}\n`);
  return 0;
}

function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function fail(report: SimulationReport, isRandom: boolean): number {
  const { seed, problems } = report;
  process.stdout.write(`seed ${seed} ends wrong, in ${problems.length} ways:\n`);
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) process.stdout.write(`  ${problem}\n`);
  if (problems.length > SHOWN_PROBLEMS) process.stdout.write(`  … ${problems.length - SHOWN_PROBLEMS} more\n`);
  process.stdout.write(
    `repeat it: npm run simulate -- --runs 1 --seed ${seed}${isRandom ? ' --random' : ''} --verbose\n`,
  );
  return 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
