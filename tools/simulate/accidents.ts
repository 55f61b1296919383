import type { StreamDefinition } from '@tillstream/contracts';
import { encodeControl, encodeGap } from '@tillstream/contracts';
import type { LogWriter, NewRecord } from '@tillstream/engine';
import { AGGREGATOR, ENRICHER, TRACKER } from '@tillstream/engine';
import type { SeededRandom, SimulatedProcess } from '@tillstream/engine/testing';
import type { Fleet } from './fleet';
import type { Workload } from './workload';
import type { ServiceName, World } from './world';

const MINUTE_MS = 60_000;
const CLOCK_STEP_MS = 10 * MINUTE_MS;
const RETRY_MS = 300;
const OPERATOR_LOOKS_EVERY_MS = 3_000;
const LONGEST_STALL_MS = 20_000;
const LONGEST_OUTAGE_MS = 60_000;
const utf8 = new TextEncoder();

/** Appends until the log has it, as a client does: the same bytes again. */
export async function appendUntilTaken(
  { writer, process }: { readonly writer: LogWriter; readonly process: SimulatedProcess },
  topic: string,
  partition: number,
  records: readonly NewRecord[],
): Promise<void> {
  for (;;) {
    try {
      await writer.append(topic, partition, records);
      return;
    } catch {
      await process.clock.sleep(RETRY_MS);
    }
  }
}

/** Everything that happens to a platform from outside, one thing at a time. */
export class Accidents {
  private readonly kinds: readonly (() => void)[];
  private snapshot: ReturnType<World['store']['snapshot']> | null = null;
  private poisoned = false;

  constructor(
    private readonly world: World,
    private readonly random: SeededRandom,
    private readonly fleet: Fleet,
    private readonly workload: Workload,
    private readonly fate: ReturnType<World['spawnWriter']>,
    private readonly services: readonly ServiceName[],
  ) {
    this.kinds = [
      () => this.crash(),
      () => this.crash(),
      () => this.pause(),
      () => this.leave(),
      () => this.grow(),
      () => this.rebalance(),
      () => this.emptyStore(),
      () => this.keepSnapshot(),
      () => this.rollStoreBack(),
      () => this.fillStore(),
      () => this.stall(),
      () => this.stall(),
      () => this.stepClock(),
      () => this.poison(),
      () => this.hold(),
    ];
  }

  happen(): void {
    this.random.pick(this.kinds)();
  }

  /** Whatever is held is released, so that time may flow for idle partitions. */
  async releaseAll(): Promise<void> {
    for (let p = 0; p < this.partitions; p += 1) await this.control(p, 'release');
  }

  private crash(): void {
    const replica = this.fleet.any();
    this.count(`crash: ${replica.service}`);
    this.fleet.crash(replica);
  }

  private pause(): void {
    const replica = this.fleet.any();
    this.count(`zombie: ${replica.service}`);
    this.fleet.pause(replica);
  }

  private leave(): void {
    const replica = this.fleet.any();
    this.count(`leaves in order: ${replica.service}`);
    this.fleet.leave(replica);
  }

  private grow(): void {
    this.count('rebalance: another replica');
    this.fleet.start(this.random.pick(this.services));
  }

  private rebalance(): void {
    this.count('rebalance: partitions move');
    this.world.rebalance(this.random.pick(this.services));
  }

  private emptyStore(): void {
    this.count('store: emptied');
    this.world.store.flushAll();
  }

  private keepSnapshot(): void {
    this.snapshot = this.world.store.snapshot();
  }

  private rollStoreBack(): void {
    if (this.snapshot === null) return this.keepSnapshot();
    this.count('store: rolled back');
    this.world.store.rollBack(this.snapshot);
  }

  private fillStore(): void {
    this.count('store: full');
    this.world.weather.storeIsFull = true;
    void this.later(LONGEST_OUTAGE_MS, () => (this.world.weather.storeIsFull = false));
  }

