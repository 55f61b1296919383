import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ServiceName, ServiceProcess } from '../e2e/platform';
import { checkFollowed } from './check-followed';
import { grpcClient, httpClient, newAgent, Tally } from './clients';
import { Follower } from './follower';
import { handlesOf, residentMiB } from './gauges';
import { Ledger } from './ledger';
import { Load } from './load';
import { quantiles, Report } from './report';
import { Rig } from './rig';
import type { OwnServers } from '../rig/own-servers';
import { sendSteadily } from './send-steadily';

export interface SoakOptions {
  readonly minutes: number;
  readonly eventsPerSecond: number;
  readonly killEverySeconds: number;
  /** How long the topics keep their records. */
  readonly retentionSeconds: number;
  /** Started with `EAGER_RETENTION`; default: its own. */
  readonly servers?: OwnServers;
}

/** A broker that looks often for what has expired. */
export const EAGER_RETENTION: Readonly<Record<string, string>> = {
  'log.retention.check.interval.ms': '10000',
  'log.segment.delete.delay.ms': '5000',
};

const MINUTE_MS = 60_000;
const BODY_EVENTS = 100;
const SHAPE = { users: 2_000, categories: 50 };
const SERVICES = ['gateway', 'enricher', 'aggregator', 'query-api'] as const;
/** Two of each: the first is killed now and then, the second lives all the time and shows what grows. */
const PAIRS: readonly ServiceName[] = [...SERVICES, ...SERVICES];
/** Machines that do much else at the same time are slow to start anything. */
const READY_WITHIN_MS = 300_000;
/** What may differ without being growth: memory that V8 has not collected yet, connections that are being made anew. */
const MEMORY_SLACK = { factor: 1.3, mib: 40 };
const HANDLE_SLACK = 20;
const LOG_SLACK = 1.5;

/** Windows of a minute, so that a short retention covers what is open. */
const SHORT_WINDOWS = (text: string): string =>
  text
    .replace(/window: \{ size: 5m, hop: 1m \}/g, 'window: { size: 1m, hop: 30s }')
    .replace(/outOfOrderness: (5|10)m/g, 'outOfOrderness: 1m')
    .replace(/within: 10m/, 'within: 3m');

/** What stood there at one moment. */
interface Sample {
  readonly minute: number;
  /** MiB of resident memory and open handles, by process. */
  readonly memory: ReadonlyMap<string, number>;
  readonly handles: ReadonlyMap<string, number>;
  readonly keys: number;
  readonly redisMiB: number;
  readonly logMiB: number;
  readonly events: number;
}

/**
 * A steady load for a long time, while a service is killed again and again. Nothing may grow but what retention keeps, and in
 * the end every result that has ever been published must be the right one.
 */
export async function soak(options: SoakOptions): Promise<readonly string[]> {
  const report = new Report('soak');
  const kept = { 'retention.ms': String(options.retentionSeconds * 1_000), 'segment.ms': '30000' };
  const rigOptions = {
    streamFile: SHORT_WINDOWS,
    services: PAIRS,
    topicSettings: { raw: kept, enriched: kept, parts: kept, metrics: kept, late: kept, deadLetters: kept },
    brokerProperties: EAGER_RETENTION,
    servers: options.servers,
  };
  await Rig.with(rigOptions, async (rig) => {
    const { platform } = rig;
    const load = new Load(SHAPE, new Ledger({ sizeMs: MINUTE_MS, hopMs: MINUTE_MS / 2 }));
    const tally = new Tally();
    const agent = newAgent();
    const clients = platform.processes
      .filter(({ service }) => service === 'gateway')
      .flatMap(({ http, grpc }) => [
        httpClient(http, platform.stream, tally, agent),
        grpcClient(grpc ?? 0, platform.stream, tally),
      ]);
    const follower = new Follower(platform);
    const redis = new Redis(rig.redis.address);
    const samples: Sample[] = [];
    const comebacks: number[] = [];
    const stopping = new AbortController();
    const beganMs = performance.now();
    const untilMs = beganMs + options.minutes * MINUTE_MS;

    const pace = { eventsPerSecond: options.eventsPerSecond, bodyEvents: BODY_EVENTS };
    const sending = sendSteadily(clients, load, pace, () => performance.now() >= untilMs);
    const killing = killInTurn(rig, options, untilMs, comebacks);
    const sampling = (async () => {
      for (let minute = 1; minute <= Math.max(1, options.minutes); minute += 1) {
        const dueMs = Math.min(beganMs + minute * MINUTE_MS, untilMs) - performance.now();
        await sleep(Math.max(0, dueMs), undefined, { signal: stopping.signal });
        const sample = await takeSample(rig, redis, minute, load.count);
        samples.push(sample);
        report.figure(`minute ${minute}`, sampleText(sample));
      }
    })();
    try {
      await Promise.all([sending, killing, sampling]);
    } catch (error) {
      follower.abandon();
      redis.disconnect();
      throw error;
    } finally {
      stopping.abort();
    }
    await platform.allReady();
    await platform.advance(load.ledger.endMs + 10 * MINUTE_MS);

    await checkFollowed(rig, { load, follower, tally }, report);
    redis.disconnect();
    for (const client of clients) client.close();
    agent.destroy();

    report.figure('kills', `${comebacks.length}; ready again after ${quantiles(comebacks)}`);
    table(report, samples, options.minutes);
    checkGrowth(report, samples);
  });
  return report.problems;
}

