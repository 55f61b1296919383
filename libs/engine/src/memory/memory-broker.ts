import type { LogRecord, NewRecord } from '../ports/log';
import { OffsetOutOfRangeError } from '../ports/log';

/** One partition's records, the first of them at offset `begin`. */
export interface MemoryPartition {
  readonly begin: number;
  readonly records: readonly LogRecord[];
}

interface WritablePartition extends MemoryPartition {
  begin: number;
  readonly records: LogRecord[];
}

interface MemoryTopic {
  readonly appendTime: boolean;
  readonly partitions: WritablePartition[];
}

/** The log of a simulated world: topics, partitions, records; shared by all its processes. */
export class MemoryBroker {
  /** Records that were ever appended, to any topic. */
  appended = 0;
  private readonly topics = new Map<string, MemoryTopic>();

  /** `nowMs` is the broker's own clock: it stamps what is appended to topics with append time. */
  constructor(private readonly nowMs: () => number) {}

  createTopic(topic: string, partitions: number, appendTime: boolean): void {
    this.topics.set(topic, {
      appendTime,
      partitions: Array.from({ length: partitions }, () => ({ begin: 0, records: [] })),
    });
  }

  partitionsOf(topic: string): number {
    return this.topic(topic).partitions.length;
  }

  /** Appends copies, as a network would. */
  append(topic: string, partition: number, records: readonly NewRecord[]): number {
    const { appendTime } = this.topic(topic);
    const log = this.partition(topic, partition);
    const base = log.begin + log.records.length;
    this.appended += records.length;
    records.forEach((record, index) => {
      log.records.push({
        offset: base + index,
        timestampMs: appendTime ? this.nowMs() : (record.timestampMs ?? this.nowMs()),
        key: record.key && record.key.slice(),
        value: record.value && record.value.slice(),
        headers: Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, bytes]) => [name, bytes.slice()])),
      });
    });
    return base;
  }

  /** A partition as it is now and will be; for who looks again and again. */
  log(topic: string, partition: number): MemoryPartition {
    return this.partition(topic, partition);
  }

  begin(topic: string, partition: number): number {
    return this.partition(topic, partition).begin;
  }

  end(topic: string, partition: number): number {
    const log = this.partition(topic, partition);
    return log.begin + log.records.length;
  }

  /** Up to `limit` records from `from` on, passing over what has expired. */
  slice(topic: string, partition: number, from: number, limit: number): readonly LogRecord[] {
    const log = this.partition(topic, partition);
    const index = Math.max(0, from - log.begin);
    return log.records.slice(index, index + limit);
  }

  /** @throws OffsetOutOfRangeError when `offset` lies outside [begin, end]. */
  assertInRange(topic: string, partition: number, offset: number): void {
    const { begin, records } = this.partition(topic, partition);
    const end = begin + records.length;
    if (offset < begin || offset > end) throw new OffsetOutOfRangeError(topic, partition, offset, begin, end);
  }

  offsetAtOrAfter(topic: string, partition: number, timestampMs: number): number | null {
    return this.partition(topic, partition).records.find((record) => record.timestampMs >= timestampMs)?.offset ?? null;
  }

  /** Puts another record in place of one that is there. */
  replace(topic: string, partition: number, offset: number, change: (record: LogRecord) => LogRecord): void {
    const { begin, records } = this.partition(topic, partition);
    const record = records[offset - begin];
    if (record) records[offset - begin] = change(record);
  }

  /** Retention: forgets the records below `offset`. */
  trim(topic: string, partition: number, offset: number): void {
    const log = this.partition(topic, partition);
    const drop = Math.min(Math.max(offset - log.begin, 0), log.records.length);
    log.records.splice(0, drop);
    log.begin += drop;
  }

  /** Everything retained, for oracles. */
  all(topic: string, partition: number): readonly LogRecord[] {
    return this.partition(topic, partition).records;
  }

  private topic(topic: string): MemoryTopic {
    const found = this.topics.get(topic);
    if (!found) throw new Error(`there is no topic ${topic}`);
    return found;
  }

  private partition(topic: string, partition: number): WritablePartition {
    const found = this.topic(topic).partitions[partition];
    if (!found) throw new Error(`there is no partition ${partition} of ${topic}`);
    return found;
  }
}
