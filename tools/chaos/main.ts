import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { builtServices } from '../rig/built-services';
import type { Fault } from './fault';
import { FAULTS } from './faults';
import { planOf } from './plan';
import type { Plan } from './plan';
import { run } from './run';
import { scenarios } from './scenarios';

const HELP = `npm run chaos -- [options]

Runs the real services on a broker and a Redis of their own, under load from clients that retry, breaks what they stand
on, and compares everything that comes out with a slow oracle that reads the raw log. A run takes 30 to 60 seconds.

  --runs N          how many runs (default 3)
  --seed S          seed of the first run; the following take S + 1, S + 2, … (default 1)
  --faults A,B      choose from these faults only; see --list
  --each            every chosen fault once in each run, instead of some of them by chance
  --keep            keep the directory of a run that is right, too
  --scenario NAME   instead: play one chosen fault and measure what it costs; see --list
  --services DIR    the built services (default: dist/apps, built first)
  --list            name all faults and scenarios
  --help            this text

A seed decides the load, the faults, their times and their choices. A run that ends wrong prints the command that
repeats it and keeps its directory, with all logs and topics; the exit code is then 1.
`;

const SHOWN_PROBLEMS = 15;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'string' },
    each: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    services: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) return print(HELP);
  if (values.list) {
    const known = scenarios.map(({ name, about }) => `--scenario ${name}: ${about}\n`);
    return print([...FAULTS.map(({ name }) => `${name}\n`), ...known].join(''));
  }
  if (values.scenario !== undefined) return playScenario(values.scenario);
  const [runs, first] = [Number(values.runs), Number(values.seed)];
  if (!Number.isSafeInteger(first) || !(runs > 0)) {
    process.stderr.write('--seed takes a whole number, --runs a number above 0; see --help\n');
    return 2;
  }
  const faults = chosenFaults(values.faults?.split(','));
  const services = values.services === undefined ? builtServices() : resolve(values.services);
  const total = { events: 0, finals: 0, compacted: 0, struck: {} as Record<string, number> };
  for (let seed = first; seed < first + runs; seed += 1) {
    const plan = planOf(seed, faults, values.each ? faults : []);
    const report = await runOne(plan, services);
    if (report === null) return 1;
    total.events += report.acknowledged;
    total.finals += report.finals;
    total.compacted += report.compacted;
    for (const [name, times] of Object.entries(report.struck)) total.struck[name] = (total.struck[name] ?? 0) + times;
  }
  return print(
    `${runs} runs right, seeds ${first} to ${first + runs - 1}: ${total.events} events acknowledged, ` +
      `${total.finals} finals, ${total.compacted} records compacted away; faults: ${JSON.stringify(total.struck)}\n`,
  );
}

/** @throws Error for a name that is no scenario, and when it could not be played to its end. */
async function playScenario(name: string): Promise<number> {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}; --list names them all`);
  builtServices();
  const { problems, figures } = await scenario.run((text) => print(`${text}\n`));
  print(figures.map((figure) => `${figure}\n`).join(''));
  for (const problem of problems) print(`wrong: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

/** Null when it went wrong; it has said so. */
async function runOne(plan: Plan, services: string): Promise<Awaited<ReturnType<typeof run>> | null> {
  const { seed, strikes, smallDisk, compaction } = plan;
  const directory = mkdtempSync(join(tmpdir(), `tillstream-chaos-${seed}-`));
  const planned = strikes.map(({ atMs, fault }) => `${fault.name} at ${(atMs / 1_000).toFixed(1)} s`).join(', ');
  print(`seed ${seed}: ${planned}${smallDisk ? '; small disk' : ''}${compaction ? '; compaction' : ''}\n`);
  const problems: string[] = [];
  try {
    const report = await run(plan, { directory, services, say: (line) => print(`${line}\n`) });
    problems.push(...report.problems);
    if (problems.length === 0) {
      if (values.keep) print(`kept in ${directory}\n`);
      else rmSync(directory, { recursive: true, force: true });
      return report;
    }
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  print(`seed ${seed} ends wrong, in ${problems.length} ways:\n`);
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) print(`  ${problem}\n`);
  if (problems.length > SHOWN_PROBLEMS) print(`  … ${problems.length - SHOWN_PROBLEMS} more\n`);
  const chosen = values.faults === undefined ? '' : ` --faults ${values.faults}${values.each ? ' --each' : ''}`;
  print(`logs and topics: ${directory}\nrepeat it: npm run chaos -- --runs 1 --seed ${seed}${chosen}\n`);
  return null;
}

/** @throws Error for a name that is no fault. */
function chosenFaults(names: readonly string[] | undefined): readonly Fault[] {
  const wanted = names?.map((name) => {
    const fault = FAULTS.find((one) => one.name === name);
    if (fault === undefined) throw new Error(`there is no fault ${name}; --list names them all`);
    return fault;
  });
  const possible = (wanted ?? FAULTS).filter((fault) => {
    const why = fault.unavailable?.() ?? null;
    if (why !== null) print(`skipped: ${fault.name}: ${why}\n`);
    return why === null;
  });
  if (possible.length === 0) throw new Error('none of these faults can be tried here');
  return possible;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
