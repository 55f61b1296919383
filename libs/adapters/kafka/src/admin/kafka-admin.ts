import { type Admin, AssignerProtocol, ConfigResourceTypes, ConfigSource, Kafka, logLevel } from 'kafkajs';
import { Backoff } from '../cluster/backoff';
import { connectionSettings } from '../cluster/connection-settings';
import { DEFAULT_REQUEST_TIMEOUT_MS, type KafkaOptions } from '../cluster/kafka-options';
import { SILENT } from '../cluster/kafkajs-logger';
import { assertKnownKafkajs } from '../cluster/known-kafkajs';
import { repairKafkajs } from '../cluster/repair-kafkajs';

const NOT_YET: ReadonlySet<unknown> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);
/** About twenty seconds. */
const ATTEMPTS = 24;

/** A topic as it should be. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition. */
  readonly replication: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** A topic as it is. */
export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  /** Effective values of all settings, defaults included. */
  readonly configs: Readonly<Record<string, string>>;
}

/** How far a group is behind in one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Null: the group never committed. */
  readonly committed: number | null;
  readonly begin: number;
  readonly end: number;
  /** Records from the committed offset, or from the beginning, to the end. */
  readonly lag: number;
}

/** Creates, describes and changes topics; looks at groups. */
export class KafkaAdmin {
  readonly #admin: Admin;
  #connected: Promise<void> | null = null;

  constructor(options: KafkaOptions) {
    assertKnownKafkajs();
    repairKafkajs();
    const logger = options.logger ?? SILENT;
    const kafka = new Kafka({
      brokers: [...options.brokers],
      clientId: options.clientId,
      ...connectionSettings(options),
      requestTimeout: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      retry: { retries: 10, initialRetryTime: 50, maxRetryTime: 1_000 },
      logLevel: logLevel.WARN,
      logCreator:
        () =>
        ({ log, namespace }) =>
          logger.debug({ ...log, namespace }, 'kafkajs'),
    });
    this.#admin = kafka.admin();
  }

  /** Creates the topics that do not exist, waits for their leaders, and returns their names. Others are left as they are. */
  async createTopics(specs: readonly TopicSpec[]): Promise<string[]> {
    const admin = await this.connected();
    const existing = new Set(await admin.listTopics());
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return [];
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map(({ topic, partitions, replication, configs = {} }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
      })),
    });
    const created = missing.map(({ topic }) => topic);
    await onceTheyKnow(() => admin.fetchTopicMetadata({ topics: created }));
    return created;
  }

  async listTopics(): Promise<string[]> {
    return (await this.connected()).listTopics();
  }

  /** Those of `topics` that exist, in that order. */
  async describeTopics(topics: readonly string[]): Promise<TopicDescription[]> {
    const admin = await this.connected();
    const existing = new Set(await admin.listTopics());
    const wanted = topics.filter((topic) => existing.has(topic));
    if (wanted.length === 0) return [];
    const [{ topics: metadata }, { resources }] = await Promise.all([
      admin.fetchTopicMetadata({ topics: wanted }),
      admin.describeConfigs({
        includeSynonyms: false,
        resources: wanted.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
      }),
    ]);
    return wanted.map((topic) => {
      const partitions = metadata.find(({ name }) => name === topic)?.partitions ?? [];
      const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
      return {
        topic,
        partitions: partitions.length,
        replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        configs: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
      };
    });
  }

  /**
   * Changes some settings of a topic. The request replaces all of them, so what was set on the topic before is read
   * and written back: two who change one topic at the same time may undo each other.
   */
  async alterConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const admin = await this.connected();
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const set = (resources[0]?.configEntries ?? []).filter(
      ({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG,
    );
    const merged = {
      ...Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue])),
      ...configs,
    };
    const configEntries = Object.entries(merged).map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  }

  /** @throws what the broker says about a topic that does not exist. */
  async groupLag(groupId: string, topics: readonly string[]): Promise<PartitionLag[]> {
    const admin = await this.connected();
    const committed = await onceTheyKnow(() => admin.fetchOffsets({ groupId, topics: [...topics] }));
    const lags = topics.map(async (topic) => {
      const offsets = committed.find((one) => one.topic === topic)?.partitions ?? [];
      const limits = await onceTheyKnow(() => admin.fetchTopicOffsets(topic));
      return limits.map(({ partition, low, high }) => {
        const offset = Number(offsets.find((one) => one.partition === partition)?.offset ?? -1);
        const begin = Number(low);
        const end = Number(high);
        const from = Math.max(begin, offset);
        return { topic, partition, committed: offset < 0 ? null : offset, begin, end, lag: Math.max(0, end - from) };
      });
    });
    return (await Promise.all(lags))
      .flat()
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  }

  /** Which member of a group has which partitions. Empty for a group without members. */
  async groupMembers(
    groupId: string,
  ): Promise<{ readonly member: string; readonly partitions: Readonly<Record<string, readonly number[]>> }[]> {
    const admin = await this.connected();
    const { groups } = await onceTheyKnow(() => admin.describeGroups([groupId]));
    return (groups[0]?.members ?? []).map(({ memberId, memberAssignment }) => ({
      member: memberId,
      partitions:
        memberAssignment.length === 0
          ? {}
          : (AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}),
    }));
  }

  /** Expires the records of a partition before `offset`. */
  async deleteRecordsBefore(topic: string, partition: number, offset: number): Promise<void> {
    const admin = await this.connected();
    // kafkajs finds the leaders only of topics it has already asked about.
    await onceTheyKnow(async () => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    });
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    await (await this.connected()).deleteTopics({ topics: [...topics] });
  }

  /** Number of brokers that are up. @throws when none answers. */
  async ping(): Promise<number> {
    const { brokers } = await (await this.connected()).describeCluster();
    return brokers.length;
  }

  async close(): Promise<void> {
    if (this.#connected === null) return;
    await this.#connected.catch(() => undefined);
    await this.#admin.disconnect();
  }

  private async connected(): Promise<Admin> {
    this.#connected ??= this.#admin.connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    await this.#connected;
    return this.#admin;
  }
}

/** Brokers need a moment to learn what the controller has just decided: a new topic, who coordinates a group. */
async function onceTheyKnow<T>(ask: () => Promise<T>): Promise<T> {
  const backoff = new Backoff();
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const { type } = error as { type?: unknown };
      if (!NOT_YET.has(type) || attempt === ATTEMPTS) throw error;
      await backoff.wait();
    }
  }
}
