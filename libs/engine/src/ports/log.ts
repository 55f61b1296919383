import { PackedRecord } from '@tillstream/contracts';

/** Header values by name, as bytes. Decode lazily: most readers never look. */
export type RecordHeaders = Readonly<Record<string, Uint8Array>>;

/** A record as stored. Offsets are exact integers below 2^53. */
export interface LogRecord {
  readonly offset: number;
  /** The broker's append time where the topic says LogAppendTime, else what the writer set. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

/** A record to append. A null value is a tombstone. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: RecordHeaders;
  /** Only for topics with CreateTime. */
  readonly timestampMs?: number;
}

/**
 * Most bytes of an append of several records, as `appendBytes` counts them: a broker takes or refuses an append as one batch,
 * and no topic takes less than this. One record by itself may be larger, up to what its topic takes.
 */
export const MAX_APPEND_BYTES = 1_000_000;
/** Framing of a record and of each of its headers, at their longest. */
const RECORD_FRAMING_BYTES = 32;

/** No fewer bytes than a record takes in an append. */
export function appendBytes(record: NewRecord): number {
  if (record instanceof PackedRecord) return RECORD_FRAMING_BYTES + record.valueTo - record.keyFrom;
  const { key, value, headers } = record;
  let bytes = RECORD_FRAMING_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += RECORD_FRAMING_BYTES + 3 * name.length + (headers[name]?.length ?? 0);
  return bytes;
}

/** Bytes of the keys and values of records that were read. */
export function valueBytes(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}

/** Cuts records, in their order, into as few portions as can each be appended at once. */
export function appendPortions(records: readonly NewRecord[]): (readonly NewRecord[])[] {
  const portions: (readonly NewRecord[])[] = [];
  for (let from = 0; from < records.length;) {
    const count = countForAppend(records, from);
    portions.push(records.slice(from, from + count));
    from += count;
  }
  return portions;
}

/** How many records from `from` on go into one append: at least one. */
export function countForAppend(records: readonly NewRecord[], from = 0): number {
  let bytes = 0;
  let at = from;
  for (; at < records.length; at++) {
    bytes += appendBytes(records[at] as NewRecord);
    if (at > from && bytes > MAX_APPEND_BYTES) break;
  }
  return at - from;
}

/**
 * Appends to the log. Several records of one append may have MAX_APPEND_BYTES together: what is more is refused.
 *
 * Promise: when `append` resolves with offset o, every in-sync replica has `records` at o, o + 1, … . Appends to one
 * partition reach the log in the order of the calls, one send in flight per partition; what is called meanwhile is
 * gathered into the next send. A retry repeats the same bytes, so a record may stand in the log more than once, but
 * records of a later call never stand before those of an earlier one that has not failed. A rejected append may or may
 * not be in the log.
 */
export interface LogWriter {
  append(topic: string, partition: number, records: readonly NewRecord[]): Promise<number>;
}

/** Reads partitions without belonging to a group. */
export interface LogReader {
  /** Offset of the first retained record (equal to `end` when there is none). */
  begin(topic: string, partition: number): Promise<number>;
  /** Offset the next record will get, as far as consumers may read. */
  end(topic: string, partition: number): Promise<number>;
  /** First offset whose timestamp is at or after `timestampMs`; null when there is none. */
  offsetAtOrAfter(topic: string, partition: number, timestampMs: number): Promise<number | null>;
  /**
   * Some records from `from` on, in offset order: at least one if one exists below `end`, as many as one fetch gives.
   * Compacted or expired offsets are skipped. Resolves with an empty array when there is none within `maxWaitMs`.
   */
  read(topic: string, partition: number, from: number, maxWaitMs: number): Promise<readonly LogRecord[]>;
}

/** The flow of one partition that has been assigned to this process. */
export interface PartitionSource {
  readonly topic: string;
  readonly partition: number;
  /** Where `next` goes on. Must be called before the first `next`; what was fetched before is thrown away. */
  seek(offset: number): void;
  /**
   * The next fetched records in offset order, or null when none came within `maxWaitMs`, which must be above 0: a loop
   * around waits of nothing would never let an acknowledgement or a heartbeat through.
   * @throws SourceRevokedError once the partition has been taken away or the consumer stopped.
   * @throws OffsetOutOfRangeError when the log no longer holds, or does not yet reach, the offset asked for. Offsets are never reset by
   *   themselves.
   */
  next(maxWaitMs: number): Promise<readonly LogRecord[] | null>;
  /** Log end offset as of the last fetch; null before the first. */
  logEndOffset(): number | null;
  /** True once the partition has been taken away or the consumer stopped. */
  isRevoked(): boolean;
  /** Hint for lag tools: the first offset not yet processed. Never decides where to start. */
  commit(offset: number): void;
}

/** Starts and ends the work on partitions as they come and go. */
export interface AssignmentHandler {
  /** Must return quickly; work goes on in the background until the source throws SourceRevokedError. */
  assigned(source: PartitionSource): void;
  /** Resolves when the work on the partition has stopped; bounded by the rebalance time-out. */
  revoked(topic: string, partition: number): Promise<void>;
}

/** A member of a consumer group. */
export interface GroupConsumer {
  /** Joins the group and keeps calling `handler` until `stop`. */
  start(handler: AssignmentHandler): Promise<void>;
  /**
   * Revokes every partition, leaves the group.
   *
   * @param hurry once aborted, work that has not stopped is waited for no longer: the fence keeps it from doing harm
   */
  stop(hurry?: AbortSignal): Promise<void>;
  /** Committed group offset of a partition, or null. Committed only as a hint. */
  committed(topic: string, partition: number): Promise<number | null>;
}

export class SourceRevokedError extends Error {
  override readonly name = 'SourceRevokedError';
  readonly code = 'SOURCE_REVOKED';

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {
    super(`partition ${partition} of ${topic} is no longer assigned to this process`);
  }
}

export class OffsetOutOfRangeError extends Error {
  override readonly name = 'OffsetOutOfRangeError';
  readonly code = 'OFFSET_OUT_OF_RANGE';

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    readonly begin: number,
    readonly end: number,
  ) {
    super(`offset ${offset} of ${topic}/${partition} is outside the log, which holds [${begin}, ${end})`);
  }
}
