import type { StreamDefinition } from '@tillstream/contracts';
import { encodeControl } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import type { PlainDefinition } from '../oracle/raw-oracle';
import { differences } from './verdict';
import { Workload } from './workload';
import type { FaultRates, Replica, Sabotage } from './world';
import { NO_FAULTS, World } from './world';

const START_MS = Date.UTC(2026, 0, 5, 12);
const SESSION_TIMEOUT_MS = 6_000;
/** Nothing has been written for so long: whatever was going to happen has happened. */
const QUIET_MS = 25_000;
const GIVE_UP_STEPS = 400_000;

/** What one simulated life went through, and what was wrong in the end. */
export interface SimulationReport {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly rawRecords: number;
}

/**
 * One life of a platform from its first event to its last final, as the seed decides: events that are repeated, late,
 * broken and misplaced; crashes between any two calls, zombies, rebalances, lost answers, commits that fail half-way,
 * stores that are rolled back and emptied. Then everything heals, and the output must equal the oracle's.
 */
export async function simulate(
  seed: number,
  definition: StreamDefinition,
  plain: PlainDefinition,
  sabotage: Sabotage = {},
): Promise<SimulationReport> {
  const random = new SeededRandom(seed);
  const world = new World(definition, random, START_MS, sabotage);
  const life = new Life(world, random, definition, sabotage.faults);
  await life.run();
  const { partitions } = definition.schema;
  const rawRecords = Array.from({ length: partitions }, (_, p) => world.broker.end(definition.topics.raw, p));
  return {
    seed,
    problems: life.gaveUp
      ? [`no rest after ${GIVE_UP_STEPS} steps`]
      : differences(definition, plain, (topic) => world.recordsOf(topic)),
    faults: life.faults,
    steps: world.scheduler.steps,
    simulatedMs: world.scheduler.nowMs - START_MS,
    rawRecords: rawRecords.reduce((sum, count) => sum + count, 0),
  };
}

class Life {
  readonly faults: Record<string, number> = {};
  gaveUp = false;
  private readonly replicas: Replica[] = [];
  private readonly workload: Workload;
  private readonly deliveries: number;
  private snapshots: ReturnType<World['store']['snapshot']>[] = [];
  private delivered = false;

  constructor(
    private readonly world: World,
    private readonly random: SeededRandom,
    private readonly definition: StreamDefinition,
    private readonly faultRates: FaultRates = { lostAnswers: 0.05, halfCommits: 0.05, resentCommits: 0.05 },
  ) {
    this.deliveries = 20 + random.below(60);
    this.workload = new Workload(random, {
      partitions: definition.schema.partitions,
      users: 1 + random.below(12),
      startMs: START_MS,
      spacingMs: random.pick([200, 2_000, 8_000]),
      disorderMs: random.pick([1, 5_000, 90_000]),
      late: 0.05,
      duplicates: random.pick([0, 0.05, 0.2]),
      bad: random.pick([0, 0.04]),
      misplaced: random.pick([0, 0.1, 0.5]),
    });
  }

  async run(): Promise<void> {
    this.world.faults = this.random.chance(0.8) ? this.faultRates : NO_FAULTS;
    for (let i = 0; i < 1 + this.random.below(2); i += 1) this.start(ENRICHER);
    for (let i = 0; i < 1 + this.random.below(2); i += 1) this.start(AGGREGATOR);
    void this.deliver();
    void this.breakThings();
    await this.world.scheduler.runUntil(() => this.delivered || this.isTooLong());
    this.heal();
    await this.rest();
    await this.finish();
    await this.rest();
  }

  /** Clients send until everything has been acknowledged. */
  private async deliver(): Promise<void> {
    const { process, writer } = this.world.spawnWriter('clients');
    const { raw } = this.definition.topics;
    for (let i = 0; i < this.deliveries; i += 1) {
      const deliveries = this.workload.next(this.world.scheduler.nowMs);
      await Promise.all(deliveries.map(({ partition, records }) => writer.append(raw, partition, records)));
      await process.clock.sleep(this.random.below(this.random.pick([50, 4_000, 20_000])));
      if (this.random.chance(0.02)) await writer.append(raw, 0, [encodeControl({ kind: 'hold' })]);
      if (this.random.chance(0.05)) await writer.append(raw, 0, [encodeControl({ kind: 'release' })]);
    }
    await writer.append(raw, 0, [encodeControl({ kind: 'release' })]);
    this.delivered = true;
  }

