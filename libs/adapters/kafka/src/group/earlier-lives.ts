import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from 'kafkajs/src/broker';
import type { KafkaCluster } from '../cluster/kafka-cluster';

const LOOK_EVERY_MS = 20;

/**
 * Members of a group that an earlier life of this process has left behind when it died without a word. The group would
 * wait for them until their session times out, and their partitions with it.
 *
 * They are known by their client id: the name of the process, which must be that of one at a time, and a number of the
 * life. Should two that live ever have one name (hosts that are called alike), each is sent away once and joins again: a
 * life looks for others of its name until it stands in the group, and after that for what a lost answer has left of itself.
 */
export class EarlierLives {
  private readonly life = randomBytes(4).toString('hex');
  private hasJoined = false;

  /** @param cluster connections of its own: a join that waits holds up everything behind it */
  constructor(
    private readonly cluster: KafkaCluster,
    private readonly groupId: string,
    private readonly topic: string,
    private readonly name: string,
  ) {}

  /** The client id that this life must join under. */
  get clientId(): string {
    return `${this.name}#${this.life}`;
  }

  /** To be asked before this life joins. @throws when no coordinator answers */
  async find(): Promise<ReadonlySet<string>> {
    const members = await this.members(await this.coordinator());
    const dead = members.filter(({ clientId }) =>
      this.hasJoined ? clientId === this.clientId : clientId.startsWith(`${this.name}#`),
    );
    return new Set(dead.map(({ memberId }) => memberId));
  }

  /** This life stands in the group: whoever has its name from now on is alive. */
  joined(): void {
    this.hasJoined = true;
  }

  /**
   * Leaves the group on their behalf, but not before this life stands in it: a group without any member begins with a
   * pause in which it waits for more. @param joined is aborted when the join has ended @throws when no coordinator answers
   */
  async end(dead: ReadonlySet<string>, joined: AbortSignal): Promise<void> {
    const coordinator = await this.coordinator();
    while (!joined.aborted) {
      const members = await this.members(coordinator);
      if (members.some(({ memberId }) => !dead.has(memberId))) break;
      await sleep(LOOK_EVERY_MS, undefined, { signal: joined }).catch(() => undefined);
    }
    const { groupId } = this;
    for (const memberId of dead) await coordinator.leaveGroup({ groupId, memberId });
    this.cluster.logger.info({ groupId, members: dead.size }, 'left_for_earlier_life');
  }

  private coordinator(): Promise<Broker> {
    return this.cluster.groupCoordinator(this.groupId, this.topic);
  }

  private async members(
    coordinator: Broker,
  ): Promise<readonly { readonly memberId: string; readonly clientId: string }[]> {
    const { groups } = await coordinator.describeGroups({ groupIds: [this.groupId] });
    return groups[0]?.members ?? [];
  }
}
