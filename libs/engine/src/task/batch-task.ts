import type { EventBatch } from '@tillstream/core';
import type { LogRecord, PartitionSource } from '../ports/log';
import { valueBytes } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { Attempts } from './attempts';
import type { BatchOperator, BatchOutput } from './batch-operator';
import { withoutRowsOf } from './batch-without-rows';
import { judgeRange } from './chain';
import type { Committer } from './committer';
import type { GapLedger } from './gap-ledger';
import { firstBatch, readableBatch } from './readable-batch';
import { shortestWait } from './shortest-wait';
import { StopPartitionError, TaskRenewalError } from './stop-partition';
import type { TaskPorts } from './task-ports';
import { TimeLag } from './time-lag';
import { WatermarkDelay } from './watermark-delay';

const MAX_WAIT_MS = 5_000;
const CHECKPOINT_EVERY_MS = 500;
const CHECKPOINT_BYTES = 256 * 1024;
/** A store that is away may hold up this much, or this long, before no more is read. */
const MAX_UNCOMMITTED_BYTES = 64 * 1024 * 1024;
const MAX_UNCOMMITTED_MS = 30_000;

/** What a task is made of once its partition has been taken over. */
export interface BatchWork<Operator extends BatchOperator> {
  /** Of the task, in the store and in messages. */
  readonly name: string;
  /** What it does with a batch, for traces. */
  readonly verb: string;
  readonly stream: string;
  /** sha256 (hex) of the definition it works under. */
  readonly definition: string;
  readonly source: PartitionSource;
  readonly gaps: GapLedger;
  readonly operator: Operator;
  readonly output: BatchOutput<Operator>;
  readonly committer: Committer;
  /** Offset in the source's topic of the first record not yet applied. */
  readonly seek: number;
}

/**
 * Applies the batches of one partition to an operator, says what comes of it and checkpoints.
 *
 * The order that everything rests on: what is final is acknowledged before a checkpoint passes the rows it came from. A
 * crash anywhere repeats identical records and loses none.
 */
export class BatchTask<Operator extends BatchOperator> {
  private readonly attempts: Attempts;
  private readonly lag = new TimeLag();
  private readonly delay: WatermarkDelay;
  private readonly operator: Operator;
  private readonly output: BatchOutput<Operator>;
  private readonly source: PartitionSource;
  private seek: number;
  private committed: { next: number; atMs: number };
  private oldestUncommittedMs: number | null = null;

  constructor(
    private readonly ports: TaskPorts,
    private readonly work: BatchWork<Operator>,
  ) {
    this.attempts = new Attempts(ports.store, work.name);
    this.operator = work.operator;
    this.output = work.output;
    this.source = work.source;
    this.seek = work.seek;
    this.delay = new WatermarkDelay(ports.telemetry.meter, this.labels);
    this.committed = { next: work.operator.next, atMs: ports.clock.monotonicMs() };
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    this.output.begin(this.operator, this.isCaughtUp);
    for (;;) {
      this.assertAlive();
      const records = await this.source.next(this.waitMs());
      if (records) await this.process(records);
      await this.output.publishDue(this.operator, this.isCaughtUp);
      await this.checkpoint();
      this.reportProgress();
    }
  }

  /** A last checkpoint, for a shutdown in order. */
  async drain(): Promise<void> {
    if (this.operator.next > this.committed.next) this.submitCheckpoint();
    await this.work.committer.drain();
  }

  /** Nothing is committed any more. */
  close(): void {
    this.work.committer.stop();
    this.ports.telemetry.meter.forget(this.labels);
    this.delay.forget();
  }

