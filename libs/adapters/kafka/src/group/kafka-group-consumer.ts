import { setTimeout as sleep } from 'node:timers/promises';
import type { AssignmentHandler, GroupConsumer } from '@tillstream/engine';
import { KafkaCluster } from '../cluster/kafka-cluster';
import type { KafkaOptions } from '../cluster/kafka-options';
import { Fetcher } from '../reader/fetcher';
import { OffsetLookup } from '../reader/offset-lookup';
import { EarlierLives } from './earlier-lives';
import { GroupMembership, type OffsetHint } from './group-membership';
import type { Owned } from './group-protocol';
import { GroupSource } from './group-source';

export interface KafkaGroupConsumerOptions extends KafkaOptions {
  readonly groupId: string;
  /** All partitions of all of them are shared by the members. */
  readonly topics: readonly string[];
  /** The group takes a silent member's share after this long. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How long the group waits for its members to come back, and a stop for the work on a partition. Default 30,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 1,000: also how soon a member hears that others have come. */
  readonly heartbeatIntervalMs?: number;
  /** How long a broker holds a fetch that finds nothing. Default 250. */
  readonly maxWaitMs?: number;
  /** Default 8 MiB for an answer, 1 MiB for a partition in it. */
  readonly maxBytes?: number;
  readonly maxPartitionBytes?: number;
  /**
   * Names this process among all, now and after it has died and come back, such as its host and port. A later life then
   * gets its partitions at once, and not only when the session of the earlier one has timed out.
   */
  readonly instance?: string;
  /** The group will never take this member back: it is not allowed, or its members do not agree. */
  readonly onFailure?: (error: Error) => void;
}

const HINT_INTERVAL_MS = 1_000;
/** How long a coordinator may take to answer a member that leaves; without an answer the session runs out. */
const LEAVE_MS = 2_000;
const HURRIED_LEAVE_MS = 300;

/**
 * A member of a consumer group that leaves it to each task where to read from. Membership and records have
 * connections of their own, so that a join that waits does not hold up a fetch.
 */
export class KafkaGroupConsumer implements GroupConsumer {
  readonly #groupCluster: KafkaCluster;
  readonly #fetchCluster: KafkaCluster;
  readonly #closing = new AbortController();
  readonly #fetcher: Fetcher;
  readonly #membership: GroupMembership;
  readonly #sources = new Map<string, GroupSource>();
  /** Partitions that were taken away and whose work has not yet stopped. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #hints = new Map<string, OffsetHint>();
  #share: ReadonlySet<string> = new Set();
  #stopping = false;
  #handler: AssignmentHandler | null = null;
  #running: Promise<void> | null = null;
  #hinting: Promise<void> = Promise.resolve();

  constructor(private readonly options: KafkaGroupConsumerOptions) {
    const { maxWaitMs = 250, maxBytes = 8 * 1024 * 1024, maxPartitionBytes = 1024 * 1024 } = options;
    const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
    const requestTimeoutMs = Math.min(options.requestTimeoutMs ?? Infinity, Math.max(1_000, sessionTimeoutMs / 2));
    const { instance, groupId, topics } = options;
    this.#fetchCluster = new KafkaCluster(options);
    const earlierLives =
      instance === undefined
        ? null
        : new EarlierLives(this.#fetchCluster, groupId, topics[0] ?? '', `${options.clientId}@${instance}`);
    const { clientId } = earlierLives ?? options;
    this.#groupCluster = new KafkaCluster({ ...options, clientId, requestTimeoutMs });
    const offsets = new OffsetLookup(this.#fetchCluster, this.#closing.signal);
    this.#fetcher = new Fetcher(this.#fetchCluster, offsets, { maxWaitMs, maxBytes, maxPartitionBytes }, 'fail');
    this.#membership = new GroupMembership(
      this.#groupCluster,
      {
        groupId,
        topics,
        sessionTimeoutMs,
        rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 30_000,
        heartbeatIntervalMs: options.heartbeatIntervalMs ?? 1_000,
      },
      {
        assigned: (share) => this.take(share),
        lost: () => this.take(new Map()),
        failed: (error) => options.onFailure?.(error),
      },
      earlierLives,
    );
  }

  /** Whether the group counts on this member now. */
  get isMember(): boolean {
    return this.#membership.isMember;
  }

