import type { Feed, FeedTable } from '@tillstream/contracts';
import type { LogRecord, PartitionSource, RecordHeaders } from '../ports/log';
import { OffsetOutOfRangeError, valueBytes } from '../ports/log';
import type { KeepRefused, SinkPartition } from '../ports/sink';
import type { FollowUpInfo, TaskLabels } from '../ports/telemetry';
import type { PartitionTask } from '../task/partition-supervisor';
import { shortestWait } from '../task/shortest-wait';
import { StopPartitionError, TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { isTraced } from '../task/with-headers';
import type { FeedIntake } from './feed-intake';
import type { PreparedSink } from './prepared-sink';
import { SinkPatience } from './sink-patience';

const MAX_WAIT_MS = 5_000;
/** How far a store is behind is told this often, also while it keeps a task waiting. */
const TELL_LAG_EVERY_MS = 2_000;
/** So many traced batches are told of with the flush that stores them. */
const MOST_CAUSES = 16;

/** What a task is made of. */
export interface SinkWork {
  /** In messages. */
  readonly name: string;
  readonly stream: string;
  readonly feed: Feed;
  readonly sink: PreparedSink;
  readonly source: PartitionSource;
  readonly tables: readonly FeedTable[];
  /** Finds out where to begin. @param stored what the store says of it */
  readonly begin: (stored: number | null) => Promise<FeedIntake>;
  /** Group offset; null: there is none. */
  readonly committed: () => Promise<number | null>;
  readonly keep: KeepRefused;
  /** Resolves unless another definition has been put live: then what the task knows of tables is old. */
  readonly assertCurrent: () => Promise<void>;
}

/**
 * Brings one partition of a feed into a store outside.
 *
 * The order that everything rests on: rows are stored, and those that the store refuses are acknowledged in the dead letters,
 * before any position passes them. What is stored again after a crash is one by its id.
 */
export class SinkTask implements PartitionTask {
  private readonly patience: SinkPatience;
  private intake: FeedIntake | null = null;
  private partition: SinkPartition | null = null;
  /** When the oldest portion was added that is not stored; null: there is none. */
  private oldestMs: number | null = null;
  /** Contexts of the traced batches that are not stored yet, some of them. */
  private causes: RecordHeaders[] = [];
  /** Offset in the topic behind what was added, and behind what is stored of it. */
  private added = 0;
  private stored = 0;
  private lookedMs: number;
  private toldLagMs: number;
  private closed = false;

  constructor(
    private readonly ports: Pick<TaskPorts, 'clock' | 'telemetry' | 'reader'>,
    private readonly work: SinkWork,
  ) {
    const { source } = work;
    this.patience = new SinkPatience(work.name, ports, source, this.labels);
    this.lookedMs = this.toldLagMs = ports.clock.monotonicMs();
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    const { source } = this.work;
    void this.tellLagMeanwhile();
    const partition = await this.openPartition();
    try {
      for (;;) await this.turn(partition, source);
    } catch (cause) {
      // The log ends here for now, or reads otherwise from here on: what was read before is good.
      if (isOfTheLog(cause) && this.oldestMs !== null) await this.flush(partition);
      throw cause;
    }
  }

  private async turn(partition: SinkPartition, source: PartitionSource): Promise<void> {
    const records = await source.next(this.waitMs(partition));
    if (records) await this.take(partition, records);
    if (this.isDue(partition)) await this.flush(partition);
    await this.lookAround();
    const end = source.logEndOffset();
    if (end !== null) this.tellLag(end, this.reached);
  }

  /** What was read is stored once more before the partition goes, if the store answers. */
  async drain(): Promise<void> {
    if (this.partition && this.oldestMs !== null && !this.patience.isWaiting) await this.store(this.partition);
  }

  /** Nothing is written any more. */
  close(): void {
    this.closed = true;
    this.ports.telemetry.meter.forget(this.labels);
    void this.partition?.close().catch(() => undefined); // it forgets; there is nothing that could be lost
  }

  private async openPartition(): Promise<SinkPartition> {
    const { sink, feed, source, tables, begin } = this.work;
    const partition = await this.patience.until(async () => {
      await sink.prepare();
      return sink.sink.open(feed, source.partition, tables);
    });
    this.partition = partition;
    this.intake = await begin(partition.next);
    this.added = this.stored = this.intake.seek;
    source.seek(this.added);
    this.ports.telemetry.log.info('task_opened', {
      task: this.work.name,
      next: partition.next,
      seek: this.added,
    });
    return partition;
  }

  private async take(partition: SinkPartition, records: readonly LogRecord[]): Promise<void> {
    const { intake } = this;
    if (!intake) return;
    const { topic, partition: number } = this.work.source;
    const { clock, telemetry } = this.ports;
    await telemetry.tracer.batch({ name: 'store', topic, partition: number, records }, async (headers) => {
      if (isTraced(headers) && this.causes.length < MOST_CAUSES) this.causes.push(headers);
      for await (const portion of intake.portionsOf(records)) {
        await this.patience.until(() => partition.add(portion));
        this.added = intake.seek;
        this.oldestMs ??= clock.monotonicMs();
        if (isFull(partition)) await this.flush(partition);
      }
      this.added = intake.seek;
    });
    telemetry.meter.count('bytes_in', this.labels, valueBytes(records));
  }

  private isDue(partition: SinkPartition): boolean {
    if (this.oldestMs === null) return false;
    return isFull(partition) || this.ports.clock.monotonicMs() - this.oldestMs >= partition.bounds.ageMs;
  }

  private async flush(partition: SinkPartition): Promise<void> {
    await this.patience.until(() => this.store(partition));
  }

  private async store(partition: SinkPartition): Promise<void> {
    const { clock, telemetry } = this.ports;
    const { rows } = partition.pending;
    const startedMs = clock.monotonicMs();
    let refused = 0;
    await telemetry.tracer.followUp(this.flushOf(rows), this.causes, () =>
      partition.flush(async (few) => {
        refused += few.length;
        await this.work.keep(few);
      }),
    );
    this.causes = [];
    this.oldestMs = null;
    this.stored = this.added;
    this.work.source.commit(this.stored);
    telemetry.meter.observe('sink_flush_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
    telemetry.meter.count('sink_rows', this.labels, Math.max(0, rows - refused));
    if (refused > 0) telemetry.meter.count('sink_refused', this.labels, refused);
  }

  private flushOf(rows: number): FollowUpInfo {
    const { sink, source } = this.work;
    return { name: 'flush', topic: source.topic, partition: source.partition, sink: sink.definition.name, rows };
  }

  private waitMs({ bounds }: SinkPartition): number {
    if (this.oldestMs === null) return MAX_WAIT_MS;
    return shortestWait(MAX_WAIT_MS, [this.oldestMs + bounds.ageMs - this.ports.clock.monotonicMs()]);
  }

  private async lookAround(): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    if (nowMs - this.lookedMs < MAX_WAIT_MS) return;
    this.lookedMs = nowMs;
    await this.work.assertCurrent();
  }

  /** While a store keeps the task waiting nothing is read, and the source's idea of the end grows old. */
  private async tellLagMeanwhile(): Promise<void> {
    const { clock, reader } = this.ports;
    const { topic, partition } = this.work.source;
    for (;;) {
      await clock.sleep(TELL_LAG_EVERY_MS);
      if (this.closed) return;
      if (clock.monotonicMs() - this.toldLagMs < TELL_LAG_EVERY_MS) continue;
      const left = this.intake ? this.reached : await this.work.committed().catch(() => null);
      const end = await reader.end(topic, partition).catch(() => null);
      if (this.closed || end === null) continue;
      this.tellLag(end, left ?? (await reader.begin(topic, partition).catch(() => end)));
    }
  }

  /** Everything in the topic below it is stored, or nothing that this store is given. */
  private get reached(): number {
    return this.oldestMs === null ? this.added : this.stored;
  }

  private tellLag(end: number, reached: number): void {
    this.toldLagMs = this.ports.clock.monotonicMs();
    this.ports.telemetry.meter.gauge('sink_lag_records', this.labels, Math.max(0, end - reached));
  }

  private get labels(): TaskLabels {
    const { stream, sink, feed, source } = this.work;
    return { stream, topic: source.topic, sink: sink.definition.name, feed, partition: source.partition };
  }
}

function isOfTheLog(cause: unknown): boolean {
  if (cause instanceof StopPartitionError) return cause.code !== 'sink-refused';
  return cause instanceof TaskRenewalError || cause instanceof OffsetOutOfRangeError;
}

function isFull({ pending, bounds }: SinkPartition): boolean {
  return pending.rows >= bounds.rows || pending.bytes >= bounds.bytes;
}