  private async process(records: readonly LogRecord[]): Promise<void> {
    const { clock, telemetry } = this.ports;
    const startedMs = clock.monotonicMs();
    const { topic, partition } = this.source;
    await telemetry.tracer.batch({ name: this.work.verb, topic, partition, records }, async (headers) => {
      this.output.speakFor(headers);
      const next = (): number => this.work.gaps.behind(this.operator.next);
      for await (const portion of this.attempts.portions(records, next)) {
        for (let rest = portion; rest.length > 0 && !this.isSuperseded;) {
          const applied = await this.attempts.guard(next(), () => this.applyReadable(rest));
          const unreadable = this.isSuperseded ? undefined : rest[applied];
          if (unreadable) await this.passOver(unreadable);
          rest = rest.slice(applied + 1);
        }
        await this.attempts.survived(next());
        if (this.isSuperseded) break;
        if (portion.length < records.length) await this.keepWhatWasSurvived();
      }
      await this.output.publishFinals(this.operator, this.isCaughtUp);
      if (this.isSuperseded) await this.makeWay('definition');
      if (this.operator.hasRunOut) await this.makeWay('retired-metric');
    });
    telemetry.meter.observe('batch_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
    telemetry.meter.count('bytes_in', this.labels, valueBytes(records));
  }

  /**
   * While records are taken one at a time each is checkpointed before the next: a life that began before the one that
   * cannot be survived would count its attempts at another position, and anew each time.
   */
  private async keepWhatWasSurvived(): Promise<void> {
    await this.output.publishFinals(this.operator, this.isCaughtUp);
    if (this.operator.next > this.committed.next) this.submitCheckpoint();
    await this.work.committer.drain();
  }

  /** Does another definition hold behind what was applied? */
  private get isSuperseded(): boolean {
    const inForce = this.operator.definition;
    return inForce !== '' && inForce !== this.work.definition;
  }

  /** What was applied is kept, with what holds behind it, and goes on in a fresh task. */
  private async makeWay(reason: 'definition' | 'retired-metric'): Promise<never> {
    if (this.operator.next > this.committed.next) this.submitCheckpoint();
    await this.work.committer.drain();
    throw new TaskRenewalError(this.work.name, reason);
  }

  /** Applies records up to one that holds no batch and should, or that is the last of its definition; returns how many. */
  private applyReadable(records: readonly LogRecord[]): number {
    for (const [index, record] of records.entries()) {
      const batch = readableBatch(record);
      if (batch) this.apply(batch, record);
      else if (record.value) return index;
      this.seek = record.offset + 1;
      if (this.isSuperseded) return index + 1;
    }
    return records.length;
  }

  private apply(batch: EventBatch, record: LogRecord): void {
    const { gaps } = this.work;
    const verdict = judgeRange(batch, this.operator.next);
    if (verdict === 'hole' && gaps.behind(this.operator.next) < batch.rawFrom) this.refuseHole(batch, record);
    if (verdict === 'drop') return;
    this.operator.apply(gaps.isEmpty ? batch : withoutRowsOf(batch, (offset) => gaps.holds(offset)));
    this.output.applied?.(batch);
    this.ports.telemetry.meter.count('events_in', this.labels, batch.rows);
  }

  /**
   * Goes on behind a record that cannot be read when nothing is missing with it: the next batch begins where the work
   * stands, or behind a gap that an operator has accepted.
   * @throws StopPartitionError when rows are missing, or when no batch has come yet that could tell
   */
  private async passOver({ offset }: LogRecord): Promise<void> {
    const { topic, partition } = this.source;
    const { reader, telemetry } = this.ports;
    const next = this.work.gaps.behind(this.operator.next);
    const end = await reader.end(topic, partition);
    const following = await firstBatch(reader, topic, partition, offset + 1, end);
    if (next === this.operator.next && (following?.batch.rawFrom ?? Infinity) > next) {
      const missing = following
        ? `with it everything from raw offset ${next} up to ${following.batch.rawFrom} is missing; restore the topic, or ` +
          `accept the loss with \`till skip\` [${next}, ${following.batch.rawFrom})`
        : `whether anything is missing with it, from raw offset ${next} on, the next batch will show`;
      throw new StopPartitionError(
        'unreadable-batch',
        this.work.name,
        `what stands at offset ${offset} of ${topic}/${partition} is no batch (does anybody else write to this topic?), ` +
          `and ${missing}`,
      );
    }
    telemetry.log.warn('unreadable_batch', { task: this.work.name, topic, offset });
    this.seek = offset + 1;
  }

  private refuseHole(batch: EventBatch, record: LogRecord): never {
    const { next } = this.operator;
    throw new StopPartitionError(
      'hole-in-log',
      this.work.name,
      `the batch at offset ${record.offset} of ${this.source.topic}/${this.source.partition} begins at raw offset ` +
        `${batch.rawFrom}, but everything from ${next} on is still missing; restore the topic, or accept the loss with ` +
        `\`till skip\` [${next}, ${batch.rawFrom})`,
    );
  }

  private async checkpoint(): Promise<void> {
    const { committer } = this.work;
    const nowMs = this.ports.clock.monotonicMs();
    if (committer.isIdle) this.oldestUncommittedMs = null;
    if (this.operator.next > this.committed.next) {
      this.oldestUncommittedMs ??= nowMs;
      const due = nowMs - this.committed.atMs >= CHECKPOINT_EVERY_MS;
      if (committer.isIdle && (due || this.operator.dirtyBytes() >= CHECKPOINT_BYTES)) this.submitCheckpoint();
    }
    const uncommitted = committer.pendingBytes + this.operator.dirtyBytes();
    const waitedMs = this.oldestUncommittedMs === null ? 0 : nowMs - this.oldestUncommittedMs;
    if (uncommitted > MAX_UNCOMMITTED_BYTES || waitedMs > MAX_UNCOMMITTED_MS) await committer.drain();
  }

  private submitCheckpoint(): void {
    const { next } = this.operator;
    const { state, deltas, rewrites, drops, fields } = this.operator.takeDeltas();
    const range = { rawFrom: this.committed.next, rawNext: next };
    this.work.committer.submit({
      next,
      seek: this.seek,
      state,
      deltas: deltas.map((delta) => ({ ...delta, ...range })),
      rewrites: rewrites.map((delta) => ({ ...delta, ...range })),
      drops,
      ...(fields && { fields }),
      published: this.output.published(),
    });
    this.committed = { next, atMs: this.ports.clock.monotonicMs() };
    this.source.commit(this.seek);
  }

  /** @throws once the task's memory is worth nothing, because something that it has said will never be in the log. */
  private assertAlive(): void {
    this.work.committer.assertAlive();
    this.output.assertAlive();
  }

  private readonly isCaughtUp = (): boolean =>
    this.lag.isCaughtUp(this.seek, this.source.logEndOffset(), this.ports.clock.monotonicMs());

  private waitMs(): number {
    const nowMs = this.ports.clock.monotonicMs();
    const waits = this.output.waits(this.operator, this.isCaughtUp);
    if (this.operator.next > this.committed.next && this.work.committer.isIdle) {
      waits.push(this.committed.atMs + CHECKPOINT_EVERY_MS - nowMs);
    }
    return shortestWait(MAX_WAIT_MS, waits);
  }

  private reportProgress(): void {
    const { meter } = this.ports.telemetry;
    const end = this.source.logEndOffset();
    if (end !== null) meter.gauge('lag_records', this.labels, Math.max(0, end - this.seek));
    this.delay.tell(this.operator, this.ports.clock.monotonicMs());
    meter.gauge('uncommitted_bytes', this.labels, this.work.committer.pendingBytes + this.operator.dirtyBytes());
  }

  private get labels(): TaskLabels {
    const { topic, partition } = this.source;
    return { stream: this.work.stream, topic, partition };
  }
}