async function killInTurn(rig: Rig, options: SoakOptions, untilMs: number, comebacks: number[]): Promise<void> {
  const victims = rig.platform.processes.slice(0, SERVICES.length);
  const everyMs = options.killEverySeconds * 1_000;
  for (let dueMs = performance.now() + everyMs / 2, i = 0; dueMs < untilMs; dueMs += everyMs, i += 1) {
    await sleep(Math.max(0, dueMs - performance.now()));
    const victim = victims[i % victims.length] as ServiceProcess;
    await rig.platform.killAndRestart(victim);
    const startedMs = performance.now();
    await rig.platform.ready(victim, READY_WITHIN_MS);
    comebacks.push(performance.now() - startedMs);
  }
}

async function takeSample(rig: Rig, redis: Redis, minute: number, events: number): Promise<Sample> {
  const memory = new Map<string, number>();
  const handles = new Map<string, number>();
  rig.processes.forEach(({ name, pid }, i) => {
    const label = i < SERVICES.length ? `${name} (killed)` : name;
    memory.set(label, residentMiB(pid()));
    handles.set(label, handlesOf(pid()));
  });
  const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
  const logBytes = Number(
    execFileSync('du', ['-sb', `${rig.broker.dataDir}/log`], { encoding: 'utf8' }).split('\t')[0],
  );
  return {
    minute,
    memory,
    handles,
    keys: await redis.dbsize(),
    redisMiB: Number(used) / 2 ** 20,
    logMiB: logBytes / 2 ** 20,
    events,
  };
}

function sampleText({ memory, handles, keys, redisMiB, logMiB, events }: Sample): string {
  const processes = [...memory].map(([name, mib]) => `${name} ${mib.toFixed(0)} MiB ${handles.get(name)} handles`);
  return `${events} events; ${processes.join(', ')}; ${keys} keys in ${redisMiB.toFixed(1)} MiB; log ${logMiB.toFixed(0)} MiB`;
}

function table(report: Report, samples: readonly Sample[], minutes: number): void {
  const shown = samples.filter(({ minute }) => [1, 10, 20, 30].includes(minute) || minute === minutes);
  const head = ['', ...shown.map(({ minute }) => `minute ${minute}`)];
  const names = [...(samples[0]?.memory.keys() ?? [])];
  report.table('memory, handles, keys, log', head, [
    ...names.map((name) => [
      `${name}: MiB / handles`,
      ...shown.map(({ memory, handles }) => `${(memory.get(name) ?? 0).toFixed(0)} / ${handles.get(name)}`),
    ]),
    ['keys in Redis', ...shown.map(({ keys }) => String(keys))],
    ['MiB in Redis', ...shown.map(({ redisMiB }) => redisMiB.toFixed(1))],
    ['MiB of log', ...shown.map(({ logMiB }) => logMiB.toFixed(0))],
  ]);
}

/** The last third against the middle: what has settled by then must not go on growing. */
function checkGrowth(report: Report, samples: readonly Sample[]): void {
  const third = Math.floor(samples.length / 3);
  if (third < 2) return;
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(-third);
  const most = (of: readonly Sample[], what: (sample: Sample) => number): number => Math.max(...of.map(what));
  for (const name of samples[0]?.memory.keys() ?? []) {
    const memory = (sample: Sample): number => sample.memory.get(name) ?? 0;
    const [before, after] = [most(middle, memory), most(last, memory)];
    const text = `${before.toFixed(0)} MiB, then ${after.toFixed(0)} MiB`;
    report.check(`memory of ${name} has not grown`, after <= before * MEMORY_SLACK.factor + MEMORY_SLACK.mib, text);
    const handles = (sample: Sample): number => sample.handles.get(name) ?? 0;
    const [open, opened] = [most(middle, handles), most(last, handles)];
    report.check(`handles of ${name} have not grown`, opened <= open + HANDLE_SLACK, `${open}, then ${opened}`);
  }
  const keys = (sample: Sample): number => sample.keys;
  report.check('keys in Redis have not grown', most(last, keys) <= most(middle, keys) + 2);
  const log = (sample: Sample): number => sample.logMiB;
  report.check('the log has not grown beyond retention', most(last, log) <= most(middle, log) * LOG_SLACK);
}
