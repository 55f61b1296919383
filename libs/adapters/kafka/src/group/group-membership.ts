import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from 'kafkajs/src/broker';
import { Backoff } from '../cluster/backoff';
import type { KafkaCluster } from '../cluster/kafka-cluster';
import type { EarlierLives } from './earlier-lives';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Owned,
  PROTOCOL_NAME,
} from './group-protocol';
import { assignPartitions, type GroupMember } from './sticky-assignment';

export interface MembershipOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

/** Hears what becomes of a membership. */
export interface MembershipListener {
  /** The share of this member from here on, complete. */
  assigned(share: Owned): void;
  /** Others have, or will soon have, what was ours: the group has gone on without this member. */
  lost(): void;
  /** The membership has ended for good: nothing more will be assigned. */
  failed(error: Error): void;
}

export interface OffsetHint {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The group has a share for us, but we must ask again. */
const REJOIN = new Set(['REBALANCE_IN_PROGRESS', 'MEMBER_ID_REQUIRED']);
/** The group has forgotten us. */
const FORGOTTEN = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
/** Asking again cannot help. */
const LASTING = new Set([
  'GROUP_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'GROUP_MAX_SIZE_REACHED',
  'UNSUPPORTED_VERSION',
]);

/**
 * Membership of a consumer group: joins, takes part in the sharing, and keeps it by heartbeats that depend on nothing
 * but the event loop. A member goes on with its share while the group shares anew, and gives up only what it does not
 * get again: what two members write in that moment is settled by the fence of the checkpoint.
 */
export class GroupMembership {
  readonly #stopped = new AbortController();
  #coordinator: Broker | null = null;
  #memberId = '';
  #generation = -1;
  #owned: Owned = new Map();
  #joined = false;
  /** When the coordinator last knew us (monotonic ms). */
  #heardMs = 0;

  constructor(
    private readonly cluster: KafkaCluster,
    private readonly options: MembershipOptions,
    private readonly listener: MembershipListener,
    /** Null: this process cannot be told from others, or it never dies. */
    private readonly earlierLives: EarlierLives | null = null,
  ) {}

  /** Whether the coordinator has confirmed this member within the session time-out. */
  get isMember(): boolean {
    return this.#joined && performance.now() - this.#heardMs < this.options.sessionTimeoutMs;
  }

  /** Joins and stays until `stop`. Never rejects. */
  async run(): Promise<void> {
    const backoff = new Backoff();
    while (!this.#stopped.signal.aborted) {
      try {
        await this.joinAndSync();
        backoff.reset();
        await this.heartbeats();
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (!REJOIN.has(typeOf(error) ?? '')) this.cluster.failed('group');
        if (this.endedBy(error)) return;
        await backoff.wait(this.#stopped.signal);
      }
    }
  }

  /** Ends `run`: nothing is assigned from here on. The group counts on this member until it leaves. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Leaves the group, so that it need not wait for the session time-out. */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#coordinator === null || this.#memberId === '') return;
    const left = this.#coordinator.leaveGroup({ groupId: this.options.groupId, memberId: this.#memberId });
    await Promise.race([left, sleep(timeoutMs, undefined, { ref: false })]).catch(() => undefined);
    this.#joined = false;
  }

  /** Stores offsets with the group. @throws when the coordinator does not take them. */
  async commit(hints: readonly OffsetHint[]): Promise<void> {
    if (!this.isMember || this.#coordinator === null || hints.length === 0)
      throw new Error('not a member of the group');
    const topics = [...new Set(hints.map(({ topic }) => topic))];
    await this.#coordinator.offsetCommit({
      groupId: this.options.groupId,
      groupGenerationId: this.#generation,
      memberId: this.#memberId,
      topics: topics.map((topic) => ({
        topic,
        partitions: hints
          .filter((hint) => hint.topic === topic)
          .map(({ partition, offset }) => ({ partition, offset: String(offset), metadata: null })),
      })),
    });
  }

