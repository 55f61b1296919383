import type { EventBatch } from '@tillstream/core';
import { PartitionAggregator } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { readDefinitions } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { CheckpointStore, ClaimedCheckpoint } from '../ports/checkpoint-store';
import type { LogRecord, PartitionSource } from '../ports/log';
import { Attempts } from '../task/attempts';
import { judgeRange } from '../task/chain';
import type { GapLedger } from '../task/gap-ledger';
import { gapServiceOf, readGaps } from '../task/gap-ledger';
import { firstBatch, readableBatch } from '../task/readable-batch';
import { StopPartitionError, TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { shortestWait } from '../task/shortest-wait';
import { AggregatorOutput } from './aggregator-output';
import { withoutRowsOf } from './batch-without-rows';
import { Committer } from './committer';
import { TimeLag } from './time-lag';
import { findRebuildStart, lastLateCounts, staleTotals } from './rebuild';

export const AGGREGATOR = 'aggregator';

const MAX_WAIT_MS = 5_000;
const CHECKPOINT_EVERY_MS = 500;
const CHECKPOINT_BYTES = 256 * 1024;
/** A store that is away may hold up this much, or this long, before no more is read. */
const MAX_UNCOMMITTED_BYTES = 64 * 1024 * 1024;
const MAX_UNCOMMITTED_MS = 30_000;
const TOKEN_BYTES = 16;
/**
 * Applies one enriched partition, or one of a derived stream's rows, to the windows of all metrics over it.
 *
 * The order that everything rests on: what is final is acknowledged (1) before the frontier that says so is sent, and
 * (2) before a checkpoint passes the rows it came from. A crash anywhere repeats identical records and loses none.
 */
export class AggregatorTask {
  private readonly attempts: Attempts;
  private committed: { next: number; atMs: number };
  private oldestUncommittedMs: number | null = null;
  private readonly lag = new TimeLag();

  private constructor(
    private readonly name: string,
    private readonly ports: TaskPorts,
    private readonly definition: StreamDefinition,
    private readonly source: PartitionSource,
    private readonly gaps: GapLedger,
    private readonly aggregator: PartitionAggregator,
    private readonly committer: Committer,
    /** Offset in `enriched` of the first record not yet applied. */
    private seek: number,
    private readonly output: AggregatorOutput,
  ) {
    this.attempts = new Attempts(ports.store, name);
    this.committed = { next: aggregator.next, atMs: ports.clock.monotonicMs() };
  }

  /** Takes the partition over: from its checkpoint, or rebuilt from the log when the store knows nothing of it. */
  static async open(ports: TaskPorts, file: StreamDefinition, source: PartitionSource): Promise<AggregatorTask> {
    const { partition } = source;
    const { stream } = file.schema;
    const name = taskName(stream, partition);
    const startedMs = ports.clock.monotonicMs();
    const gaps = await readGaps(ports.reader, file, gapServiceOf(AGGREGATOR, file), partition);
    const token = ports.random.hex(TOKEN_BYTES);
    const claimed = await ports.store.claim(name, token);
    if (!claimed) await waitForFirstBatch(ports, file, source);
    const history = await readDefinitions(ports.reader, file);
    const optionsUnder = (definition: StreamDefinition) => {
      const { schema, metrics } = definition;
      return { schema, metrics, retired: history.retiredFrom(definition), partition };
    };

    let definition: StreamDefinition;
    let aggregator: PartitionAggregator;
    let seek: number;
    let inc: string;
    if (claimed) {
      ({ inc, seek } = claimed);
      const inForce = PartitionAggregator.definitionOf(claimed.state).definition;
      definition = definitionInForce(history, inForce, name, file.topics);
      const deltas = [];
      for await (const delta of ports.store.load(name, claimed.next)) deltas.push(delta);
      if (!(await isUnchanged(ports.store, name, token, claimed))) {
        return AggregatorTask.open(ports, file, source);
      }
      const saved = { next: claimed.next, state: claimed.state, deltas };
      aggregator = PartitionAggregator.restore(optionsUnder(definition), saved);
    } else {
      const start = await findRebuildStart(ports.reader, file, history, partition, name);
      definition = definitionInForce(history, start.before.definition, name, file.topics);
      aggregator = PartitionAggregator.create(optionsUnder(definition), start);
      aggregator.seedLateCounts(await lastLateCounts(ports.reader, file, history.metrics(), partition));
      if (start.completeFromMs !== -Infinity) {
        const stale = await staleTotals(ports.reader, file, history.metrics(), partition);
        if (stale.length > 0) await ports.writer.append(file.topics.metrics, partition, stale);
      }
      seek = start.seek;
      inc = ports.random.hex(TOKEN_BYTES);
      const { state } = aggregator.takeDeltas();
      if (!(await ports.store.create(name, token, { inc, next: aggregator.next, seek, state }))) {
        return AggregatorTask.open(ports, file, source); // somebody else was quicker: claim what they made
      }
    }
    const { meter, log } = ports.telemetry;
    const labels = { stream, partition };
    const committer = new Committer(ports.store, ports.clock, name, { inc, token }, aggregator.next, (outcome, s) => {
      meter.observe('commit_seconds', labels, s);
      meter.count(outcome === 'committed' || outcome === 'mine-already' ? 'commits' : 'fenced', labels, 1);
    });
    meter.observe('restore_seconds', labels, (ports.clock.monotonicMs() - startedMs) / 1000);
    log.info('task_opened', { task: name, next: aggregator.next, seek, rebuilt: claimed === null });
    source.seek(seek);
    const output = new AggregatorOutput(ports, definition, partition, aggregator.definitions());
    output.sendSpans(aggregator);
    output.sendProgress(aggregator);
    return new AggregatorTask(name, ports, definition, source, gaps, aggregator, committer, seek, output);
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    this.output.sendFrontier(this.aggregator, this.isCaughtUp);
    for (;;) {
      this.assertAlive();
      const records = await this.source.next(this.waitMs());
      if (records) await this.process(records);
      await this.output.publishProvisionals(this.aggregator, this.isCaughtUp);
      await this.output.tellFrontier(this.aggregator, this.isCaughtUp);
      await this.checkpoint();
      this.reportProgress();
    }
  }

  /** A last checkpoint, for a shutdown in order. */
  async drain(): Promise<void> {
    if (this.aggregator.next > this.committed.next) this.submitCheckpoint();
    await this.committer.drain();
  }

  /** Nothing is committed any more. */
  close(): void {
    this.committer.stop();
    this.ports.telemetry.meter.forget(this.labels);
  }

  private async process(records: readonly LogRecord[]): Promise<void> {
    const { clock, telemetry } = this.ports;
    const startedMs = clock.monotonicMs();
    const { topic, partition } = this.source;
    await telemetry.tracer.batch({ name: 'aggregate', topic, partition, records }, async (headers) => {
      this.output.speakFor(headers);
      const next = (): number => this.gaps.behind(this.aggregator.next);
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
      await this.output.publishFinals(this.aggregator, this.isCaughtUp);
      if (this.isSuperseded) await this.makeWay('definition');
      if (this.aggregator.hasRunOut) await this.makeWay('retired-metric');
    });
    telemetry.meter.observe('batch_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
  }

  /**
   * While records are taken one at a time each is checkpointed before the next: a life that began before the one that
   * cannot be survived would count its attempts at another position, and anew each time.
   */
  private async keepWhatWasSurvived(): Promise<void> {
    await this.output.publishFinals(this.aggregator, this.isCaughtUp);
    if (this.aggregator.next > this.committed.next) this.submitCheckpoint();
    await this.committer.drain();
  }

  /** Does another definition hold behind what was applied? */
  private get isSuperseded(): boolean {
    const inForce = this.aggregator.definition;
    return inForce !== '' && inForce !== this.definition.sha256;
  }

  /** What was applied is kept, with what holds behind it, and goes on in a fresh task. */
  private async makeWay(reason: 'definition' | 'retired-metric'): Promise<never> {
    if (this.aggregator.next > this.committed.next) this.submitCheckpoint();
    await this.committer.drain();
    throw new TaskRenewalError(this.name, reason);
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
    const verdict = judgeRange(batch, this.aggregator.next);
    if (verdict === 'hole' && this.gaps.behind(this.aggregator.next) < batch.rawFrom) this.refuseHole(batch, record);
    if (verdict === 'drop') return;
    this.aggregator.apply(this.gaps.isEmpty ? batch : withoutRowsOf(batch, (offset) => this.gaps.holds(offset)));
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
    const next = this.gaps.behind(this.aggregator.next);
    const end = await reader.end(topic, partition);
    const following = await firstBatch(reader, topic, partition, offset + 1, end);
    if (next === this.aggregator.next && (following?.batch.rawFrom ?? Infinity) > next) {
      const missing = following
        ? `with it everything from raw offset ${next} up to ${following.batch.rawFrom} is missing; restore the topic, or ` +
          `accept the loss with \`till skip\` [${next}, ${following.batch.rawFrom})`
        : `whether anything is missing with it, from raw offset ${next} on, the next batch will show`;
      throw new StopPartitionError(
        'unreadable-batch',
        this.name,
        `what stands at offset ${offset} of ${topic}/${partition} is no batch (does anybody else write to this topic?), ` +
          `and ${missing}`,
      );
    }
    telemetry.log.warn('unreadable_batch', { task: this.name, topic, offset });
    this.seek = offset + 1;
  }

  private refuseHole(batch: EventBatch, record: LogRecord): never {
    const { next } = this.aggregator;
    throw new StopPartitionError(
      'hole-in-log',
      this.name,
      `the batch at offset ${record.offset} of ${this.source.topic}/${this.source.partition} begins at raw offset ` +
        `${batch.rawFrom}, but everything from ${next} on is still missing; restore the topic, or accept the loss with ` +
        `\`till skip\` [${next}, ${batch.rawFrom})`,
    );
  }

  private async checkpoint(): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    if (this.committer.isIdle) this.oldestUncommittedMs = null;
    if (this.aggregator.next > this.committed.next) {
      this.oldestUncommittedMs ??= nowMs;
      const due = nowMs - this.committed.atMs >= CHECKPOINT_EVERY_MS;
      if (this.committer.isIdle && (due || this.aggregator.dirtyBytes() >= CHECKPOINT_BYTES)) this.submitCheckpoint();
    }
    const uncommitted = this.committer.pendingBytes + this.aggregator.dirtyBytes();
    const waitedMs = this.oldestUncommittedMs === null ? 0 : nowMs - this.oldestUncommittedMs;
    if (uncommitted > MAX_UNCOMMITTED_BYTES || waitedMs > MAX_UNCOMMITTED_MS) await this.committer.drain();
  }

  private submitCheckpoint(): void {
    const { next } = this.aggregator;
    const { state, deltas, rewrites, drops } = this.aggregator.takeDeltas();
    const range = { rawFrom: this.committed.next, rawNext: next };
    this.committer.submit({
      next,
      seek: this.seek,
      state,
      deltas: deltas.map((delta) => ({ ...delta, ...range })),
      rewrites: rewrites.map((delta) => ({ ...delta, ...range })),
      drops,
      published: this.output.published(),
    });
    this.committed = { next, atMs: this.ports.clock.monotonicMs() };
    this.source.commit(this.seek);
  }

  /** @throws once the task's memory is worth nothing, because something that it has said will never be in the log. */
  private assertAlive(): void {
    this.committer.assertAlive();
    this.output.assertAlive();
  }

  private readonly isCaughtUp = (): boolean =>
    this.lag.isCaughtUp(this.seek, this.source.logEndOffset(), this.ports.clock.monotonicMs());

  private waitMs(): number {
    const nowMs = this.ports.clock.monotonicMs();
    const waits = this.output.provisionalWaits(this.aggregator, this.isCaughtUp);
    if (this.aggregator.next > this.committed.next && this.committer.isIdle) {
      waits.push(this.committed.atMs + CHECKPOINT_EVERY_MS - nowMs);
    }
    return shortestWait(MAX_WAIT_MS, waits);
  }

  private reportProgress(): void {
    const { meter } = this.ports.telemetry;
    const end = this.source.logEndOffset();
    if (end !== null) meter.gauge('lag_records', this.labels, Math.max(0, end - this.seek));
    const { maxAppendMs, watermarkInputMs } = this.aggregator;
    if (Number.isFinite(watermarkInputMs)) {
      meter.gauge('watermark_delay_seconds', this.labels, (maxAppendMs - watermarkInputMs) / 1000);
    }
    meter.gauge('uncommitted_bytes', this.labels, this.committer.pendingBytes + this.aggregator.dirtyBytes());
  }

  private get labels(): { stream: string; partition: number } {
    return { stream: this.definition.schema.stream, partition: this.source.partition };
  }
}

export function taskName(stream: string, partition: number): string {
  return `agg:${stream}:${partition}`;
}

/**
 * Was what has been loaded meanwhile the checkpoint as it was claimed? A store that was emptied or rolled back since, or another
 * owner that has committed, would leave a part of it, and finals are published before any commit could be refused.
 */
async function isUnchanged(
  store: CheckpointStore,
  name: string,
  token: string,
  { inc, next }: ClaimedCheckpoint,
): Promise<boolean> {
  const again = await store.claim(name, token);
  return again?.inc === inc && again.next === next;
}

/** A partition that never had a batch holds nobody up: it says so once, and waits. */
async function waitForFirstBatch(ports: TaskPorts, file: StreamDefinition, source: PartitionSource): Promise<void> {
  const { reader } = ports;
  const { topics } = file;
  const begin = await reader.begin(topics.enriched, source.partition);
  const end = await reader.end(topics.enriched, source.partition);
  if (await firstBatch(reader, topics.enriched, source.partition, begin, end)) return;
  new AggregatorOutput(ports, file, source.partition).sendUnborn();
  source.seek(end);
  for (let born = false; !born;) born = (await source.next(MAX_WAIT_MS))?.some(readableBatch) ?? false;
}
