import {
  DefinitionFollower,
  OffsetOutOfRangeError,
  type Clock,
  type LogReader,
  type LogRecord,
} from '@tillstream/engine';
import type { ServedStream } from './served-stream';

export interface FollowerOptions {
  readonly log: LogReader & { partitionCount(topic: string): Promise<number> };
  readonly clock: Clock;
  /** How long a read waits for news. Stopping takes as long. */
  readonly maxWaitMs: number;
  /** After the log could not be read. */
  readonly retryMs: number;
  /** How often what is older than the stream's retention is given up. */
  readonly sweepEveryMs: number;
  /** Told each time the log could not be read; it is read again after `retryMs`. */
  readonly onTrouble: (stream: string, error: unknown) => void;
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

/**
 * Keeps the view of one stream up with its metrics topic: one loop a partition, no consumer group, so that each replica
 * sees everything and none needs another. While the log is away the view stays as it is.
 */
export class ResultFollower {
  /** By partition: the end of the log when following began. Null until known. */
  private target: number[] | null = null;
  private sweptAtMs = -Infinity;
  /** Why the log could not be read the last time it could not. */
  private trouble: string | null = null;
  private readonly definitions: DefinitionFollower;
  private readonly stopping = new AbortController();

  constructor(
    readonly stream: ServedStream,
    private readonly options: FollowerOptions,
  ) {
    this.definitions = new DefinitionFollower(options.log, stream.definition, (history) => {
      stream.learn(history);
      stream.view.changes.fire();
    });
  }

  /** Everything that stood in the log when following began has been read. */
  get isCaughtUp(): boolean {
    return this.target !== null && this.unread(this.target) === 0;
  }

  /** For people: null when caught up, else how much there is still to read. */
  get missing(): string | null {
    if (this.target === null) return `results cannot be read yet${this.trouble === null ? '' : `: ${this.trouble}`}`;
    const unread = this.unread(this.target);
    return unread === 0 ? null : `${unread} offsets of ${this.topic} are still to be read`;
  }

  /** Resolves once caught up, or stopped before. */
  async caughtUp(): Promise<void> {
    while (!this.isCaughtUp && !this.stopped) await this.stream.view.changes.next(this.stopping.signal);
  }

  /** Follows until `stop`. @throws LogReplacedError, PartitionCountError */
  async run(): Promise<void> {
    await this.trying(() => this.begin());
    try {
      await Promise.all([this.followDefinitions(), ...this.partitions.map((partition) => this.follow(partition))]);
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
    const { positions } = this.stream.view;
    return ends.map((end, partition) => Math.max(end - positions[partition]!, 0));
  }

  /** By partition: where the log ends now. */
  ends(): Promise<number[]> {
    const { log } = this.options;
    return Promise.all(this.partitions.map((partition) => log.end(this.topic, partition)));
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private get topic(): string {
    return this.stream.definition.topics.metrics;
  }

  private get partitions(): number[] {
    return [...Array(this.stream.view.partitions).keys()];
  }

  private unread(target: readonly number[]): number {
    const { positions } = this.stream.view;
    return target.reduce((sum, end, partition) => sum + Math.max(end - positions[partition]!, 0), 0);
  }

  private async begin(): Promise<void> {
    await this.checkPartitions();
    await this.definitions.learn();
    const target = await this.ends();
    await Promise.all(this.partitions.map((partition) => this.beginPartition(partition, target[partition]!)));
    this.target = target;
    this.stream.view.changes.fire();
  }

  private async checkPartitions(): Promise<void> {
    const actual = await this.options.log.partitionCount(this.topic);
    const { view, definition } = this.stream;
    if (actual !== view.partitions) throw new PartitionCountError(this.topic, actual, view.partitions, definition.file);
  }

  /** Results older than the retention are not worth reading: the view would give them up at once. */
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
    if (isWhole) this.stream.view.skipTo(partition, from);
    else this.stream.view.beginAt(partition, from);
  }

  private async follow(partition: number): Promise<void> {
    const { log, maxWaitMs } = this.options;
    let endBefore = 0;
    await this.trying(async () => {
      while (!this.stopped) {
        this.sweepIfDue();
        const next = this.stream.view.positions[partition]!;
        const records = await log.read(this.topic, partition, next, maxWaitMs);
        if (records.length > 0) {
          await this.noteExpired(partition, next, records);
          const stranger = this.stream.apply(partition, records);
          if (stranger !== null) await this.meet(stranger);
        } else {
          // An end looked up before a read that found nothing: the cleaner has taken the last records of the log.
          if (endBefore > next) this.stream.view.skipTo(partition, endBefore);
          endBefore = await log.end(this.topic, partition);
          if (endBefore < next) throw new LogReplacedError(this.topic, partition, next, endBefore);
        }
      }
    });
  }

  /** Stream files that are put live are taken up as soon as they are, before there are results. */
  private async followDefinitions(): Promise<void> {
    await this.trying(async () => {
      while (!this.stopped) {
        await this.definitions.next(this.options.maxWaitMs).catch((error: unknown) => {
          if (!(error instanceof OffsetOutOfRangeError)) throw error;
          throw new LogReplacedError(error.topic, error.partition, error.offset, error.end);
        });
      }
    });
  }

  /** A record is of a metric that is not known: a stream file was put live a moment ago, or the record is nobody's. */
  private async meet(identity: string): Promise<void> {
    try {
      await this.definitions.learn();
    } catch (error) {
      // A file of a later version: its metrics wait for this service to be of that version too, the others do not.
      if (!(error instanceof RangeError)) throw error;
      this.options.onTrouble(this.stream.name, error);
    }
    if (!this.stream.metricNamed(identity)) this.stream.passOver(identity);
  }

  /** Offsets are missing: compaction has taken their records, which does no harm, or they expired before they were read. */
  private async noteExpired(partition: number, next: number, [first]: readonly LogRecord[]): Promise<void> {
    if (first!.offset === next) return;
    const begin = await this.options.log.begin(this.topic, partition);
    if (begin > next) this.stream.view.beginAt(partition, Math.min(begin, first!.offset));
  }

  /** Tries again as long as the log cannot be read; a log that has expired ahead of us goes on at its first record. */
  private async trying(attempt: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof LogReplacedError || error instanceof PartitionCountError) throw error;
        if (error instanceof OffsetOutOfRangeError) this.passExpired(error);
        if (this.stopped) return;
        this.trouble = error instanceof Error ? error.message : String(error);
        this.options.onTrouble(this.stream.name, error);
        await this.options.clock.sleep(this.options.retryMs);
      }
    }
  }

  private passExpired({ partition, offset, begin, end }: OffsetOutOfRangeError): void {
    if (offset > end) throw new LogReplacedError(this.topic, partition, offset, end);
    this.stream.view.beginAt(partition, begin);
  }

  private sweepIfDue(): void {
    const { clock, sweepEveryMs } = this.options;
    if (clock.monotonicMs() - this.sweptAtMs < sweepEveryMs) return;
    this.stream.view.dropAppendedBefore(this.oldestAppendMs());
    this.sweptAtMs = clock.monotonicMs();
  }

  private oldestAppendMs(): number {
    return this.options.clock.nowMs() - this.stream.definition.retention.metricsMs;
  }
}
