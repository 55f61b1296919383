/**
 * `npm test`: starts what the tests need, runs them, stops everything. See HELP.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildPrograms, programs } from '../build/bundle.mjs';
import { launch, startBroker, startRedis } from '../local/index.mjs';
import { findSuites } from './suites.mjs';

const HELP = `Runs the tests.

  npm test                      all of them but the last kind
  npm test -- --unit            *.spec.ts        need nothing
  npm test -- --int             *.int.spec.ts    need Kafka and Redis
  npm test -- --e2e             *.e2e.spec.ts    need the built services too
  npm run operations            *.ops.spec.ts    need what operators use too (Helm, Prometheus, a trace back end …): each says
                                                 what it does not find and skips that
  npm test -- libs/core window  only files whose path contains one of these
  npm test -- -t NAME           only tests whose name matches
  npm test -- --seed N          property tests try the inputs of this seed, not always the same; "any": one by chance

Kafka and Redis are started on free ports and in a directory of their own, unless KAFKA_BROKERS and REDIS_URL say where
they are.
`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Jest has said its last word and still runs: something was left open. */
const PATIENCE_AFTER_RESULTS_MS = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    unit: { type: 'boolean', default: false },
    int: { type: 'boolean', default: false },
    e2e: { type: 'boolean', default: false },
    ops: { type: 'boolean', default: false },
    testNamePattern: { type: 'string', short: 't' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** @type {(() => Promise<void>)[]} what to undo at the end, the last first */
const endings = [];
let interrupted = false;

async function end() {
  for (let ending = endings.pop(); ending; ending = endings.pop()) await ending();
}

function interrupt() {
  if (interrupted) return;
  interrupted = true;
  void end().then(() => process.exit(130));
}

async function main() {
  chooseSeed(values.seed);
  const all = !values.unit && !values.int && !values.e2e && !values.ops;
  const suites = findSuites(ROOT, positionals);
  if ([...suites.values()].every((files) => files.length === 0)) {
    throw new Error(`There is no test whose path contains ${positionals.join(' or ')}`);
  }
  const [unit = [], int = [], e2e = [], ops = []] = /** @type {const} */ (['unit', 'int', 'e2e', 'ops']).map((kind) =>
    (all && kind !== 'ops') || values[kind] ? suites.get(kind) : [],
  );
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-test-'));
  endings.push(async () => rmSync(directory, { recursive: true, force: true }));
  const running = [...e2e, ...ops];
  if (int.length + running.length > 0) {
    await Promise.all([provideServers(directory), running.length > 0 ? buildPrograms(programs('apps')) : undefined]);
  }

  const started = performance.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  let code = 0;
  // Each platform of an end-to-end test has a stream, services and ports of its own: two of them side by side wait less.
  for (const [index, files] of [[...unit, ...int], running].entries()) {
    if (files.length === 0) continue;
    const resultFile = join(directory, `results-${index}.json`);
    code = (await jest(files, ['--maxWorkers=2'], resultFile)) || code;
    if (interrupted) return;
    const counts = readResults(resultFile);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  await end();
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`\n${total.skipped > 0 ? `${total.skipped} skipped, ` : ''}${seconds} s\n`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = total.failed > 0 ? code || 1 : code;
}

/** @param {string | undefined} wanted */
function chooseSeed(wanted) {
  if (wanted === undefined) return;
  if (wanted !== 'any' && !/^\d{1,9}$/.test(wanted)) {
    throw new Error(`--seed must be a whole number of at most nine digits, or any, not ${JSON.stringify(wanted)}`);
  }
  const seed = wanted === 'any' ? String(randomInt(1e9)) : wanted;
  process.stdout.write(`Property tests with --seed ${seed}\n`);
  process.env['TILLSTREAM_SEED'] = seed;
}

/**
 * The addresses go to the tests by the environment, wherever the servers come from.
 *
 * @param {string} directory
 */
async function provideServers(directory) {
  const started = await Promise.allSettled([
    provide('KAFKA_BROKERS', () => startBroker({ dataDir: join(directory, 'kafka') })),
    provide('REDIS_URL', () => startRedis({ dataDir: join(directory, 'redis') })),
  ]);
  for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
}

/**
 * @param {string} variable
 * @param {() => Promise<{ address: string, stop(): Promise<void> }>} start
 */
async function provide(variable, start) {
  if (process.env[variable]) return;
  const server = await start();
  endings.push(() => server.stop());
  if (interrupted) return end();
  process.env[variable] = server.address;
}

/**
 * @param {string[]} files
 * @param {string[]} args
 * @param {string} resultFile
 * @returns {Promise<number>} the exit code
 */
async function jest(files, args, resultFile) {
  const name = values.testNamePattern === undefined ? [] : ['--testNamePattern', values.testNamePattern];
  const child = await launch({
    command: process.execPath,
    args: [
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...['--config', join(ROOT, 'jest.config.cjs'), '--json', '--outputFile', resultFile, ...args, ...name],
      ...['--runTestsByPath', ...files],
    ],
    cwd: ROOT,
    quiet: true, // with --json the report goes to standard output as well as to the file
  });
  endings.push(() => child.stop());
  const hung = endWhenHung(child, resultFile);
  const { code } = await child.exited;
  endings.pop();
  return (await hung) ? 1 : (code ?? 1);
}

/**
 * @param {import('../local/child.mjs').Child} child
 * @param {string} resultFile
 * @returns {Promise<boolean>} whether it had to be ended
 */
async function endWhenHung(child, resultFile) {
  while (child.isRunning() && !existsSync(resultFile)) await Promise.race([sleep(500), child.exited]);
  await Promise.race([child.exited, sleep(PATIENCE_AFTER_RESULTS_MS, undefined, { ref: false })]);
  if (!child.isRunning()) return false;
  process.stderr.write('Jest does not end: a test has left a timer, a connection or a process open. Ending it.\n');
  await child.kill();
  return true;
}

/**
 * @param {string} resultFile
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
function readResults(resultFile) {
  if (!existsSync(resultFile)) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(readFileSync(resultFile, 'utf8'));
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests,
  };
}

if (values.help) {
  process.stdout.write(HELP);
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(signal, interrupt);
  process.channel?.unref();
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    await end();
  }
}