  private async joinAndSync(): Promise<void> {
    const { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    const coordinator = await this.findCoordinator();
    const dead = await this.membersOfEarlierLives();
    const ended = new AbortController();
    const joining = coordinator.joinGroup({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupProtocols: [{ name: PROTOCOL_NAME, metadata: encodeSubscription(topics, this.#owned, this.#generation) }],
    });
    if (dead.size > 0) void this.endEarlierLives(dead, ended.signal);
    const joined = await joining.finally(() => ended.abort());
    this.earlierLives?.joined();
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    const isLeader = joined.leaderId === joined.memberId;
    const members = joined.members.map(({ memberId, memberMetadata }) => decodeSubscription(memberId, memberMetadata));
    const { memberAssignment } = await coordinator.syncGroup({
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment: isLeader ? encodeAssignment(assignPartitions(members, await this.partitionCounts(members))) : [],
    });
    if (this.#stopped.signal.aborted) return;
    this.#heardMs = performance.now();
    this.#joined = true;
    this.#owned = decodeAssignment(memberAssignment);
    this.cluster.logger.info(
      { groupId, generation: this.#generation, share: Object.fromEntries(this.#owned) },
      'group_joined',
    );
    this.listener.assigned(this.#owned);
  }

  /** Also what a join of this life has left whose answer was lost. Nothing is lost when they cannot be found, but time. */
  private async membersOfEarlierLives(): Promise<ReadonlySet<string>> {
    if (this.earlierLives === null || this.#memberId !== '') return new Set();
    try {
      return await this.earlierLives.find();
    } catch (err) {
      this.cluster.logger.debug({ groupId: this.options.groupId, err }, 'earlier_lives_not_found');
      return new Set();
    }
  }

  private async endEarlierLives(dead: ReadonlySet<string>, joined: AbortSignal): Promise<void> {
    try {
      await this.earlierLives?.end(dead, joined);
    } catch (err) {
      this.cluster.logger.debug({ groupId: this.options.groupId, err }, 'earlier_lives_not_ended');
    }
  }

  /**
   * Returns when this member has to join: the group shares anew, or we have given up our share. @throws when the group has
   * forgotten us.
   */
  private async heartbeats(): Promise<void> {
    const { groupId, heartbeatIntervalMs } = this.options;
    const signal = this.#stopped.signal;
    while (!signal.aborted) {
      await sleep(heartbeatIntervalMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const coordinator = this.#coordinator ?? (await this.findCoordinator());
        await coordinator.heartbeat({ groupId, groupGenerationId: this.#generation, memberId: this.#memberId });
        this.#heardMs = performance.now();
      } catch (error) {
        const type = typeOf(error);
        if (type !== null && REJOIN.has(type)) return;
        if (type !== null && (FORGOTTEN.has(type) || LASTING.has(type))) throw error;
        this.cluster.failed('group');
        // The coordinator moves or restarts: another may know us as well.
        this.#coordinator = null;
        // A coordinator that was away itself may still count on us, and would go on answering heartbeats.
        if (this.loseWhenSilent()) return;
      }
    }
  }

  private async findCoordinator(): Promise<Broker> {
    const [topic = ''] = this.options.topics;
    this.#coordinator = null;
    this.#coordinator = await this.cluster.groupCoordinator(this.options.groupId, topic);
    return this.#coordinator;
  }

  private async partitionCounts(members: readonly GroupMember[]): Promise<Map<string, number>> {
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    return new Map(
      await Promise.all(topics.map(async (topic) => [topic, await this.cluster.partitionCount(topic)] as const)),
    );
  }

  /** Whether the membership is over for good. Else gives up what the group has given to others. */
  private endedBy(error: unknown): boolean {
    const { groupId } = this.options;
    const type = typeOf(error);
    if (type !== null && LASTING.has(type)) {
      this.giveUp();
      this.listener.failed(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    if (type !== null && FORGOTTEN.has(type)) {
      this.cluster.logger.warn({ groupId, type }, 'group_membership_lost');
      if (type !== 'ILLEGAL_GENERATION') this.#memberId = '';
      this.giveUp();
    } else {
      this.cluster.logger.debug({ groupId, err: error }, 'group_join_repeated');
      this.loseWhenSilent();
    }
    return false;
  }

  /**
   * Gives up when nobody has confirmed us for as long as the group waits for a member: others may have our share by now.
   * @returns whether we have given up
   */
  private loseWhenSilent(): boolean {
    if (!this.#joined || performance.now() - this.#heardMs <= this.options.sessionTimeoutMs) return false;
    this.cluster.logger.warn({ groupId: this.options.groupId }, 'group_coordinator_silent');
    this.giveUp();
    return true;
  }

  private giveUp(): void {
    this.#joined = false;
    this.#owned = new Map();
    this.listener.lost();
  }
}

/** Name of a protocol error, through kafkajs's wrappings. */
function typeOf(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type;
  }
  return null;
}
