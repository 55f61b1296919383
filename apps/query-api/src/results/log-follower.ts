import {
  OffsetOutOfRangeError,
  type BatchTracer,
  type Clock,
  type LogReader,
  type LogRecord,
} from '@tillstream/engine';
import type { ChangeSignal } from '../view/change-signal';
import type { Positions } from '../view/positions';

export interface FollowerOptions {
  readonly log: LogReader & { partitionCount(topic: string): Promise<number> };
  readonly clock: Clock;
  readonly tracer: BatchTracer;
  /** How long a read waits for news. Stopping takes as long. */
  readonly maxWaitMs: number;
  /** After the log could not be read. */
  readonly retryMs: number;
  /** How often what is older than the stream's retention is given up. */
  readonly sweepEveryMs: number;
  /** Told each time the log could not be read; it is read again after `retryMs`. */
  readonly onTrouble: (stream: string, error: unknown) => void;
  /** Told of results that can be read from now on, and how long that took; not of those that stood there before. */
  readonly onVisible?: (stream: string, kind: 'provisional' | 'final', seconds: number) => void;
}

/** The log holds less than was read of it: it is not the log it was. The view must be built anew. */
export class LogReplacedError extends Error {
  override readonly name = 'LogReplacedError';
  readonly code = 'LOG_REPLACED';

  constructor(topic: string, partition: number, next: number, end: number) {
    super(`${topic}/${partition} was read up to offset ${next} and now ends at ${end}: it is another log; start again`);
  }
}

/** The topic and the stream file do not agree. */
export class PartitionCountError extends Error {
  override readonly name = 'PartitionCountError';
  readonly code = 'PARTITION_COUNT';

  constructor(topic: string, actual: number, declared: number, file: string) {
    super(
      `${topic} has ${actual} partitions, and ${file} declares ${declared}: start with the file the topic was made for`,
    );
  }
}

/** What is made of a log: it is told of every record once, and knows how far it has come. */
export interface LogView {
  readonly partitions: number;
  /** By partition: the first offset that is not yet in the view. */
  readonly positions: Positions;
  /** Fires when the view has changed or has come further. */
  readonly changes: ChangeSignal;
  /** Nothing is to be known of what stands before `offset`. */
  skipTo(partition: number, offset: number): void;
  /** What stood before `offset` has expired: the view is no longer whole. */
  beginAt(partition: number, offset: number): void;
  dropAppendedBefore(appendMs: number): void;
}

/** A log that is followed, and what is to become of it. */
export interface FollowedLog {
  readonly stream: string;
  readonly topic: string;
  /** The stream file, for messages. */
  readonly file: string;
  readonly retentionMs: number;
  readonly view: LogView;
  /** Once, before anything is read: what must be known to understand the log. */
  prepare(): Promise<void>;
  /** Takes records, and moves the positions of the view past those it has taken. */
  take(partition: number, records: readonly LogRecord[]): Promise<void>;
}

/**
 * Keeps a view up with its topic: one loop a partition, no consumer group, so that each replica sees everything and none needs
 * another. While the log is away the view stays as it is.
 */
