import { KafkaAdmin } from '@tillstream/adapter-kafka';
import { topicSpecs } from '@tillstream/contracts';
import type { ServiceName, ServiceProcess } from '../e2e/platform';
import { Platform, isEnriched, until } from '../e2e/platform';
import type { OwnServers } from '../rig/own-servers';
import { cpuOf, peakBytesOf } from '../rig/process-figures';
import type { Cpu } from '../rig/process-figures';
import type { EventFile } from './events';
import { fillTopic, sendBodies } from './feeds';

const DONE_WITHIN_MS = 900_000;
const QUIET_MS = 2_000;
const RECORD_EVENTS = { 'one a record': 1, batched: 250 };

export const FORMS = ['one a record', 'batched', 'through the gateway'] as const;
export type Form = (typeof FORMS)[number];

const SERVICES = ['gateway', 'enricher', 'aggregator'] as const satisfies readonly ServiceName[];
export type Service = (typeof SERVICES)[number];
export const PROCESSES = [...SERVICES, 'broker', 'redis'] as const;
export type Process = (typeof PROCESSES)[number];

/** What a number of events cost each process of the line. */
export interface LineCosts {
  readonly cpu: Readonly<Record<Process, Cpu>>;
  /** Seconds for which a service stood still to collect garbage. */
  readonly gcSeconds: Readonly<Record<Service, number>>;
  readonly wallSeconds: number;
  readonly peakMiB: Readonly<Record<Service, number>>;
}

export interface LineOptions {
  /** What the services are told beside their addresses. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Partitions of the stream, if not those of its file. */
  readonly partitions?: number;
  /** Processes of the enricher and of the aggregator each. */
  readonly replicas?: number;
  /** Called with the platform once everything is done and measured, before it stops. */
  readonly afterwards?: (platform: Platform) => Promise<void>;
  /** Called once the processes run. */
  readonly onStarted?: (platform: Platform) => void;
}

/**
 * One run of the whole line as real processes. Services are measured from their birth until there is nothing left to do,
 * the broker and Redis over the same time. The last thing in raw closes every window, so all results are in it. Putting
 * events into raw beforehand is not measured, nor is this process. Subtract a run without events: what of that is
 * starting and waiting.
 */
export async function runLine(
  { broker, store: redis }: OwnServers,
  form: Form,
  events: EventFile,
  { environment = {}, partitions, replicas = 1, afterwards, onStarted }: LineOptions = {},
): Promise<LineCosts> {
  const platform = new Platform(
    (file) => (partitions === undefined ? file : file.replace(/^partitions: .*/m, `partitions: ${partitions}`)),
    environment,
  );
  const { writer, definition } = platform;
  try {
    await platform.createTopics();
    if (form !== 'through the gateway') {
      const { topics, schema } = definition;
      await fillTopic(writer, topics.raw, schema.partitions, events, RECORD_EVENTS[form]);
      await closeWindows(platform, events);
    }
    const before = { broker: cpuOf(broker.pid), redis: cpuOf(redis.pid) };
    const startedMs = performance.now();
    const gateway = await platform.start('gateway');
    const workers = await Promise.all(
      Array.from({ length: replicas }, () => [platform.start('enricher'), platform.start('aggregator')]).flat(),
    );
    onStarted?.(platform);
    await platform.allReady();
    if (form === 'through the gateway') {
      await sendBodies(platform, gateway, events);
      await closeWindows(platform, events);
    }
    await until('everything to be enriched', DONE_WITHIN_MS, () => isEnriched(platform));
    await everythingApplied(platform, broker.address);
    const lastResultMs = await quiet(platform);
    const of = <T>(service: Service, figure: (process: ServiceProcess) => T): T[] =>
      [gateway, ...workers].filter((process) => process.service === service).map(figure);
    const cpu = (service: Service): Cpu => of(service, (process) => cpuOf(pidOf(process))).reduce(plus);
    const most = (service: Service): number => Math.max(...of(service, (process) => peakBytesOf(pidOf(process))));
    const costs: LineCosts = {
      cpu: {
        ...each(cpu),
        broker: minus(cpuOf(broker.pid), before.broker),
        redis: minus(cpuOf(redis.pid), before.redis),
      },
      gcSeconds: await eachLater(async (service) => {
        const pauses = await Promise.all(of(service, ({ http }) => gcSecondsOf(platform, http)));
        return pauses.reduce((sum, seconds) => sum + seconds, 0);
      }),
      wallSeconds: (lastResultMs - startedMs) / 1000,
      peakMiB: each((service) => most(service) / 2 ** 20),
    };
    await afterwards?.(platform);
    return costs;
  } finally {
    await platform.stop();
    await deleteTopics(
      broker.address,
      topicSpecs(definition, 1).map(({ name }) => name),
    );
  }
}

