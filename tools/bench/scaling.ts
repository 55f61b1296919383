import { withOwnServers } from '../rig/own-servers';
import { pinTo } from '../rig/pin-to';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventsIn } from './events';
import { pidOf, runLine, without } from './line';
import type { LineCosts, LineOptions } from './line';

/** Everything on one core, or on two; one to four processes of enricher and aggregator each; few partitions or many. */
const CASES = [
  { cores: 1, replicas: 1, partitions: 4 },
  { cores: 2, replicas: 1, partitions: 4 },
  { cores: 2, replicas: 2, partitions: 4 },
  { cores: 2, replicas: 4, partitions: 4 },
  { cores: 1, replicas: 1, partitions: 12 },
  { cores: 2, replicas: 1, partitions: 12 },
  { cores: 2, replicas: 2, partitions: 12 },
  { cores: 2, replicas: 4, partitions: 12 },
];

/** What a full raw topic of batched records takes, by cores, replicas and partitions. */
export async function measureScaling({ lineEvents, say }: BenchContext): Promise<string> {
  const events = await lineEvents();
  const none = eventsIn(Buffer.alloc(0));
  const rows: string[][] = [];
  await withOwnServers(async (servers) => {
    say('warming up: a broker that has just started takes longer for everything');
    await runLine(servers, 'batched', none);
    for (const { cores, replicas, partitions } of CASES) {
      say(`measuring ${cores} core(s), ${replicas} replica(s), ${partitions} partitions`);
      const options: LineOptions = {
        partitions,
        replicas,
        onStarted: (platform) => {
          for (const process of platform.processes) pinTo(`0-${cores - 1}`, pidOf(process));
        },
      };
      for (const { pid } of [servers.broker, servers.store]) pinTo(`0-${cores - 1}`, pid);
      const idle = await runLine(servers, 'batched', none, options);
      const costs = without(idle, await runLine(servers, 'batched', events, options));
      rows.push(describe(costs, events.length, [cores, replicas, partitions]));
    }
  });
  return [
    `${events.length} events in raw, batched records, one run of each. Cores: for all processes, broker and Redis included. ` +
      'Seconds and CPU without what starting and waiting cost; MiB: the most that a process of either kind has held.',
    '',
    ...table(
      [
        'cores',
        'replicas',
        'partitions',
        'events/s',
        'enricher CPU-s per million',
        'aggregator',
        'broker',
        'enricher MiB',
        'aggregator MiB',
      ],
      rows,
    ),
  ].join('\n');
}

function describe({ cpu, wallSeconds, peakMiB }: LineCosts, events: number, heads: readonly number[]): string[] {
  const perMillion = ({ user, system }: { user: number; system: number }) =>
    (((user + system) / events) * 1e6).toFixed(2);
  return [
    ...heads.map(String),
    String(Math.round(events / wallSeconds / 1000) * 1000),
    perMillion(cpu.enricher),
    perMillion(cpu.aggregator),
    perMillion(cpu.broker),
    peakMiB.enricher.toFixed(0),
    peakMiB.aggregator.toFixed(0),
  ];
}
