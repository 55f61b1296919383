import type { Costs } from './costs';
import { fullestReplica, type KeyLoads } from './skew';

/** A core is given no more than this to do, so that a service catches up after a pause and its latency stays. */
export const BUSY = 0.5;
const MILLION = 1_000_000;
const MIB = 1024 * 1024;
const BITS = 8;
/** Between two frontiers of a partition, each sent to every partition of the shares' topic. */
const FRONTIER_EVERY_S = 2;
/** Of each task. */
const COMMITS_A_SECOND = 2;
const COUNTS = [4, 8, 12, 24, 48, 96, 192, 256, 384, 768, 1_024];
const COPIES = 3;

/** Services that read topics, and the one that takes events in. */
export type ScaledService = 'gateway' | 'enricher' | 'aggregator' | 'session-tracker';

export interface ServiceDemand {
  readonly service: ScaledService;
  /** That it keeps busy. */
  readonly cores: number;
  readonly replicas: number;
  /** Of what one core gives, what the replica with most to do takes; above 1 it falls behind. */
  readonly fullest: number;
}

/** What a rate asks for. */
export interface Demand {
  readonly rate: number;
  /** null: even with the most there can be, one partition has more than a core can do. */
  readonly partitions: number | null;
  /** Events a second in the fullest partition. */
  readonly fullestPartition: number;
  readonly services: readonly ServiceDemand[];
  readonly brokerCores: number;
  /** Into the brokers, copies included. */
  readonly rawMbits: number;
  readonly redisCores: number;
  readonly windowCheckpointMib: number;
  readonly visitCheckpointMib: number;
  readonly commits: number;
  readonly frontiers: number;
}

/** CPU-seconds per million events of what one partition's slowest task does. */
export function slowestTask(costs: Costs, withVisits: boolean): number {
  return withVisits ? Math.max(costs.aggregator, costs.tracker) : costs.aggregator;
}

/** What one partition can take: a task is one thread. */
export function partitionLimit(costs: Costs, withVisits: boolean): number {
  return MILLION / slowestTask(costs, withVisits);
}

/** @param withVisits the stream declares sessions and attribution */
export function demandOf(rate: number, costs: Costs, keys: KeyLoads, withVisits: boolean): Demand {
  const cores = (cost: number): number => (rate * cost) / MILLION;
  const limit = partitionLimit(costs, withVisits);
  const slowest = cores(slowestTask(costs, withVisits));
  // Two partitions a replica at least, so that they can be dealt out evenly.
  const fits = (count: number): boolean =>
    rate * keys.fullest(count) <= BUSY * limit && count >= 2 * Math.ceil(slowest / BUSY);
  const partitions = COUNTS.find(fits) ?? null;
  const count = partitions ?? (COUNTS.at(-1) as number);
  const loads = keys.byPartition(count);
  const readers: readonly (readonly [ScaledService, number])[] = [
    ['enricher', costs.enricher],
    ['aggregator', costs.aggregator],
    ...(withVisits ? [['session-tracker', costs.tracker] as const] : []),
  ];
  const services = readers.map(([service, cost]): ServiceDemand => {
    const replicas = Math.min(count, replicasFor(loads, cores(cost)));
    return { service, cores: cores(cost), replicas, fullest: fullestReplica(loads, replicas) * cores(cost) };
  });
  const gateways = Math.ceil(cores(costs.gateway) / BUSY);
  const gateway: ServiceDemand = {
    service: 'gateway',
    cores: cores(costs.gateway),
    replicas: gateways,
    fullest: cores(costs.gateway) / gateways,
  };
  return {
    rate,
    partitions,
    fullestPartition: rate * Math.max(...loads),
    services: [gateway, ...services],
    brokerCores: COPIES * cores(costs.broker),
    rawMbits: (COPIES * rate * costs.eventBytes * BITS) / MILLION,
    redisCores: cores(costs.redis),
    windowCheckpointMib: (rate * costs.windowBytes) / MIB,
    visitCheckpointMib: withVisits ? (rate * costs.visitBytes) / MIB : 0,
    commits: count * COMMITS_A_SECOND * (withVisits ? 3 : 2),
    frontiers: (count * count) / FRONTIER_EVERY_S,
  };
}

/** As many as keep the fullest of them at what a core is given, or as help at all. */
function replicasFor(loads: Float64Array, cores: number): number {
  let replicas = Math.max(1, Math.ceil(cores / BUSY));
  while (replicas < loads.length && fullestReplica(loads, replicas) * cores > BUSY) replicas++;
  return replicas;
}
