import { DefinitionFollower, OffsetOutOfRangeError, type LogRecord } from '@tillstream/engine';
import { LogFollower, LogReplacedError, type FollowedLog, type FollowerOptions } from './log-follower';
import type { ServedStream } from './served-stream';
import { waitedFor } from './waited-for';

/** Keeps the view of one stream's results up with its metrics topic, and with the stream files that are put live. */
export class ResultFollower {
  private readonly definitions: DefinitionFollower;
  private readonly results: LogFollower;

  constructor(
    readonly stream: ServedStream,
    private readonly options: FollowerOptions,
  ) {
    this.definitions = new DefinitionFollower(options.log, stream.definition, (history) => {
      stream.learn(history);
      stream.view.changes.fire();
    });
    this.results = new LogFollower(this.followed(), options);
  }

  /** Everything that stood in the log when following began has been read. */
  get isCaughtUp(): boolean {
    return this.results.isCaughtUp;
  }

  /** For people: null when caught up, else how much there is still to read. */
  get missing(): string | null {
    return this.results.missing;
  }

  /** Resolves once caught up, or stopped before. */
  caughtUp(): Promise<void> {
    return this.results.caughtUp();
  }

  /** Follows until `stop`. @throws LogReplacedError, PartitionCountError */
  async run(): Promise<void> {
    try {
      await Promise.all([this.results.run(), this.followDefinitions()]);
    } finally {
      this.stop();
    }
  }

  stop(): void {
    this.results.stop();
  }

  /** By partition: how many offsets of the log have not been read yet. Asks the log. */
  lag(): Promise<readonly number[]> {
    return this.results.lag();
  }

  /** By partition: where the log ends now. */
  ends(): Promise<number[]> {
    return this.results.ends();
  }

  private followed(): FollowedLog {
    const { stream, definitions } = this;
    return {
      stream: stream.name,
      view: stream.view,
      get topic() {
        return stream.definition.topics.metrics;
      },
      get file() {
        return stream.definition.file;
      },
      get retentionMs() {
        return stream.definition.retention.metricsMs;
      },
      prepare: () => definitions.learn(),
      take: (partition, records) => this.take(partition, records),
    };
  }

  private async take(partition: number, records: readonly LogRecord[]): Promise<void> {
    const isNews = this.isCaughtUp;
    const stranger = this.stream.apply(partition, records);
    if (isNews) this.measure(records);
    if (stranger !== null) await this.meet(stranger);
  }

  private measure(records: readonly LogRecord[]): void {
    const { onVisible, clock } = this.options;
    if (!onVisible) return;
    for (const { kind, sinceMs } of waitedFor(records)) {
      onVisible(this.stream.name, kind, Math.max(0, clock.nowMs() - sinceMs) / 1000);
    }
  }

  /** Stream files that are put live are taken up as soon as they are, before there are results. */
  private async followDefinitions(): Promise<void> {
    await this.results.trying(async () => {
      while (!this.results.isStopped) {
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
}
