import { parseArgs } from 'node:util';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';
import { builtServices } from '../rig/built-services';
import { loadAverage } from '../rig/process-figures';
import type { BenchContext } from './context';
import { uniformEvents } from './events';
import { measureEngine } from './engine';
import { measureFloor } from './floor';
import { measureGateway } from './gateway';
import { measureHistory } from './history';
import { measureIdle } from './idle';
import { measureLatency } from './latency';
import { provenance, writeFigures } from './page';
import { measureParts } from './parts';
import { measureProfiles } from './profile';
import { measureRecovery } from './recovery';
import { measureScaling } from './scaling';
import { measureSinks } from './sinks';
import { measureStart } from './start';
import { measureTracing } from './tracing';
import { measureWholeLine } from './whole-line';

const HELP = `npm run bench -- [what] [options]

What an event costs, as CPU-seconds per million events. Absolute figures belong to the machine; compare ratios. Services are
built first when their sources have changed; a broker and a Redis are started for each measurement that needs them.

what (default: the parts, then the whole line):
  --engine      what measures, windows, metrics and sessions cost by kind and number; a million groups and open sessions read back
  --floor       a plain program (kafkajs, JSON.parse, Maps) beside ours on the same events; the answers are compared
  --gateway     what the gateway takes for an event, in bodies and one a request, over HTTP and gRPC
  --profile     where the services of the line spend their time, function by function
  --latency     from the gateway's 202 to the row in a watch, at 100, 1,000 and 10,000 events a second
  --scaling     the line on one core and two, with more replicas, with more partitions
  --idle        what the processes cost while nothing is sent
  --start       how long each service takes to be ready, and \`npm start\`
  --recovery    how soon a million open sessions are back from Redis when another session-tracker takes over
  --sinks       what a row costs on its way into each store outside, beside the store's own bulk loader
  --tracing     what tracing one request in a hundred costs the services of the line
  --history     how long questions in SQL and pages take over 30 days of finals in the lake

options:
  --events N    events for the parts, the gateway and a round of the engine (default 200000)
  --line N      events for the whole line (default 500000; 0 leaves it out); 2000000 are two hours of event time
  --repeat N    rounds of the whole line and of the floor; medians are told (default 1)
  --seconds N   how long each latency and idleness are watched (default 60)
  --finals N    finals in the lake of --history (default 10000000)
  --write       put the figures into docs/benchmarks.md
  --help        this text

Events are kept in the cache directory (TILLSTREAM_CACHE, else ~/.cache/tillstream), 343 bytes each.
`;

/** What can be measured, by the name it has on the command line and on the page. */
const SECTIONS = {
  parts: measureParts,
  engine: measureEngine,
  line: measureWholeLine,
  floor: measureFloor,
  gateway: measureGateway,
  profile: measureProfiles,
  latency: measureLatency,
  scaling: measureScaling,
  idle: measureIdle,
  start: measureStart,
  recovery: measureRecovery,
  sinks: measureSinks,
  history: measureHistory,
  tracing: measureTracing,
} satisfies Record<string, (context: BenchContext) => Promise<string>>;
type Section = keyof typeof SECTIONS;
const ASKED_FOR = [
  'engine',
  'floor',
  'gateway',
  'profile',
  'latency',
  'scaling',
  'idle',
  'start',
  'recovery',
  'sinks',
  'history',
  'tracing',
] as const satisfies readonly Section[];

const OPTIONS = Object.fromEntries(
  ASKED_FOR.map((section) => [section, { type: 'boolean', default: false }]),
) as Record<(typeof ASKED_FOR)[number], { type: 'boolean'; default: false }>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...OPTIONS,
      events: { type: 'string', default: '200000' },
      line: { type: 'string', default: '500000' },
      repeat: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '60' },
      finals: { type: 'string', default: '10000000' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [partCount, lineCount] = [count('events', values.events), count('line', values.line)];
  const parsed = parseStreamFile(withThreeMetrics(commerceText()), { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
  builtServices();
  const context: BenchContext = {
    definition: parsed.definition,
    partCount,
    partEvents: () => uniformEvents(partCount, say),
    lineEvents: () => uniformEvents(lineCount, say),
    repeat: count('repeat', values.repeat),
    seconds: count('seconds', values.seconds),
    finals: count('finals', values.finals),
    write: values.write,
    say,
  };
  const asked = ASKED_FOR.filter((section) => values[section]);
  const sections: readonly Section[] = asked.length > 0 ? asked : lineCount > 0 ? ['parts', 'line'] : ['parts'];
  const command = ['npm run bench --', ...process.argv.slice(2).filter((word) => word !== '--write')].join(' ');
  for (const section of sections) {
    const loadBefore = loadAverage();
    const figures = await SECTIONS[section](context);
    const text = [figures, '', provenance(command, loadBefore)].join('\n');
    process.stdout.write(`\n${text}\n`);
    if (values.write) {
      writeFigures(section, text);
      say('wrote docs/benchmarks.md');
    }
  }
}

/** @throws RangeError on what is no whole number */
function count(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${option} takes a whole number, not ${text}`);
  return Number(text);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().then(
  () => (process.exitCode ??= 0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
