import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WatchWindowsResponse } from '@tillstream/contracts';
import type { ServiceProcess } from '../e2e/platform';
import { Platform, SERVICES, WRITE_KEY, until } from '../e2e/platform';
import { withOwnServers } from '../rig/own-servers';
import { cpuSecondsOf, loadAverage } from '../rig/process-figures';
import { table } from '../rig/table';
import { percentileChart } from './chart';
import type { BenchContext } from './context';
import { pidOf } from './line';
import { percentile } from './measure';
import { BODY_EVERY_MS, probeOf, sendOpenLoad } from './open-load';
import type { SentBody } from './open-load';
import { watchWindows } from './watch-client';

const RATES = [100, 1_000, 10_000];
/** Until then the services are still being compiled, and what is measured is that. */
const WARM_UP_MS = 30_000;
/** Results leave this often, and as many as there are: how long an event takes is asked, not how long it may be put off. */
const EMIT = 'emit: { every: 50ms, maxPerSecond: 50000 }';
const VISIBLE_WITHIN_MS = 60_000;
const METRIC = 'revenue_by_category';
const PICTURE = 'docs/latency.svg';

/** Milliseconds of each body that was counted. */
interface Latencies {
  readonly acknowledged: number[];
  readonly visible: number[];
  readonly fromIntended: number[];
  /** CPU of each service meanwhile, in % of a core. */
  readonly cpu: readonly number[];
  readonly load: number;
}

/**
 * From the answer 202 to the moment a watch has the row: a purchase in a category of its own goes through all of the line,
 * the merge of partitions included.
 */
export async function measureLatency({ seconds, write, say }: BenchContext): Promise<string> {
  const measured = new Map<number, Latencies>();
  for (const rate of RATES) {
    say(`measuring latency at ${rate} events a second for ${seconds} s`);
    measured.set(rate, await withOwnServers(() => measureAt(rate, seconds)));
  }
  if (write) {
    const lines = [...measured].map(([rate, { visible }]) => ({ name: `${rate} events/s`, values: visible }));
    writeFileSync(join(process.cwd(), PICTURE), percentileChart('acknowledged → visible in a watch, ms', lines));
  }
  return describe(measured, seconds);
}

async function measureAt(rate: number, seconds: number): Promise<Latencies> {
  const platform = new Platform((file) => file.replace(/^ {4}outOfOrderness: .*$/gm, `$&\n    ${EMIT}`));
  const bodies: SentBody[] = [];
  const visibleMs: number[] = [];
  const seen = ({ upserts }: WatchWindowsResponse): void => {
    const nowMs = performance.now();
    for (const { group } of upserts) {
      const body = probeOf(group['category']?.text ?? '');
      if (body !== null) visibleMs[body] ??= nowMs;
    }
  };
  try {
    await platform.createTopics();
    const services = await Promise.all(SERVICES.map((service) => platform.start(service)));
    const [gateway, queryApi] = [services[0] as ServiceProcess, services[3] as ServiceProcess];
    await platform.allReady();
    const watch = watchWindows(`127.0.0.1:${queryApi.grpc}`, { stream: platform.stream, metric: METRIC }, seen);
    const before = services.map((service) => cpuSecondsOf(pidOf(service)));
    const startedMs = performance.now();
    const warmUp = WARM_UP_MS / BODY_EVERY_MS;
    const count = warmUp + (seconds * 1000) / BODY_EVERY_MS;
    const url = `http://127.0.0.1:${gateway.http}/v1/streams/${platform.stream}/events`;
    await Promise.race([
      sendOpenLoad({ url, key: WRITE_KEY, eventsPerSecond: rate, bodies: count }, bodies),
      watch.failed,
    ]);
    const load = loadAverage();
    const sentMs = performance.now() - startedMs;
    const cpu = services.map(
      (service, index) => ((cpuSecondsOf(pidOf(service)) - (before[index] ?? 0)) / sentMs) * 1e5,
    );
    await until(`all ${count} probes to be visible`, VISIBLE_WITHIN_MS, async () => {
      for (let body = 0; body < count; body += 1) if (visibleMs[body] === undefined) return false;
      return true;
    });
    watch.close();
    const counted = bodies
      .slice(warmUp)
      .map((body, index) => ({ ...body, visibleMs: visibleMs[warmUp + index] ?? NaN }));
    return {
      acknowledged: counted.map(({ intendedMs, acknowledgedMs }) => acknowledgedMs - intendedMs),
      visible: counted.map((body) => Math.max(0, body.visibleMs - body.acknowledgedMs)),
      fromIntended: counted.map((body) => body.visibleMs - body.intendedMs),
      cpu,
      load,
    };
  } finally {
    await platform.stop();
  }
}

function describe(measured: ReadonlyMap<number, Latencies>, seconds: number): string {
  const ms = (values: readonly number[], share: number): string => percentile(values, share).toFixed(0);
  const three = (values: readonly number[]) => [ms(values, 0.5), ms(values, 0.99), ms(values, 1)];
  const rows = [...measured].map(([rate, { acknowledged, visible, fromIntended, cpu, load }]) => [
    String(rate),
    ...three(visible),
    ...three(acknowledged).slice(0, 2),
    ...three(fromIntended),
    ...cpu.map((share) => share.toFixed(0)),
    load.toFixed(1),
  ]);
  const heads = [
    'events/s',
    'p50',
    'p99',
    'max',
    'ack p50',
    'ack p99',
    'all p50',
    'all p99',
    'all max',
    ...SERVICES,
    'load',
  ];
  return [
    `Milliseconds, ${seconds} s at each rate after ${WARM_UP_MS / 1000} s of warming up, a body every ${BODY_EVERY_MS} ms at a ` +
      'time fixed in advance, its first event looked for. p50, p99, max: from the 202 to the row in the watch. ack: from the ' +
      'fixed time to the 202. all: from the fixed time to the row. Services: their CPU, in % of a core. load: processes that wanted to run on the machine.',
    '',
    ...table(heads, rows),
  ].join('\n');
}
