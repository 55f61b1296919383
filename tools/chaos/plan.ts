import { SeededRandom } from '@tillstream/engine/testing';
import type { Fault } from './fault';
import { BROKER_DISK_FULL } from './faults/broker-faults';
import type { LoadShape } from './load/load';

/** One fault and its time. */
export interface Strike {
  readonly atMs: number;
  readonly fault: Fault;
  /** Its choices. */
  readonly seed: number;
}

/** What a run goes through: a function of its seed and of the faults to choose from. */
export interface Plan {
  readonly seed: number;
  /** The load lasts at least so long, and as long as faults go on. */
  readonly loadMs: number;
  /** Faults in the order of their times. */
  readonly strikes: readonly Strike[];
  readonly load: Omit<LoadShape, 'startMs'>;
  /** How long before the run event time begins: with 40 minutes it reaches the present while the run goes on. */
  readonly startAgoMs: number;
  readonly smallDisk: boolean;
  readonly compaction: boolean;
}

const MINUTE_MS = 60_000;
const FIRST_STRIKE_MS = 1_500;
/** A broker that is away holds up everybody: one or two such faults are enough for a run. */
const MOST_OUTAGES = 2;

/** @param only the faults named here, in this order, once each; all strike within the run */
export function planOf(seed: number, faults: readonly Fault[], only: readonly Fault[] = []): Plan {
  const random = new SeededRandom(seed);
  const loadMs = 12_000 + random.below(6_000);
  const chosen = only.length > 0 ? only : choose(random, faults, 3 + random.below(5));
  const times = chosen.map(() => FIRST_STRIKE_MS + random.below(loadMs - FIRST_STRIKE_MS)).sort((a, b) => a - b);
  const strikes = chosen.map((fault, index) => ({ atMs: times[index] ?? 0, fault, seed: random.below(2 ** 31) }));
  return {
    seed,
    loadMs,
    strikes,
    load: {
      seed: random.below(2 ** 31),
      spacingMs: random.pick([300, 900, 2_500]),
      disorderMs: random.pick([1, 5_000, 60_000]),
      users: random.pick([3, 40, 300]),
      pauseMs: random.pick([40, 100, 250]),
    },
    startAgoMs: random.pick([40, 120]) * MINUTE_MS,
    smallDisk: chosen.some(({ name }) => name === BROKER_DISK_FULL),
    compaction: random.chance(0.4),
  };
}

function choose(random: SeededRandom, faults: readonly Fault[], count: number): Fault[] {
  const others = faults.filter((fault) => !isOutage(fault));
  const chosen: Fault[] = [];
  while (chosen.length < count) {
    const enough = others.length > 0 && chosen.filter(isOutage).length >= MOST_OUTAGES;
    chosen.push(pickByWeight(random, enough ? others : faults));
  }
  return chosen;
}

function isOutage({ name }: Fault): boolean {
  return /^broker-(?!link)/.test(name);
}

function pickByWeight(random: SeededRandom, faults: readonly Fault[]): Fault {
  const total = faults.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let at = random.next() * total;
  for (const fault of faults) {
    at -= fault.weight ?? 1;
    if (at < 0) return fault;
  }
  throw new RangeError('there is no fault to choose');
}
