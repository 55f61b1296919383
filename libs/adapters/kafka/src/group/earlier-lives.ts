import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from 'kafkajs/src/broker';
import type { KafkaCluster } from '../cluster/kafka-cluster';

const LOOK_EVERY_MS = 20;

/**
 * Members of a group that an earlier life of this process has left behind when it died without a word. The group would
 * wait for them until their session times out, and their partitions with it.
 *
 * They are known by the client id, which therefore must be that of one process at a time. Should it ever be shared, then
 * a living member is sent away once, and joins again at its next heartbeat.
 */
export class EarlierLives {
  /** @param cluster connections of its own: a join that waits holds up everything behind it */
  constructor(
    private readonly cluster: KafkaCluster,
    private readonly groupId: string,
    private readonly topic: string,
    private readonly clientId: string,
  ) {}

  /** To be asked before this life joins. @throws when no coordinator answers */
  async find(): Promise<ReadonlySet<string>> {
    const members = await this.members(await this.coordinator());
    return new Set(members.filter(({ clientId }) => clientId === this.clientId).map(({ memberId }) => memberId));
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