export class LogFollower {
  /** By partition: the end of the log when following began. Null until known. */
  private target: number[] | null = null;
  private sweptAtMs = -Infinity;
  /** Why the log could not be read the last time it could not. */
  private trouble: string | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly followed: FollowedLog,
    private readonly options: FollowerOptions,
  ) {}

  /** Everything that stood in the log when following began has been read. */
  get isCaughtUp(): boolean {
    return this.target !== null && this.unread(this.target) === 0;
  }

  /** For people: null when caught up, else how much there is still to read. */
  get missing(): string | null {
    if (this.target === null) {
      return `${this.topic} cannot be read yet${this.trouble === null ? '' : `: ${this.trouble}`}`;
    }
    const unread = this.unread(this.target);
    return unread === 0 ? null : `${unread} offsets of ${this.topic} are still to be read`;
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Resolves once caught up, or stopped before. */
  async caughtUp(): Promise<void> {
    while (!this.isCaughtUp && !this.isStopped) await this.view.changes.next(this.stopping.signal);
  }

  /** Follows until `stop`. @throws LogReplacedError, PartitionCountError */
  async run(): Promise<void> {
    await this.trying(() => this.begin());
    try {
      await Promise.all(this.partitions.map((partition) => this.follow(partition)));
    } finally {
      this.stop();
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  /** By partition: how many offsets of the log have not been read yet. Asks the log. */
  async lag(): Promise<readonly number[]> {
    const ends = await this.ends();
    const { positions } = this.view;
    return ends.map((end, partition) => Math.max(end - positions[partition]!, 0));
  }

  /** By partition: where the log ends now. */
  ends(): Promise<number[]> {
    const { log } = this.options;
    return Promise.all(this.partitions.map((partition) => log.end(this.topic, partition)));
  }

  /** Tries again as long as the log cannot be read; a log that has expired ahead of us goes on at its first record. */
  async trying(attempt: () => Promise<void>): Promise<void> {
    while (!this.isStopped) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof LogReplacedError || error instanceof PartitionCountError) throw error;
        if (error instanceof OffsetOutOfRangeError && error.topic === this.topic) this.passExpired(error);
        if (this.isStopped) return;
        this.trouble = error instanceof Error ? error.message : String(error);
        this.options.onTrouble(this.followed.stream, error);
        await this.options.clock.sleep(this.options.retryMs);
      }
    }
  }

  private get topic(): string {
    return this.followed.topic;
  }

  private get view(): LogView {
    return this.followed.view;
  }

  private get partitions(): number[] {
    return [...Array(this.view.partitions).keys()];
  }

  private unread(target: readonly number[]): number {
    const { positions } = this.view;
    return target.reduce((sum, end, partition) => sum + Math.max(end - positions[partition]!, 0), 0);
  }

  private async begin(): Promise<void> {
    await this.checkPartitions();
    await this.followed.prepare();
    const target = await this.ends();
    await Promise.all(this.partitions.map((partition) => this.beginPartition(partition, target[partition]!)));
    this.target = target;
    this.view.changes.fire();
  }

  private async checkPartitions(): Promise<void> {
    const actual = await this.options.log.partitionCount(this.topic);
    const { partitions } = this.view;
    if (actual !== partitions) throw new PartitionCountError(this.topic, actual, partitions, this.followed.file);
  }

  /** What is older than the retention is not worth reading: the view would give it up at once. */
  private async beginPartition(partition: number, end: number): Promise<void> {
    const { log } = this.options;
    const [begin, first, recent] = await Promise.all([
      log.begin(this.topic, partition),
      log.offsetAtOrAfter(this.topic, partition, 0),
      log.offsetAtOrAfter(this.topic, partition, this.oldestAppendMs()),
    ]);
    const from = recent ?? end;
    // What compaction has taken from the front was told again further on; what expired was not.
    const isWhole = begin === 0 && from <= (first ?? end);
    if (isWhole) this.view.skipTo(partition, from);
    else this.view.beginAt(partition, from);
  }

  private async follow(partition: number): Promise<void> {
    const { log, maxWaitMs } = this.options;
    let endBefore = 0;
    await this.trying(async () => {
      while (!this.isStopped) {
        this.sweepIfDue();
        const next = this.view.positions[partition]!;
        const records = await log.read(this.topic, partition, next, maxWaitMs);
        if (records.length > 0) {
          await this.noteExpired(partition, next, records);
          await this.take(partition, records);
        } else {
          // An end looked up before a read that found nothing: the cleaner has taken the last records of the log.
          if (endBefore > next) this.view.skipTo(partition, endBefore);
          endBefore = await log.end(this.topic, partition);
          if (endBefore < next) throw new LogReplacedError(this.topic, partition, next, endBefore);
        }
      }
    });
  }

  /** What was there before is of no interest to whoever follows an event. */
  private take(partition: number, records: readonly LogRecord[]): Promise<void> {
    const { topic } = this;
    if (!this.isCaughtUp) return this.followed.take(partition, records);
    const batch = { name: 'show', topic, partition, records };
    return this.options.tracer.batch(batch, () => this.followed.take(partition, records));
  }

  /** Offsets are missing: compaction has taken their records, which does no harm, or they expired before they were read. */
  private async noteExpired(partition: number, next: number, [first]: readonly LogRecord[]): Promise<void> {
    if (first!.offset === next) return;
    const begin = await this.options.log.begin(this.topic, partition);
    if (begin > next) this.view.beginAt(partition, Math.min(begin, first!.offset));
  }

  private passExpired({ partition, offset, begin, end }: OffsetOutOfRangeError): void {
    if (offset > end) throw new LogReplacedError(this.topic, partition, offset, end);
    this.view.beginAt(partition, begin);
  }

  private sweepIfDue(): void {
    const { clock, sweepEveryMs } = this.options;
    if (clock.monotonicMs() - this.sweptAtMs < sweepEveryMs) return;
    this.view.dropAppendedBefore(this.oldestAppendMs());
    this.sweptAtMs = clock.monotonicMs();
  }

  private oldestAppendMs(): number {
    return this.options.clock.nowMs() - this.followed.retentionMs;
  }
}
