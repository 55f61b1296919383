import { table } from '../rig/table';
import type { Costs } from './costs';
import { BUSY, demandOf, partitionLimit, type Demand } from './demand';
import type { SkewLine } from './chart';
import { KeyLoads } from './skew';

export const COUNTS = [4, 8, 16, 32, 64, 128, 256, 512, 1_024];
const SKEWS: readonly (readonly [number, string])[] = [
  [0, 'all keys alike'],
  [0.8, 'skew 0.8'],
  [1, 'skew 1 (Zipf)'],
  [1.2, 'skew 1.2'],
];
/** How a shop's visitors differ. */
const USUAL_SKEW = 0.8;
/** Events of one of them. More is a program, which the limits of the gateway's keys are for. */
const MOST_A_SECOND = 100;

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
const short = (value: number): string => (value >= 10 ? thousands(value) : value.toFixed(1));

/** How uneven partitions are, by their number and by how much keys differ. */
export function skewLines(keys: number): readonly SkewLine[] {
  return SKEWS.map(([skew, name]) => {
    const loads = new KeyLoads(keys, skew);
    return { name, ratios: COUNTS.map((count) => loads.fullest(count) * count) };
  });
}

export function skewTable(keys: number, lines: readonly SkewLine[]): string {
  const busiest = SKEWS.map(([skew]) => `${(100 * new KeyLoads(keys, skew).busiest).toFixed(3)} %`);
  return [
    `${thousands(keys)} keys; the fullest partition, as a multiple of the mean:`,
    '',
    ...table(
      ['partitions', ...lines.map(({ name }) => name)],
      [
        ...COUNTS.map((count, i) => [String(count), ...lines.map(({ ratios }) => (ratios[i] ?? 0).toFixed(2))]),
        ['share of the busiest key', ...busiest],
      ],
    ),
  ].join('\n');
}

/** What some rates ask for. */
export function demandTable(rates: readonly number[], keys: number, costs: Costs, withVisits: boolean): string {
  const demands = rates.map((rate) =>
    demandOf(rate, costs, new KeyLoads(keys, USUAL_SKEW, MOST_A_SECOND / rate), withVisits),
  );
  const row = (name: string, cell: (demand: Demand) => string): string[] => [name, ...demands.map(cell)];
  const services = demands[0]?.services.map(({ service }) => service) ?? [];
  const what = withVisits ? 'Windows, sessions and attribution' : 'Windows alone';
  const limit = thousands(partitionLimit(costs, withVisits));
  return [
    `${what}: ${thousands(keys)} keys, skew ${USUAL_SKEW}, at most ${MOST_A_SECOND} events a second of each, a core kept at ${100 * BUSY} %. One partition takes ${limit} events a second at most.`,
    '',
    ...table(
      ['events a second', ...rates.map(thousands)],
      [
        row('partitions', ({ partitions }) => (partitions === null ? 'too few in any case' : String(partitions))),
        row('events a second in the fullest', ({ fullestPartition }) => thousands(fullestPartition)),
        ...services.flatMap((service, i) => [
          row(`${service}: cores busy`, (demand) => short(demand.services[i]?.cores ?? 0)),
          row(`${service}: replicas`, (demand) => String(demand.services[i]?.replicas ?? 0)),
        ]),
        row('brokers: cores busy, 3 copies', ({ brokerCores }) => short(brokerCores)),
        row('into the brokers, Mbit/s, not compressed', ({ rawMbits }) => thousands(rawMbits)),
        row('Redis: cores busy, windows', ({ redisCores }) => short(redisCores)),
        row('Redis: MiB/s of windows', ({ windowCheckpointMib }) => short(windowCheckpointMib)),
        ...(withVisits
          ? [row('Redis: MiB/s of sessions and views', ({ visitCheckpointMib }) => thousands(visitCheckpointMib))]
          : []),
        row('Redis: commits a second', ({ commits }) => thousands(commits)),
        row('frontiers a second', ({ frontiers }) => thousands(frontiers)),
      ],
    ),
  ].join('\n');
}
