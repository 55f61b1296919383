import type { Broker } from 'kafkajs/src/broker';
import Cluster from 'kafkajs/src/cluster';
import { UnknownPartitionError } from '../errors';
import { API_VERSIONS } from '../protocol/api-versions';
import { connected, exchange } from '../protocol/wire';
import { connectionSettings } from './connection-settings';
import { DEFAULT_REQUEST_TIMEOUT_MS, type KafkaLogger, type KafkaOperation, type KafkaOptions } from './kafka-options';
import { kafkajsLogger, SILENT } from './kafkajs-logger';
import { assertKnownKafkajs } from './known-kafkajs';
import { repairKafkajs } from './repair-kafkajs';

const READ_COMMITTED = 1;

/**
 * Connections to the brokers of one cluster and who leads which partition. Each user has its own: a broker works on
 * the requests of one connection one after the other, so a waiting join must not hold up a produce.
 */
export class KafkaCluster {
  readonly requestTimeoutMs: number;
  readonly logger: KafkaLogger;
  readonly #onRequestFailed: (operation: KafkaOperation) => void;
  readonly #cluster: Cluster;
  readonly #leaders = new Map<string, ReadonlyMap<number, number>>();
  /** Refreshes run one after the other, for each replaces what kafkajs knows; one that has not begun serves all. */
  #refreshes: Promise<void> = Promise.resolve();
  readonly #waiting = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: KafkaOptions) {
    assertKnownKafkajs();
    repairKafkajs();
    this.requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.logger = options.logger ?? SILENT;
    this.#onRequestFailed = options.onRequestFailed ?? (() => undefined);
    const { socketFactory, ssl, sasl, connectionTimeout } = connectionSettings(options);
    this.#cluster = new Cluster({
      logger: kafkajsLogger(this.logger),
      ...{ socketFactory, ssl: ssl ?? null, sasl: sasl ?? null, connectionTimeout },
      brokers: options.brokers,
      clientId: options.clientId,
      authenticationTimeout: 10_000,
      reauthenticationThreshold: 10_000,
      requestTimeout: this.requestTimeoutMs,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 500 },
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: READ_COMMITTED,
    });
  }

  /** @throws what connecting to the last of the brokers throws, when none answers. */
  async connect(): Promise<void> {
    await this.#cluster.connect();
  }

  /** Number of partitions of a topic. @throws UnknownPartitionError when it does not exist. */
  async partitionCount(topic: string): Promise<number> {
    if (!this.#leaders.has(topic)) await this.refresh(topic);
    return this.#leaders.get(topic)?.size ?? 0;
  }

  /** Node that leads a partition, as last heard. @throws UnknownPartitionError when the topic has no such partition. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    if (!this.#leaders.get(topic)?.has(partition)) await this.refresh(topic);
    const leader = this.#leaders.get(topic)?.get(partition);
    if (leader === undefined) throw new UnknownPartitionError(topic, partition);
    return leader;
  }

  /** Like `leaderOf`, but only what is known already. */
  knownLeader(topic: string, partition: number): number | undefined {
    return this.#leaders.get(topic)?.get(partition);
  }

  /** A connected broker. */
  async broker(node: number): Promise<Broker> {
    const broker = await this.#cluster.findBroker({ nodeId: node });
    await connected(broker, 'requests');
    return broker;
  }

  /** The broker that coordinates a group. Any topic of the group serves to learn where the brokers are. */
  async groupCoordinator(groupId: string, topic: string): Promise<Broker> {
    await this.connectedSomewhere();
    if (Object.keys(this.#cluster.brokerPool.brokers).length === 0) await this.refresh(topic);
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId });
    await connected(coordinator, 'requests');
    return coordinator;
  }

  /**
   * Learns the leaders of a topic anew.
   * @throws UnknownPartitionError when it does not exist; what the connection throws when no broker answers.
   */
  async refresh(topic: string): Promise<void> {
    const waiting = this.#waiting.get(topic);
    if (waiting !== undefined) return waiting;
    const refresh = this.#refreshes.then(() => {
      this.#waiting.delete(topic);
      return this.refreshNow(topic);
    });
    this.#waiting.set(topic, refresh);
    this.#refreshes = refresh.catch(() => undefined);
    return refresh;
  }

  /** Somebody was refused something, or got no answer. What ends because the connection is closed is no failure. */
  failed(operation: KafkaOperation): void {
    if (!this.#closed) this.#onRequestFailed(operation);
  }

  /** Resolves when any broker answers. @throws what the last of them throws */
  async ping(): Promise<void> {
    await this.connectedSomewhere();
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    const all = [...Object.values(brokers), ...(seedBroker === undefined ? [] : [seedBroker])];
    await Promise.any(all.map((broker) => exchange(broker, 'requests', API_VERSIONS))).catch(throwLast);
  }

  /** Rejects what still waits for an answer and disconnects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    for (const broker of new Set([...Object.values(brokers), ...(seedBroker === undefined ? [] : [seedBroker])])) {
      for (const connection of broker.connectionPool.pool)
        connection.rejectRequests(new Error('the connection was closed'));
    }
    await this.#cluster.disconnect();
  }

  private async refreshNow(topic: string): Promise<void> {
    await this.connectedSomewhere();
    const pool = this.#cluster.brokerPool;
    try {
      await pool.refreshMetadata([topic]);
    } catch (error) {
      if (isUnknownTopic(error)) {
        this.#leaders.delete(topic);
        throw new UnknownPartitionError(topic, 0);
      }
      this.failed('metadata');
      throw error;
    }
    const found = pool.metadata?.topicMetadata.find((one) => one.topic === topic);
    this.#leaders.set(topic, new Map(found?.partitionMetadata.map(({ partitionId, leader }) => [partitionId, leader])));
  }

  private async connectedSomewhere(): Promise<void> {
    if (this.#closed) throw new Error('the connection was closed');
    if (this.#cluster.isConnected()) return;
    await this.#cluster.connect().catch((error: unknown) => {
      this.failed('metadata');
      throw error;
    });
  }
}

/** @throws the last of several errors, which says more than that there were some */
function throwLast(error: unknown): never {
  throw error instanceof AggregateError ? error.errors.at(-1) : error;
}

function isUnknownTopic(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && (cause.type === 'UNKNOWN_TOPIC_OR_PARTITION' || cause.type === 'INVALID_TOPIC_EXCEPTION'))
      return true;
  }
  return false;
}
