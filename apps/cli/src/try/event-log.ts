import { encodeControl, type StreamDefinition } from '@tillstream/contracts';
import { BodySplitter, type RejectedEvent } from '@tillstream/core';
import type { LogReader, LogRecord, NewRecord } from '@tillstream/engine';

/** Most records that one read gives, as a fetch has its bounds. */
const MOST_RECORDS = 256;

/**
 * The raw log that a gateway would have made of some events, in memory: checked and split by the gateway's rules, so that what
 * reads it finds what it would find in Kafka. All other topics are empty.
 */
export class EventLog implements LogReader {
  private readonly splitter: BodySplitter;
  private readonly raw: string;
  private readonly partitions: LogRecord[][];

  /** @param appendMs when all of them were sent: what is further ahead than the stream tolerates is refused */
  constructor(
    { schema, topics }: StreamDefinition,
    private readonly appendMs: number,
  ) {
    this.splitter = new BodySplitter(schema);
    this.raw = topics.raw;
    this.partitions = Array.from({ length: schema.partitions }, () => []);
  }

  /** Takes one body of events, one a line. Returns those that were refused, by their place in the body. */
  add(lines: readonly string[]): readonly RejectedEvent[] {
    const { records, rejected } = this.splitter.split(Buffer.from(lines.join('\n'), 'utf8'), 'ndjson');
    for (const { partition, value } of records) this.append(partition, { key: null, value });
    return rejected;
  }

  /** No more events come: partitions that have had none for long learn how far the others are, as the services tell them. */
  finish(newestMs: number): void {
    const record = encodeControl({ kind: 'advance', toMs: Math.min(newestMs, this.appendMs) });
    for (const partition of this.partitions.keys()) this.append(partition, record);
  }

  private append(partition: number, { key, value, headers = {} }: NewRecord): void {
    const log = this.partitions[partition];
    log?.push({ key, value, headers, offset: log.length, timestampMs: this.appendMs });
  }

  begin(): Promise<number> {
    return Promise.resolve(0);
  }

  end(topic: string, partition: number): Promise<number> {
    return Promise.resolve(this.recordsOf(topic, partition).length);
  }

  offsetAtOrAfter(topic: string, partition: number, timestampMs: number): Promise<number | null> {
    const isThere = timestampMs <= this.appendMs && this.recordsOf(topic, partition).length > 0;
    return Promise.resolve(isThere ? 0 : null);
  }

  read(topic: string, partition: number, from: number): Promise<readonly LogRecord[]> {
    return Promise.resolve(this.recordsOf(topic, partition).slice(from, from + MOST_RECORDS));
  }

  private recordsOf(topic: string, partition: number): readonly LogRecord[] {
    return topic === this.raw ? (this.partitions[partition] ?? []) : [];
  }
}