  /** A topic or a partition takes nothing for a while, and whoever waits for it may die meanwhile, and the store with it. */
  private stall(): void {
    const { raw, enriched, deadLetters, parts, metrics, late } = this.world.definition.topics;
    const ofVisits = this.services.includes(TRACKER) ? visitTopics(this.world.definition) : [];
    const topic = this.random.pick([raw, enriched, deadLetters, parts, metrics, late, ...ofVisits]);
    const place = this.random.chance(0.5) ? topic : `${topic}/${this.random.below(this.partitions)}`;
    const writers = ofVisits.includes(topic)
      ? TRACKER
      : [raw, enriched, deadLetters].includes(topic)
        ? ENRICHER
        : AGGREGATOR;
    this.count(`stalled: ${topic}`);
    this.world.weather.stalled.add(place);
    const dies = this.random.chance(0.7);
    const losesStore = dies && this.random.chance(0.4);
    void this.later(LONGEST_STALL_MS, () => {
      if (losesStore) this.emptyStore();
      if (dies) this.count(`crash: all of ${writers}`);
      for (const replica of dies ? this.fleet.of(writers) : []) this.fleet.crash(replica);
      this.world.weather.stalled.delete(place);
    });
  }

  private stepClock(): void {
    const byMs = this.random.pick([-CLOCK_STEP_MS, CLOCK_STEP_MS]);
    switch (this.random.below(3)) {
      case 0:
        this.count('clock: of a service');
        this.fleet.any().process.clockErrorMs += byMs;
        return;
      case 1:
        this.count('clock: of the broker');
        this.world.brokerClockErrorMs += byMs;
        return;
      default:
        this.count('clock: of a client');
        this.workload.clockErrorMs = byMs;
        void this.later(LONGEST_OUTAGE_MS, () => (this.workload.clockErrorMs = 0));
    }
  }

  /** A record that crashes whoever reads it, until an operator sees where the partition stands still, and skips it. */
  private poison(): void {
    if (this.poisoned) return;
    this.poisoned = true;
    this.count('poison record');
    const partition = this.random.below(this.partitions);
    const value = utf8.encode('{"event_type":"poison"}');
    const offset = this.world.appendPoison(this.world.definition.topics.raw, partition, { key: null, value });
    void this.skip(partition, offset);
  }

  private async skip(partition: number, offset: number): Promise<void> {
    const { raw, gaps } = this.world.definition.topics;
    const isStopped = (): boolean =>
      this.world.stoppedPartitions.some(
        (stopped) => stopped.topic === raw && stopped.partition === partition && stopped.reason.includes(` ${offset} `),
      );
    while (!isStopped()) await this.fate.process.clock.sleep(OPERATOR_LOOKS_EVERY_MS);
    this.count('skip');
    const gap = { service: ENRICHER, partition, from: offset, to: offset + 1, reason: 'crashes' };
    await appendUntilTaken(this.fate, gaps, 0, [encodeGap(gap)]);
  }

  private hold(): void {
    const partition = this.random.below(this.partitions);
    this.count('hold and release');
    void this.control(partition, 'hold').then(() =>
      this.later(LONGEST_OUTAGE_MS, () => void this.control(partition, 'release')),
    );
  }

  private control(partition: number, kind: 'hold' | 'release'): Promise<void> {
    return appendUntilTaken(this.fate, this.world.definition.topics.raw, partition, [encodeControl({ kind })]);
  }

  private async later(mostMs: number, effect: () => void): Promise<void> {
    await this.fate.process.clock.sleep(this.random.below(mostMs));
    effect();
  }

  private get partitions(): number {
    return this.world.definition.schema.partitions;
  }

  private count(fault: string): void {
    this.world.weather.count(fault);
  }
}

/** What the trackers of visits write to, by themselves or with others. */
export function visitTopics({ topics }: StreamDefinition): readonly string[] {
  const { sessions, sessionRows, attributions, attributionRows, alerts, late } = topics;
  return [sessions, sessionRows, attributions, attributionRows, alerts, late];
}
