import type { AssignmentHandler, GroupConsumer, LogRecord, PartitionSource } from '../ports/log';
import { SourceRevokedError } from '../ports/log';
import type { MemoryBroker, MemoryPartition } from './memory-broker';
import type { Turn } from './turn';

/** One member of a MemoryGroup, running in one process. */
interface Member {
  readonly id: string;
  readonly handler: AssignmentHandler;
  readonly sources: Map<string, MemorySource>;
  readonly turn: Turn;
}

const laneOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** A consumer group of a simulated world: partition p of every topic goes to the same member, stickily. */
export class MemoryGroup {
  private readonly members = new Map<string, Member>();
  private readonly owners = new Map<number, string>();
  private readonly commits = new Map<string, number>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly topics: readonly string[],
    private readonly nowMs: () => number,
    private readonly fetchRecords = 16,
  ) {}

  join(id: string, handler: AssignmentHandler, turn: Turn): void {
    this.members.set(id, { id, handler, sources: new Map(), turn });
    this.rebalance();
  }

  /** The member has left, or has not been heard of for too long. Its sources throw from now on. */
  leave(id: string): void {
    const member = this.members.get(id);
    if (!member) return;
    this.members.delete(id);
    for (const source of member.sources.values()) source.revoke();
    this.rebalance();
  }

  /** Deals the partitions out anew, as after a change of the members or of the assigner. */
  shuffle(pick: (ids: readonly string[]) => string): void {
    const ids = [...this.members.keys()];
    if (ids.length === 0) return;
    for (const partition of [...this.owners.keys()]) this.hand(partition, pick(ids));
  }

  has(id: string): boolean {
    return this.members.has(id);
  }

  committed(topic: string, partition: number): number | null {
    return this.commits.get(laneOf(topic, partition)) ?? null;
  }

  /** Moves as few partitions as a fair share needs. */
  private rebalance(): void {
    const ids = [...this.members.keys()];
    if (ids.length === 0) {
      this.owners.clear();
      return;
    }
    const partitions = this.broker.partitionsOf(this.topics[0] ?? '');
    const most = Math.ceil(partitions / ids.length);
    const load = new Map(ids.map((id) => [id, 0]));
    const wanted = new Map<number, string>();
    for (const [partition, id] of this.owners) {
      const held = load.get(id);
      if (held === undefined || held >= most) continue;
      wanted.set(partition, id);
      load.set(id, held + 1);
    }
    for (let partition = 0; partition < partitions; partition += 1) {
      if (wanted.has(partition)) continue;
      const [id] = [...load].sort((a, b) => a[1] - b[1])[0] ?? [];
      if (id === undefined) continue;
      wanted.set(partition, id);
      load.set(id, (load.get(id) ?? 0) + 1);
    }
    for (let partition = 0; partition < partitions; partition += 1) this.hand(partition, wanted.get(partition) ?? '');
  }

  private hand(partition: number, to: string): void {
    const from = this.owners.get(partition);
    if (from === to) return;
    this.owners.set(partition, to);
    const loser = from === undefined ? undefined : this.members.get(from);
    const winner = this.members.get(to);
    for (const topic of this.topics) {
      if (partition >= this.broker.partitionsOf(topic)) continue;
      const lane = laneOf(topic, partition);
      loser?.sources.get(lane)?.revoke();
      loser?.sources.delete(lane);
      if (loser) void loser.handler.revoked(topic, partition);
      if (!winner) continue;
      const source = new MemorySource(
        topic,
        partition,
        this.broker,
        winner.turn,
        this.nowMs,
        this.fetchRecords,
        (next) => this.commits.set(lane, next),
      );
      winner.sources.set(lane, source);
      winner.handler.assigned(source);
    }
  }
}

class MemorySource implements PartitionSource {
  private position: number | null = null;
  private fetchedEnd: number | null = null;
  private taken = false;
  private readonly log: MemoryPartition;

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly broker: MemoryBroker,
    private readonly turn: Turn,
    private readonly nowMs: () => number,
    private readonly fetchRecords: number,
    private readonly onCommit: (offset: number) => void,
  ) {
    this.log = broker.log(topic, partition);
  }

  seek(offset: number): void {
    this.position = offset;
  }

  async next(maxWaitMs: number): Promise<readonly LogRecord[] | null> {
    if (this.position === null) throw new Error(`seek comes before next on ${this.topic}/${this.partition}`);
    if (!(maxWaitMs > 0)) throw new RangeError(`a wait of ${maxWaitMs} ms would starve whatever else runs`);
    const arrived = (): boolean => {
      const { position, log } = this;
      return this.taken || position === null || position < log.begin || position !== log.begin + log.records.length;
    };
    await this.turn.wait('fetch', arrived, this.nowMs() + maxWaitMs);
    if (this.taken) throw new SourceRevokedError(this.topic, this.partition);
    this.broker.assertInRange(this.topic, this.partition, this.position);
    const records = this.broker.slice(this.topic, this.partition, this.position, this.fetchRecords);
    this.fetchedEnd = this.broker.end(this.topic, this.partition);
    const last = records.at(-1);
    if (!last) return null;
    this.position = last.offset + 1;
    return records;
  }

  logEndOffset(): number | null {
    return this.fetchedEnd;
  }

  commit(offset: number): void {
    if (!this.taken) this.onCommit(offset);
  }

  isRevoked(): boolean {
    return this.taken;
  }

  revoke(): void {
    this.taken = true;
  }
}

/** GroupConsumer of one process on a MemoryGroup. */
export class MemoryGroupConsumer implements GroupConsumer {
  constructor(
    private readonly group: MemoryGroup,
    private readonly id: string,
    private readonly turn: Turn,
  ) {}

  start(handler: AssignmentHandler): Promise<void> {
    this.group.join(this.id, handler, this.turn);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.group.leave(this.id);
    return Promise.resolve();
  }

  async committed(topic: string, partition: number): Promise<number | null> {
    await this.turn.wait('committed');
    return this.group.committed(topic, partition);
  }
}
