import type { SeededRandom, SimulatedProcess } from '@tillstream/engine/testing';
import type { Replica, ServiceName, World } from './world';

/** A group takes a member that it has not heard of for so long for gone. */
const SESSION_TIMEOUT_MS = 6_000;
const LONGEST_PAUSE_MS = 20_000;

type Clock = SimulatedProcess['clock'];

/** The replicas that are alive or paused, and what may happen to them. */
export class Fleet {
  private readonly replicas: Replica[] = [];

  constructor(
    private readonly world: World,
    private readonly random: SeededRandom,
    /** Of somebody who outlives them all. */
    private readonly clock: Clock,
  ) {}

  start(service: ServiceName): Replica {
    const replica = this.world.start(service);
    this.replicas.push(replica);
    return replica;
  }

  any(): Replica {
    return this.random.pick(this.replicas);
  }

  of(service: ServiceName): readonly Replica[] {
    return this.replicas.filter((replica) => replica.service === service);
  }

  find(process: SimulatedProcess): Replica | undefined {
    return this.replicas.find((replica) => replica.process === process);
  }

  /** Dies between two calls. Another one starts at once, and is given the partitions once the group has noticed. */
  crash(replica: Replica): void {
    if (replica.process.state === 'dead') return;
    this.world.scheduler.kill(replica.process);
    this.remove(replica);
    this.start(replica.service);
    void this.clock.sleep(this.random.below(SESSION_TIMEOUT_MS)).then(() => this.world.expel(replica));
  }

  /** A zombie: stopped past its session, its partitions with others, then it goes on as if nothing had happened. */
  pause(replica: Replica): void {
    if (replica.process.state !== 'running') return;
    replica.process.state = 'paused';
    this.start(replica.service);
    void this.sleepThrough(replica);
  }

  /** Leaves its group in order and does what is left to do; another one takes its place. */
  leave(replica: Replica): void {
    if (replica.process.state !== 'running') return;
    this.remove(replica);
    this.start(replica.service);
    this.world.expel(replica);
  }

  /** Nobody is paused any more. */
  wakeAll(): void {
    for (const replica of this.replicas) this.wake(replica);
  }

  private async sleepThrough(replica: Replica): Promise<void> {
    await this.clock.sleep(this.random.below(SESSION_TIMEOUT_MS));
    this.world.expel(replica);
    await this.clock.sleep(this.random.below(LONGEST_PAUSE_MS));
    this.wake(replica);
  }

  private wake(replica: Replica): void {
    if (replica.process.state !== 'paused') return;
    replica.process.state = 'running';
    if (!this.world.isMember(replica)) replica.join();
  }

  private remove(replica: Replica): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
  }
}