/** What is left when starting and waiting are taken away. */
export function without(idle: LineCosts, whole: LineCosts): LineCosts {
  const cpu = { ...whole.cpu };
  for (const process of PROCESSES) cpu[process] = minus(whole.cpu[process], idle.cpu[process]);
  return {
    ...whole,
    cpu,
    gcSeconds: each((service) => Math.max(0, whole.gcSeconds[service] - idle.gcSeconds[service])),
    wallSeconds: whole.wallSeconds - idle.wallSeconds,
  };
}

/** Topics that are no longer needed leave the disk to the next run. */
export async function deleteTopics(brokers: string, topics: readonly string[]): Promise<void> {
  const admin = new KafkaAdmin({ brokers: [brokers], clientId: 'bench-admin' });
  try {
    await admin.deleteTopics(topics);
  } finally {
    await admin.close();
  }
}

/** An hour beyond the newest event every window is closed. */
async function closeWindows(platform: Platform, events: EventFile): Promise<void> {
  if (events.length > 0) await platform.advance(events.newestMs() + 3_600_000);
}

/** Waits until the checkpoints have passed all that was enriched, and all parts. */
async function everythingApplied({ definition, stream }: Platform, brokers: string): Promise<void> {
  const { enriched, parts } = definition.topics;
  const admin = new KafkaAdmin({ brokers: [brokers], clientId: 'bench-admin' });
  try {
    await until('everything to be applied', DONE_WITHIN_MS, async () => {
      const lags = await admin.groupLag(`${stream}.aggregator`, [enriched, parts]);
      return lags.every(({ lag }) => lag === 0);
    });
  } finally {
    await admin.close();
  }
}

/** Waits until no result has come for a while; returns when the last one was seen. */
async function quiet({ definition, reader }: Platform): Promise<number> {
  const { topics, schema } = definition;
  let known = -1;
  let sinceMs = 0;
  await until('the results to be complete', DONE_WITHIN_MS, async () => {
    let now = 0;
    for (let partition = 0; partition < schema.partitions; partition += 1) {
      now += await reader.end(topics.metrics, partition);
    }
    if (now !== known) {
      known = now;
      sinceMs = performance.now();
    }
    return performance.now() - sinceMs >= QUIET_MS;
  });
  return sinceMs;
}

async function gcSecondsOf(platform: Platform, http: number): Promise<number> {
  const lines = await platform.metric(http, 'nodejs_gc_duration_seconds_sum');
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function each<T>(figure: (service: Service) => T): Record<Service, T> {
  return { gateway: figure('gateway'), enricher: figure('enricher'), aggregator: figure('aggregator') };
}

async function eachLater<T>(figure: (service: Service) => Promise<T>): Promise<Record<Service, T>> {
  const [gateway, enricher, aggregator] = await Promise.all(SERVICES.map(figure));
  return { gateway, enricher, aggregator } as Record<Service, T>;
}

const plus = (a: Cpu, b: Cpu): Cpu => ({ user: a.user + b.user, system: a.system + b.system });
const minus = (a: Cpu, b: Cpu): Cpu => ({ user: a.user - b.user, system: a.system - b.system });

export function pidOf({ child, service }: ServiceProcess): number {
  if (child.pid === undefined) throw new Error(`${service} has not started`);
  return child.pid;
}
