import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { plantedBugs } from './bugs';
import type { Finding } from './plant';
import { Planting } from './plant';
import { isNoticed, tableOf, withTable } from './table';

const PAGE = 'docs/guarantees.md';
const LIVES = 200;
/** A few that are found at once, one way or the other, for every change. */
const SHORT = ['one-key', 'ids-not-restored', 'merge-resumes-at-position', 'deltas-added', 'rebuild-at-newest'];
const SHORT_LIVES = 60;
const AT_ONCE = 2;

const HELP = `npm run planted -- [options]

Plants bugs in copies of the code, one at a time, and looks who notices: simulated lives with seeds from 1 on; if they do
not, the directed schedules of tools/simulate; if they do not either, the specs the bug names. The exit code is 1 when a
bug goes by unnoticed. A run of all of them writes its table into ${PAGE}.

  --list        the names of the bugs and what is wrong with each
  --only NAME   this bug; may be given several times
  --short       ${SHORT.length} bugs that are noticed soon, in ${SHORT_LIVES} lives each (for every change; under a minute)
  --runs N      most lives for each bug (default ${LIVES})
  --help        this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      short: { type: 'boolean', default: false },
      runs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.list) {
    for (const { name, bug } of plantedBugs) process.stdout.write(`${name.padEnd(32)} ${bug}\n`);
    return 0;
  }
  const lives = Number(values.runs ?? (values.short ? SHORT_LIVES : LIVES));
  if (!Number.isSafeInteger(lives) || lives < 0) return refuse('--runs takes a whole number');
  const names = values.only ?? (values.short ? SHORT : plantedBugs.map(({ name }) => name));
  const unknown = names.filter((name) => !plantedBugs.some((bug) => bug.name === name));
  if (unknown.length > 0) return refuse(`there is no bug ${unknown.join(', ')}; --list names them`);
  const findings = await plantAll(names, lives);
  const table = tableOf(findings, lives);
  process.stdout.write(`\n${table}\n`);
  if (names.length === plantedBugs.length && values.runs === undefined) await write(table);
  const missed = findings.filter((finding) => !isNoticed(finding));
  for (const { bug } of missed) process.stdout.write(`nobody noticed ${bug.name}: ${bug.bug}\n`);
  return missed.length > 0 ? 1 : 0;
}

async function plantAll(names: readonly string[], lives: number): Promise<Finding[]> {
  const bugs = plantedBugs.filter(({ name }) => names.includes(name));
  const findings = new Map<string, Finding>();
  const waiting = [...bugs];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const directory = mkdtempSync(join(process.cwd(), 'dist', 'planted-'));
      process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
      const planting = new Planting(process.cwd(), directory);
      for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
        const startedMs = performance.now();
        const finding = await planting.try(bug, lives);
        findings.set(bug.name, finding);
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
        process.stdout.write(`${findings.size}/${bugs.length} ${bug.name}: ${outcomeOf(finding)} (${seconds} s)\n`);
      }
    }),
  );
  return bugs.flatMap(({ name }) => findings.get(name) ?? []);
}

function outcomeOf({ lives, problem, tests }: Finding): string {
  if (problem !== null) return `life ${lives}: ${problem.slice(0, 160)}`;
  const [first] = tests;
  return `${lives} lives without a word; ${first ? `${first.spec}: ${first.name}` : 'nobody noticed'}`;
}

/** Prettier decides how wide the columns are, as it does for the rest of the page. */
async function write(table: string): Promise<void> {
  const page = withTable(readFileSync(PAGE, 'utf8'), table);
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
  process.stdout.write(`the table is in ${PAGE}\n`);
}

function refuse(why: string): number {
  process.stderr.write(`${why}; see --help\n`);
  return 2;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
