import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, startRedis } from '@tillstream/local';
import type { ServiceName, ServiceProcess } from '../e2e/platform';
import { Platform, isEnriched, until } from '../e2e/platform';
import { fillRaw, sendBodies } from './feeds';
import { cpuSecondsOf, peakBytesOf } from './process-cpu';

const DONE_WITHIN_MS = 600_000;
const QUIET_MS = 2_000;
const RECORD_EVENTS = { 'one a record': 1, batched: 250 };

export const FORMS = ['one a record', 'batched', 'through the gateway'] as const;
export type Form = (typeof FORMS)[number];

const SERVICES = ['gateway', 'enricher', 'aggregator'] as const satisfies readonly ServiceName[];
export const PROCESSES = [...SERVICES, 'broker', 'redis'] as const;

interface Servers {
  readonly broker: { readonly pid: number };
  readonly redis: { readonly pid: number };
}

/** What a number of events cost each process of the line. */
export interface LineCosts {
  /** CPU-seconds. */
  readonly cpu: Readonly<Record<(typeof PROCESSES)[number], number>>;
  readonly wallSeconds: number;
  readonly peakMiB: Readonly<Record<(typeof SERVICES)[number], number>>;
}

/**
 * The whole line as real processes, in each of the forms that events come in. Services are measured from their birth until
 * there is nothing left to do, the broker and Redis over the same time. A run without events says what of that is starting
 * and waiting, and is subtracted. Putting events into raw beforehand is not measured, nor is this process.
 */
export async function measureLine(
  events: readonly string[],
  say: (text: string) => void,
): Promise<ReadonlyMap<Form, LineCosts>> {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  const broker = await startBroker({ dataDir: join(directory, 'kafka') });
  const redis = await startRedis({ dataDir: join(directory, 'redis') });
  process.env['KAFKA_BROKERS'] = broker.address;
  process.env['REDIS_URL'] = redis.address;
  try {
    const whole = new Map<Form, LineCosts>();
    for (const form of FORMS) {
      say(`measuring the whole line on ${events.length} events, ${form}`);
      whole.set(form, await runLine({ broker, redis }, form, events));
    }
    // Last, because a broker that has just started takes longer for everything.
    say('measuring what starting the services costs');
    const idle = await runLine({ broker, redis }, 'batched', []);
    return new Map(FORMS.map((form) => [form, without(idle, whole.get(form) ?? idle)]));
  } finally {
    await Promise.all([broker.stop(), redis.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runLine({ broker, redis }: Servers, form: Form, events: readonly string[]): Promise<LineCosts> {
  const platform = new Platform();
  try {
    await platform.createTopics();
    if (form !== 'through the gateway') await fillRaw(platform, events, RECORD_EVENTS[form]);
    const servers = { broker: cpuSecondsOf(broker.pid), redis: cpuSecondsOf(redis.pid) };
    const startedMs = performance.now();
    const [gateway, enricher, aggregator] = await Promise.all([
      platform.start('gateway'),
      platform.start('enricher'),
      platform.start('aggregator'),
    ]);
    await platform.allReady();
    if (form === 'through the gateway') await sendBodies(platform, gateway, events);
    await until('everything to be enriched', DONE_WITHIN_MS, () => isEnriched(platform));
    const lastResultMs = await quiet(platform);
    const pids = { gateway: pidOf(gateway), enricher: pidOf(enricher), aggregator: pidOf(aggregator) };
    return {
      cpu: {
        gateway: cpuSecondsOf(pids.gateway),
        enricher: cpuSecondsOf(pids.enricher),
        aggregator: cpuSecondsOf(pids.aggregator),
        broker: cpuSecondsOf(broker.pid) - servers.broker,
        redis: cpuSecondsOf(redis.pid) - servers.redis,
      },
      wallSeconds: (lastResultMs - startedMs) / 1000,
      peakMiB: {
        gateway: peakBytesOf(pids.gateway) / 2 ** 20,
        enricher: peakBytesOf(pids.enricher) / 2 ** 20,
        aggregator: peakBytesOf(pids.aggregator) / 2 ** 20,
      },
    };
  } finally {
    await platform.stop();
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

function without(idle: LineCosts, whole: LineCosts): LineCosts {
  const cpu = { ...whole.cpu };
  for (const process of PROCESSES) cpu[process] -= idle.cpu[process];
  return { ...whole, cpu, wallSeconds: whole.wallSeconds - idle.wallSeconds };
}

function pidOf({ child, service }: ServiceProcess): number {
  if (child.pid === undefined) throw new Error(`${service} has not started`);
  return child.pid;
}
