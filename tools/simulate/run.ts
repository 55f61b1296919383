import type { StreamDefinition } from '@tillstream/contracts';
import { encodeControl, encodeDefinition } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER, TRACKER } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import type { PlainDefinition } from '../oracle/raw-oracle';
import { Accidents, appendUntilTaken } from './accidents';
import { Ambush } from './ambush';
import type { Change } from './change';
import { Fleet } from './fleet';
import { differences, isTracked } from './verdict';
import type { FaultRates } from './weather';
import { NO_FAULTS, someFaults } from './weather';
import { Workload } from './workload';
import type { Sabotage, ServiceName } from './world';
import { World } from './world';

const START_MS = Date.UTC(2026, 0, 5, 12);
/** Nothing has been written for so long: whatever was going to happen has happened. */
const QUIET_MS = 25_000;
const GIVE_UP_STEPS = 80_000;
const MOST_ACCIDENTS = 14;
const LONGEST_LEAP_MS = 10 * 60_000;
const WINDOWS_CLOSE_BY_THEMSELVES = 0.03;

/** What one simulated life went through, and what was wrong in the end. */
export interface SimulationReport {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly rawRecords: number;
}

/** How a life differs from what its seed would make of it. */
export interface Circumstances {
  readonly sabotage?: Sabotage;
  /** In place of the seed's own. */
  readonly faults?: FaultRates;
  /** Put live in the middle of it. */
  readonly change?: Change;
  /** Looks at the world once all is at rest; what it finds wrong is a problem of the life. */
  readonly inspect?: (world: World, plain: PlainDefinition) => Promise<readonly string[]>;
}

/**
 * One life of a platform from its first event to its last final, as the seed decides: events that are repeated, late,
 * broken and misplaced; crashes between any two calls, zombies, rebalances, appends that are slow, refused or answered too
 * late, commits that fail half-way, stores that are full, rolled back and emptied, clocks that jump, records that nobody
 * survives. Then everything heals, and the output must equal the oracle's.
 */
export async function simulate(
  seed: number,
  definition: StreamDefinition,
  plain: PlainDefinition,
  { sabotage, faults, change, inspect }: Circumstances = {},
): Promise<SimulationReport> {
  const random = new SeededRandom(seed);
  const world = new World(definition, random, START_MS, sabotage);
  if (change) world.createTopics(change.definition);
  const services: ServiceName[] = [ENRICHER, AGGREGATOR, ...(isTracked(plain, change) ? ([TRACKER] as const) : [])];
  const life = new Life(world, random, services, faults, change);
  await life.run();
  const { partitions } = definition.schema;
  const rawRecords = Array.from({ length: partitions }, (_, p) => world.broker.end(definition.topics.raw, p));
  return {
    seed,
    problems: [
      ...stopsOf(world),
      ...(life.gaveUp ? [`no rest after ${GIVE_UP_STEPS} steps`] : differencesOf(world, plain, change)),
      ...(life.gaveUp || !inspect ? [] : await inspect(world, plain)),
    ],
    faults: world.weather.counts,
    steps: world.scheduler.steps,
    simulatedMs: world.scheduler.nowMs - START_MS,
    rawRecords: rawRecords.reduce((sum, count) => sum + count, 0),
  };
}

/** Partitions that stand still although everything has healed. */
function stopsOf({ stoppedPartitions }: World): readonly string[] {
  return stoppedPartitions.map(({ topic, partition, reason }) => `stopped partition: ${topic}/${partition}: ${reason}`);
}

function differencesOf(world: World, plain: PlainDefinition, change: Change | undefined): readonly string[] {
  return differences(world.definition, plain, (topic) => world.recordsOf(topic), change);
}

class Life {
  gaveUp = false;
  private readonly workload: Workload;
  private readonly fleet: Fleet;
  private readonly accidents: Accidents;
  private readonly deliveries: number;
  private readonly mostPauseMs: number;
  private readonly leaps: number;
  private delivered = false;

  constructor(
    private readonly world: World,
    private readonly random: SeededRandom,
    private readonly services: readonly ServiceName[],
    faults: FaultRates | undefined,
    private readonly change: Change | undefined,
  ) {
    this.deliveries = 8 + random.below(random.pick([8, 16, 40]));
    this.mostPauseMs = random.pick([50, 4_000, 20_000]);
    this.leaps = random.pick([0, 0.1, 0.3]);
    this.workload = new Workload(random, {
      partitions: world.definition.schema.partitions,
      users: 1 + random.below(12),
      startMs: START_MS,
      spacingMs: random.pick([200, 2_000, 8_000]),
      disorderMs: random.pick([1, 5_000, 90_000]),
      late: 0.05,
      duplicates: random.pick([0, 0.05, 0.2]),
      bad: random.pick([0, 0.04, 0.2]),
      misplaced: random.pick([0, 0.1, 0.5]),
    });
    const fate = world.spawnWriter('fate');
    this.fleet = new Fleet(world, random, fate.process.clock);
    this.accidents = new Accidents(world, random, this.fleet, this.workload, fate, services);
    if (faults) world.weather.rates = faults;
    else world.weather.rates = random.chance(0.8) ? someFaults(random) : NO_FAULTS;
  }

