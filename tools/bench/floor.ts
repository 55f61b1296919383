import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KafkaAdmin } from '@tillstream/adapter-kafka';
import { decodeMetricsRecord } from '@tillstream/contracts';
import { readRange } from '@tillstream/engine';
import { Platform } from '../e2e/platform';
import type { OwnServers } from '../rig/own-servers';
import { withOwnServers } from '../rig/own-servers';
import { cpuOf, cpuSecondsOf, peakBytesOf } from '../rig/process-figures';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventsIn } from './events';
import type { EventFile } from './events';
import { fillTopic } from './feeds';
import { deleteTopics, runLine, without } from './line';
import type { LineCosts, LineOptions } from './line';
import { median } from './measure';

const PROGRAM = 'tools/bench/plain-program.ts';
/** Node runs TypeScript as it stands, and says what it guessed. */
const PLAIN_NODE = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=TimeoutNegativeWarning'];
const NO_EVENTS = eventsIn(Buffer.alloc(0));
const OURS = ['one a record', 'batched'] as const;
const SHOWN_DIFFERENCES = 5;

interface PlainCosts {
  readonly cpuSeconds: number;
  readonly brokerSeconds: number;
  readonly peakMiB: number;
  readonly results: number;
}

/** Costs of all rounds, what starting costs taken away. */
interface Rounds {
  readonly writing: PlainCosts[];
  readonly notWriting: PlainCosts[];
  readonly ours: Record<(typeof OURS)[number], LineCosts[]>;
}

/** A plain program beside us, on the same events and brokers, in turns; its answers are compared with ours, each of them. */
export async function measureFloor({ definition, lineEvents, repeat, say }: BenchContext): Promise<string> {
  const events = await lineEvents();
  const rounds: Rounds = { writing: [], notWriting: [], ours: { 'one a record': [], batched: [] } };
  const compared = await withOwnServers(async (servers) => {
    let compared = '';
    say('warming up: a broker that has just started takes longer for everything');
    await runLine(servers, 'batched', NO_EVENTS);
    for (let round = 1; round <= repeat; round += 1) {
      const told = repeat > 1 ? `, round ${round} of ${repeat}` : '';
      const answers = round === 1 ? new Map<string, string>() : null;
      say(`measuring the plain program on ${events.length} events${told}`);
      const idle = await runPlain(servers, definition.schema.partitions, NO_EVENTS, true, null);
      const minus = (costs: PlainCosts): PlainCosts => ({ ...costs, cpuSeconds: costs.cpuSeconds - idle.cpuSeconds });
      rounds.writing.push(minus(await runPlain(servers, definition.schema.partitions, events, true, answers)));
      rounds.notWriting.push(minus(await runPlain(servers, definition.schema.partitions, events, false, null)));
      say(`measuring ours${told}`);
      const oursIdle = await runLine(servers, 'batched', NO_EVENTS);
      for (const form of OURS) {
        const options: LineOptions = answers
          ? { afterwards: async (platform) => void (compared = await compare(platform, new Map(answers))) }
          : {};
        rounds.ours[form].push(without(oursIdle, await runLine(servers, form, events, options)));
      }
    }
    return compared;
  });
  return describe(rounds, events.length, repeat, compared);
}

/** One run of the plain program on a topic of its own. @param answers takes what it wrote, by metric, window and group */
async function runPlain(
  { broker }: OwnServers,
  partitions: number,
  events: EventFile,
  writing: boolean,
  answers: Map<string, string> | null,
): Promise<PlainCosts> {
  const platform = new Platform(); // for its reader and writer: nothing of it is started
  const admin = new KafkaAdmin({ brokers: [broker.address], clientId: 'bench-admin' });
  const topics = { raw: `plain-${platform.stream}`, results: `plain-${platform.stream}-results` };
  try {
    await admin.createTopics(
      [topics.raw, topics.results].map((topic) => ({ topic, partitions, replication: 1, configs: {} })),
    );
    await fillTopic(platform.writer, topics.raw, partitions, events, 1);
    const brokerBefore = cpuSecondsOf(broker.pid);
    const child = spawn(process.execPath, [...PLAIN_NODE, join(process.cwd(), PROGRAM)], {
      env: {
        ...process.env,
        BROKERS: broker.address,
        RAW_TOPIC: topics.raw,
        ...(writing ? { RESULTS_TOPIC: topics.results } : {}),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const { pid } = child;
    if (pid === undefined) throw new Error(`${PROGRAM} has not started`);
    const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => null)]);
    if (line === null) throw new Error(`${PROGRAM} ended before it was done`);
    const { results } = JSON.parse(String(line[0])) as { results: number };
    const { user, system } = cpuOf(pid);
    const costs: PlainCosts = {
      cpuSeconds: user + system,
      brokerSeconds: cpuSecondsOf(broker.pid) - brokerBefore,
      peakMiB: peakBytesOf(pid) / 2 ** 20,
      results,
    };
    child.kill('SIGKILL');
    await ended;
    if (answers) await readAnswers(platform, topics.results, partitions, answers);
    return costs;
  } finally {
    await platform.stop();
    await admin.close();
    await deleteTopics(broker.address, [topics.raw, topics.results]);
  }
}

const utf8 = new TextDecoder();