  /** One accident after the other, at random times, while events arrive. */
  private async breakThings(): Promise<void> {
    const { process } = this.world.spawnWriter('fate');
    const most = this.random.below(14);
    for (let i = 0; i < most; i += 1) {
      await process.clock.sleep(this.random.below(this.random.pick([300, 3_000, 30_000])));
      if (this.delivered) return;
      this.breakOne(process.clock);
    }
  }

  private breakOne(clock: { sleep(ms: number): Promise<void> }): void {
    const replica = this.random.pick(this.replicas);
    switch (this.random.below(7)) {
      case 0:
        return this.crash(replica, clock);
      case 1:
        return this.pause(replica, clock);
      case 2:
        this.count('rebalance: another replica');
        this.start(this.random.pick([ENRICHER, AGGREGATOR]));
        return;
      case 3:
        this.count('store: emptied');
        return this.world.store.flushAll();
      case 4: {
        const snapshot = this.snapshots.at(-1);
        if (!snapshot) return;
        this.count('store: rolled back');
        return this.world.store.rollBack(snapshot);
      }
      case 5:
        this.snapshots = [this.world.store.snapshot()];
        return;
      default:
        return this.crash(this.random.pick(this.replicas), clock);
    }
  }

  private crash(replica: Replica, clock: { sleep(ms: number): Promise<void> }): void {
    if (replica.process.state === 'dead') return;
    this.count(`crash: ${replica.service}`);
    this.world.scheduler.kill(replica.process);
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    this.start(replica.service);
    void clock.sleep(this.random.below(SESSION_TIMEOUT_MS)).then(() => this.world.expel(replica));
  }

  /** A zombie: stopped past its session, its partitions with others, then it goes on as if nothing had happened. */
  private pause(replica: Replica, clock: { sleep(ms: number): Promise<void> }): void {
    if (replica.process.state !== 'running') return;
    this.count(`zombie: ${replica.service}`);
    replica.process.state = 'paused';
    const stand = this.start(replica.service);
    void clock
      .sleep(this.random.below(SESSION_TIMEOUT_MS))
      .then(() => this.world.expel(replica))
      .then(() => clock.sleep(this.random.below(20_000)))
      .then(() => this.wake(replica))
      .then(
        () => undefined,
        () => undefined,
      );
    void stand;
  }

  private wake(replica: Replica): void {
    if (replica.process.state !== 'paused') return;
    replica.process.state = 'running';
    if (!this.world.isMember(replica)) replica.join();
  }

  private heal(): void {
    this.world.faults = NO_FAULTS;
    for (const replica of this.replicas) this.wake(replica);
  }

  private start(service: Replica['service']): Replica {
    const replica = this.world.start(service);
    this.replicas.push(replica);
    return replica;
  }

  /** Half of the worlds are left to close their windows by themselves; in the others time passes and somebody says so. */
  private async finish(): Promise<void> {
    if (this.random.chance(0.1)) return;
    const { process, writer } = this.world.spawnWriter('finish');
    this.world.scheduler.nowMs += 2 * 3_600_000;
    const toMs = this.world.scheduler.nowMs;
    const { raw } = this.definition.topics;
    let acked = false;
    const { partitions } = this.definition.schema;
    void Promise.all(
      Array.from({ length: partitions }, (_, p) => writer.append(raw, p, [encodeControl({ kind: 'advance', toMs })])),
    ).then(() => (acked = true));
    await this.world.scheduler.runUntil(() => acked || this.isTooLong());
    process.state = 'dead';
  }

  private async rest(): Promise<void> {
    let size = this.logSize();
    let sinceMs = this.world.scheduler.nowMs;
    await this.world.scheduler.runUntil(() => {
      const now = this.logSize();
      if (now !== size) {
        size = now;
        sinceMs = this.world.scheduler.nowMs;
      }
      return this.world.scheduler.nowMs - sinceMs > QUIET_MS || this.isTooLong();
    });
  }

  private logSize(): number {
    const { topics, schema } = this.definition;
    let size = 0;
    for (const topic of [topics.raw, topics.enriched, topics.parts, topics.metrics, topics.late, topics.deadLetters]) {
      for (let p = 0; p < schema.partitions; p += 1) size += this.world.broker.end(topic, p);
    }
    return size;
  }

  private isTooLong(): boolean {
    if (this.world.scheduler.steps > GIVE_UP_STEPS) this.gaveUp = true;
    return this.gaveUp;
  }

  private count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }
}
