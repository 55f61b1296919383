import { Backoff } from '../cluster/backoff';
import type { KafkaCluster } from '../cluster/kafka-cluster';
import { UnknownPartitionError } from '../errors';

const EARLIEST = -2;
const LATEST = -1;
const READ_COMMITTED = 1;
const NONE = -1;
const GIVE_UP_AFTER_MS = 30_000;
const UNKNOWN_TOPIC_ATTEMPTS = 6;

/** Asks the leaders where partitions begin and end. */
export class OffsetLookup {
  constructor(
    private readonly cluster: KafkaCluster,
    private readonly signal: AbortSignal,
  ) {}

  begin(topic: string, partition: number): Promise<number> {
    return this.lookup(topic, partition, EARLIEST);
  }

  /** As far as consumers may read: up to the first open transaction. */
  end(topic: string, partition: number): Promise<number> {
    return this.lookup(topic, partition, LATEST);
  }

  /** Null when no record is that young. */
  async atOrAfter(topic: string, partition: number, timestampMs: number): Promise<number | null> {
    const offset = await this.lookup(topic, partition, timestampMs);
    return offset === NONE ? null : offset;
  }

  /** @throws UnknownPartitionError, or the last error after half a minute. */
  private async lookup(topic: string, partition: number, timestamp: number): Promise<number> {
    const backoff = new Backoff();
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.ask(topic, partition, timestamp);
      } catch (error) {
        this.cluster.failed('offsets');
        const lasting = error instanceof UnknownPartitionError && attempt >= UNKNOWN_TOPIC_ATTEMPTS;
        if (lasting || this.signal.aborted || performance.now() - startedAt > GIVE_UP_AFTER_MS) throw error;
        await backoff.wait(this.signal);
        await this.cluster.refresh(topic).catch(() => undefined);
      }
    }
  }

  private async ask(topic: string, partition: number, timestamp: number): Promise<number> {
    const broker = await this.cluster.broker(await this.cluster.leaderOf(topic, partition));
    const { responses } = await broker.listOffsets({
      replicaId: -1,
      isolationLevel: READ_COMMITTED,
      topics: [{ topic, partitions: [{ partition, timestamp: String(timestamp) }] }],
    });
    const answer = responses[0]?.partitions[0];
    if (responses[0]?.topic !== topic || answer?.partition !== partition)
      throw new Error('the broker answers for another partition');
    return Number(answer.offset);
  }
}