  /** Resolves when the member has begun to join; partitions come later, whenever the broker can be reached. */
  start(handler: AssignmentHandler): Promise<void> {
    if (this.#handler !== null) return Promise.reject(new Error('the consumer has been started before'));
    this.#handler = handler;
    this.#running = this.#membership.run();
    this.#hinting = this.keepHinting();
    return Promise.resolve();
  }

  async stop(hurry?: AbortSignal): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#membership.stop();
    this.take(new Map());
    const late = aborted(hurry);
    await Promise.race([Promise.all(this.#ending.values()).then(() => this.storeHints()), late]);
    this.#closing.abort();
    await this.#membership.leave(hurry?.aborted === true ? HURRIED_LEAVE_MS : LEAVE_MS);
    this.#fetcher.close();
    await Promise.all([this.#groupCluster.close(), this.#fetchCluster.close()]);
    await Promise.all([this.#running, this.#hinting]);
  }

  async committed(topic: string, partition: number): Promise<number | null> {
    const coordinator = await this.#groupCluster.groupCoordinator(this.options.groupId, topic);
    const topics = [{ topic, partitions: [{ partition }] }];
    const { responses } = await coordinator.offsetFetch({ groupId: this.options.groupId, topics });
    const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
    return offset < 0 ? null : offset;
  }

  /** What is in both shares goes on undisturbed. */
  private take(share: Owned): void {
    const names = new Map<string, { topic: string; partition: number }>();
    for (const [topic, partitions] of share)
      for (const partition of partitions) names.set(`${topic}/${partition}`, { topic, partition });
    this.#share = new Set(names.keys());
    for (const [name, source] of [...this.#sources]) if (!names.has(name)) this.revoke(name, source);
    for (const [name, { topic, partition }] of names)
      if (!this.#sources.has(name)) void this.assign(name, topic, partition);
  }

  /** One task per partition: the next begins when the one before has stopped. */
  private async assign(name: string, topic: string, partition: number): Promise<void> {
    await this.#ending.get(name);
    if (!this.#share.has(name) || this.#sources.has(name)) return;
    const source = new GroupSource(topic, partition, this.#fetcher, (offset) =>
      this.#hints.set(name, { topic, partition, offset }),
    );
    this.#sources.set(name, source);
    this.#handler?.assigned(source);
  }

  /** A hint outlives its source only when the whole member stops: another owner may already know better. */
  private revoke(name: string, source: GroupSource): void {
    this.#sources.delete(name);
    source.revoke();
    if (!this.#stopping) this.#hints.delete(name);
    const { topic, partition } = source;
    const stopped = Promise.resolve(this.#handler?.revoked(topic, partition)).catch((err: unknown) => {
      this.#groupCluster.logger.error({ topic, partition, err }, 'revoked_partition_failed');
    });
    const timeUp = sleep(this.options.rebalanceTimeoutMs ?? 30_000, undefined, { ref: false });
    const ending = Promise.race([stopped, timeUp]).then(() => {
      if (this.#ending.get(name) === ending) this.#ending.delete(name);
    });
    this.#ending.set(name, ending);
  }

  private async keepHinting(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(HINT_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      await this.storeHints();
    }
  }

  /** Hints that cannot be stored now are tried again with the next ones. */
  private async storeHints(): Promise<void> {
    const hints = [...this.#hints];
    if (hints.length === 0 || !this.#membership.isMember) return;
    try {
      await this.#membership.commit(hints.map(([, hint]) => hint));
      for (const [name, hint] of hints) if (this.#hints.get(name) === hint) this.#hints.delete(name);
    } catch (err) {
      this.#groupCluster.logger.debug({ groupId: this.options.groupId, err }, 'offset_hints_not_stored');
    }
  }
}

/** Never resolves without a signal. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
