import type { LogWriter, NewRecord } from '@tillstream/engine';
import { appendBytes } from '@tillstream/engine';
import { Backoff } from '../cluster/backoff';
import { KafkaCluster } from '../cluster/kafka-cluster';
import type { KafkaOptions } from '../cluster/kafka-options';
import { BrokerError, UnknownPartitionError, WriterClosedError, WriterFullError } from '../errors';
import { brokerError } from '../protocol/broker-errors';
import type { Compression } from '../protocol/compression';
import { encodeBatch } from '../protocol/encode-batch';
import { type ProducePartitionAnswer, produceExchange } from '../protocol/produce';
import { exchange } from '../protocol/wire';
import { BatchMemory } from './batch-memory';
import { PartitionLane } from './partition-lane';

export interface KafkaLogWriterOptions extends KafkaOptions {
  /** By topic; default none. */
  readonly compression?: Compression | ((topic: string) => Compression);
  /** Most bytes of records gathered into one send. Default 900,000, which a topic with default limits takes. */
  readonly maxBatchBytes?: number;
  /** An append that would make more bytes wait than this is rejected. Default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** An append is given up after this long. Default: never. */
  readonly appendTimeoutMs?: number;
  /** Told of each append: bytes of its records, with their framing. */
  readonly onAppend?: (topic: string, bytes: number) => void;
  /** Must not be set: see `KafkaLogWriter`. */
  readonly idempotent?: boolean;
}

const DEFAULT_MAX_BATCH_BYTES = 900_000;
const DEFAULT_MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** A topic that was just created may be unknown to some brokers for a moment. */
const UNKNOWN_TOPIC_ATTEMPTS = 6;
const LOG_EVERY_ATTEMPTS = 10;

/**
 * Appends with `acks=all`, one partition a send, one send in flight per partition, and compares the partition that
 * the broker acknowledges with the one that was sent.
 *
 * Never idempotent: when an answer is lost, the sequence numbers that such a producer would use again make the broker
 * acknowledge the next records as duplicates of those before, and they are lost. Repetition is dealt with by those
 * who read: ranges and ids.
 */
export class KafkaLogWriter implements LogWriter {
  readonly #cluster: KafkaCluster;
  readonly #lanes = new Map<string, PartitionLane>();
  readonly #maxBatchBytes: number;
  readonly #maxPendingBytes: number;
  readonly #appendTimeoutMs: number | null;
  readonly #onAppend: (topic: string, bytes: number) => void;
  readonly #compressionOf: (topic: string) => Compression;
  readonly #memory = new BatchMemory();
  #pendingBytes = 0;
  #closed = false;

  /** @throws TypeError when asked to be idempotent. */
  constructor(options: KafkaLogWriterOptions) {
    if (options.idempotent === true) {
      throw new TypeError(
        'the log writer must not be idempotent: an idempotent kafkajs producer acknowledges records it has lost',
      );
    }
    const { compression = 'none' } = options;
    this.#cluster = new KafkaCluster(options);
    this.#maxBatchBytes = options.maxBatchBytes ?? DEFAULT_MAX_BATCH_BYTES;
    this.#maxPendingBytes = options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES;
    this.#appendTimeoutMs = options.appendTimeoutMs ?? null;
    this.#onAppend = options.onAppend ?? (() => undefined);
    this.#compressionOf = typeof compression === 'function' ? compression : () => compression;
  }

  /** Bytes of records that are not yet acknowledged: callers hold back when it grows. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * @throws RangeError for no records, WriterFullError, WriterClosedError, AppendTimeoutError (if so configured),
   *   AppendRefusedError for what the broker will never take, UnknownPartitionError.
   */
  async append(topic: string, partition: number, records: readonly NewRecord[]): Promise<number> {
    if (records.length === 0) throw new RangeError('there is nothing to append');
    if (this.#closed) throw new WriterClosedError();
    let bytes = 0;
    for (const record of records) bytes += appendBytes(record);
    // One append may pass whatever its size, or it never could.
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#maxPendingBytes) {
      throw new WriterFullError(this.#pendingBytes, this.#maxPendingBytes);
    }
    this.#pendingBytes += bytes;
    this.#onAppend(topic, bytes);
    return this.laneOf(topic, partition).append(records, bytes);
  }

  /** Takes no more appends, waits up to `drainMs` for those under way, then rejects the rest with WriterClosedError. */
  async close(drainMs = 5_000): Promise<void> {
    this.#closed = true;
    const lanes = [...this.#lanes.values()];
    const drained = Promise.all(lanes.map((lane) => lane.idle()));
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([drained, timeUp]);
    clearTimeout(timer);
    for (const lane of lanes) lane.abort();
    await this.#cluster.close();
    await drained;
  }

  private laneOf(topic: string, partition: number): PartitionLane {
    const name = `${topic}/${partition}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = this.createLane(topic, partition);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  private createLane(topic: string, partition: number): PartitionLane {
    const backoff = new Backoff();
    const compression = this.#compressionOf(topic);
    return new PartitionLane({
      topic,
      partition,
      maxBatchBytes: this.#maxBatchBytes,
      appendTimeoutMs: this.#appendTimeoutMs,
      encode: (records) => encodeBatch(records, compression, Date.now(), (bytes) => this.#memory.take(bytes)),
      // What was compressed is in memory of the codec's.
      recycle: (batch) => compression === 'none' && this.#memory.give(batch),
      send: async (batch) => {
        const offset = await this.send(topic, partition, batch);
        backoff.reset();
        return offset;
      },
      recover: (error, attempt, signal) => this.recover(error, topic, partition, attempt, backoff, signal),
      release: (bytes) => (this.#pendingBytes -= bytes),
    });
  }

  private async send(topic: string, partition: number, batch: Buffer): Promise<number> {
    const node = await this.leaderOf(topic, partition);
    const broker = await this.#cluster.broker(node);
    const produce = produceExchange(topic, partition, batch, this.#cluster.requestTimeoutMs);
    const { partitions } = await exchange(broker, 'requests', produce);
    return acknowledgedOffset(topic, partition, partitions);
  }

  private async leaderOf(topic: string, partition: number): Promise<number> {
    const backoff = new Backoff();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#cluster.leaderOf(topic, partition);
      } catch (error) {
        if (!(error instanceof UnknownPartitionError) || attempt === UNKNOWN_TOPIC_ATTEMPTS) throw error;
        await backoff.wait();
      }
    }
  }

  private async recover(
    error: unknown,
    topic: string,
    partition: number,
    attempt: number,
    backoff: Backoff,
    signal: AbortSignal,
  ): Promise<void> {
    this.#cluster.failed('produce');
    if (attempt > 0 && attempt % LOG_EVERY_ATTEMPTS === 0) {
      this.#cluster.logger.warn({ topic, partition, attempt, err: error }, 'append_repeated');
    }
    await backoff.wait(signal);
    // Whatever failed, the leader may be another by now; if even that cannot be learnt, the next attempt finds out.
    await this.#cluster.refresh(topic).catch(() => undefined);
  }
}

/** An answer about anything but the one partition that was sent acknowledges nothing. */
function acknowledgedOffset(topic: string, partition: number, answers: readonly ProducePartitionAnswer[]): number {
  const [answer] = answers;
  if (answers.length !== 1 || answer?.topic !== topic || answer.partition !== partition) {
    throw new BrokerError('ANSWER_FOR_ANOTHER_PARTITION', true);
  }
  if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
  return answer.baseOffset;
}