interface Answer {
  readonly metric: string;
  readonly window_start: string;
  readonly group: Readonly<Record<string, unknown>>;
  readonly measures: Readonly<Record<string, unknown>>;
}

async function readAnswers(
  { reader }: Platform,
  topic: string,
  partitions: number,
  answers: Map<string, string>,
): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1) {
    for (const { value } of await readRange(reader, topic, partition, 0, await reader.end(topic, partition))) {
      const { metric, window_start, group, measures } = JSON.parse(utf8.decode(value ?? undefined)) as Answer;
      answers.set(nameOf(metric, Date.parse(window_start), group), textOf(measures));
    }
  }
}

/** @param theirs is emptied. @throws Error with the first differences */
async function compare({ definition, reader }: Platform, theirs: Map<string, string>): Promise<string> {
  const { topics, schema } = definition;
  const rows = new Map<string, number>();
  const differences: string[] = [];
  for (let partition = 0; partition < schema.partitions; partition += 1) {
    const end = await reader.end(topics.metrics, partition);
    for (const record of await readRange(reader, topics.metrics, partition, 0, end)) {
      const said = decodeMetricsRecord(record);
      if (said.kind !== 'result' || !said.final) continue;
      const name = nameOf(said.metric, said.startMs, said.group);
      const [ours, other] = [textOf(said.measures), theirs.get(name)];
      theirs.delete(name);
      rows.set(said.metric, (rows.get(said.metric) ?? 0) + 1);
      if (ours !== other) differences.push(`${name}: ours ${ours}, the plain program's ${other ?? 'missing'}`);
    }
  }
  for (const [name, text] of theirs) differences.push(`${name}: ours is missing, the plain program's ${text}`);
  if (differences.length > 0) {
    throw new Error(
      [`${differences.length} answers differ, the first of them:`, ...differences.slice(0, SHOWN_DIFFERENCES)].join(
        '\n',
      ),
    );
  }
  return [...rows].map(([metric, count]) => `${count} of ${metric}`).join(', ');
}

const nameOf = (metric: string, startMs: number, group: Readonly<Record<string, unknown>>): string =>
  `${metric} ${new Date(startMs).toISOString()} ${Object.values(group).join(' ')}`;

/** Lists as sets: the order in which they were collected is that of the partitions' progress. Averages to a millionth. */
function textOf(measures: Readonly<Record<string, unknown>>): string {
  return Object.entries(measures)
    .map(
      ([name, value]) =>
        `${name}=${Array.isArray(value) ? [...(value as readonly string[])].sort().join('+') : rounded(name, value)}`,
    )
    .join(' ');
}

function rounded(name: string, value: unknown): string {
  return /^avg|rate$/.test(name) && value !== null ? Number(value).toFixed(5) : String(value);
}

function describe(rounds: Rounds, events: number, repeat: number, compared: string): string {
  const perMillion = (seconds: number): number => (seconds / events) * 1e6;
  const plain = (costs: readonly PlainCosts[], figure: keyof PlainCosts) => median(costs.map((cost) => cost[figure]));
  const ours = (form: (typeof OURS)[number], figure: (costs: LineCosts) => number) =>
    median(rounds.ours[form].map(figure));
  const services = ({ cpu: { enricher, aggregator } }: LineCosts) =>
    enricher.user + enricher.system + aggregator.user + aggregator.system;
  const redis = ({ cpu }: LineCosts) => cpu.redis.user + cpu.redis.system;
  const broker = ({ cpu }: LineCosts) => cpu.broker.user + cpu.broker.system;
  const writing = perMillion(plain(rounds.writing, 'cpuSeconds'));
  const row = (name: string, cpu: number, redisCpu: number | null, brokerCpu: number, peak: number) => [
    name,
    cpu.toFixed(2),
    redisCpu === null ? '–' : redisCpu.toFixed(2),
    brokerCpu.toFixed(2),
    peak.toFixed(0),
    (writing / cpu).toFixed(1),
  ];
  const rows = [
    row(
      'plain program, all results written',
      writing,
      null,
      perMillion(plain(rounds.writing, 'brokerSeconds')),
      plain(rounds.writing, 'peakMiB'),
    ),
    row(
      'plain program, results computed and not written',
      perMillion(plain(rounds.notWriting, 'cpuSeconds')),
      null,
      perMillion(plain(rounds.notWriting, 'brokerSeconds')),
      plain(rounds.notWriting, 'peakMiB'),
    ),
    ...OURS.map((form) =>
      row(
        `enricher and aggregator, ${form}`,
        perMillion(ours(form, services)),
        perMillion(ours(form, redis)),
        perMillion(ours(form, broker)),
        ours(form, ({ peakMiB }) => peakMiB.enricher + peakMiB.aggregator),
      ),
    ),
  ];
  const results = plain(rounds.writing, 'results');
  return [
    `${events} events, CPU-s per million events, what starting costs taken away${repeat > 1 ? `, medians of ${repeat} rounds` : ''}. ` +
      `Each of the ${results} results (${(results / events).toFixed(2)} an event: ${compared}) is the same in all.`,
    '',
    ...table(['', 'CPU-s', 'Redis', 'broker', 'peak MiB', 'times cheaper than the plain program'], rows),
  ].join('\n');
}