  async run(): Promise<void> {
    const { scheduler } = this.world;
    for (const service of this.services) {
      for (let i = 0; i < 1 + this.random.below(2); i += 1) this.fleet.start(service);
    }
    const ambush = new Ambush(this.random, this.world, this.fleet);
    scheduler.interrupted = (process, label) => ambush.strikes(process, label);
    void this.deliver();
    void this.breakThings();
    const applied = this.change ? this.apply(this.change.definition) : Promise.resolve();
    let isApplied = false;
    void applied.then(() => (isApplied = true));
    await scheduler.runUntil(() => (this.delivered && isApplied) || this.isTooLong());
    scheduler.interrupted = () => false;
    this.world.weather.clear();
    this.fleet.wakeAll();
    if (this.random.chance(WINDOWS_CLOSE_BY_THEMSELVES)) await this.rest();
    else await this.finish();
    await this.rest();
  }

  /** Clients send until everything has been acknowledged. */
  private async deliver(): Promise<void> {
    const clients = this.world.spawnWriter('clients');
    const { raw } = this.world.definition.topics;
    for (let i = 0; i < this.deliveries; i += 1) {
      if (this.random.chance(this.leaps)) this.leap();
      const deliveries = this.workload.next(this.world.scheduler.nowMs);
      await Promise.all(deliveries.map(({ partition, records }) => appendUntilTaken(clients, raw, partition, records)));
      await clients.process.clock.sleep(this.random.below(this.mostPauseMs));
    }
    await this.accidents.releaseAll();
    this.delivered = true;
  }

  /** Another stream file is put live, by somebody who is slow, and is not done in all partitions at once. */
  private async apply(definition: StreamDefinition): Promise<void> {
    const writer = this.world.spawnWriter('apply');
    const { topics, schema } = definition;
    await writer.process.clock.sleep(this.random.below((this.deliveries * this.mostPauseMs) / 2));
    await appendUntilTaken(writer, topics.definitions, 0, [encodeDefinition(definition)]);
    const control = encodeControl({ kind: 'definition', sha256: definition.sha256 });
    for (let partition = 0; partition < schema.partitions; partition += 1) {
      await writer.process.clock.sleep(this.random.below(this.random.pick([10, 2_000, 20_000])));
      await appendUntilTaken(writer, topics.raw, partition, [control]);
    }
    this.world.weather.count('another stream file');
  }

  /** Some minutes pass in which nothing happens, so that the next events close many windows. */
  private leap(): void {
    const { scheduler, weather } = this.world;
    weather.count('minutes go by');
    scheduler.nowMs += this.random.below(LONGEST_LEAP_MS);
    this.workload.leapTo(scheduler.nowMs);
  }

  /** One accident after the other, at random times, while events arrive. */
  private async breakThings(): Promise<void> {
    const { process } = this.world.spawnWriter('accidents');
    const most = this.random.below(MOST_ACCIDENTS);
    for (let i = 0; i < most; i += 1) {
      await process.clock.sleep(this.random.below(this.random.pick([300, 3_000, 3 * this.mostPauseMs])));
      if (this.delivered) return;
      this.accidents.happen();
    }
  }

  /** Time passes, and somebody says so: else idle partitions would take a quarter of an hour to close their windows. */
  private async finish(): Promise<void> {
    const writer = this.world.spawnWriter('finish');
    this.world.scheduler.nowMs += 2 * 3_600_000;
    const toMs = this.world.scheduler.nowMs;
    const { raw } = this.world.definition.topics;
    let acked = false;
    const { partitions } = this.world.definition.schema;
    const advance = encodeControl({ kind: 'advance', toMs });
    const told = Array.from({ length: partitions }, (_, p) => appendUntilTaken(writer, raw, p, [advance]));
    void Promise.all(told).then(() => (acked = true));
    await this.world.scheduler.runUntil(() => acked || this.isTooLong());
  }

  private async rest(): Promise<void> {
    const { broker, scheduler } = this.world;
    let appended = broker.appended;
    let sinceMs = scheduler.nowMs;
    await scheduler.runUntil(() => {
      if (broker.appended !== appended) {
        appended = broker.appended;
        sinceMs = scheduler.nowMs;
      }
      return scheduler.nowMs - sinceMs > QUIET_MS || this.isTooLong();
    });
  }

  private isTooLong(): boolean {
    if (this.world.scheduler.steps > GIVE_UP_STEPS) this.gaveUp = true;
    return this.gaveUp;
  }
}
