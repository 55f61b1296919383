import type { MetricDefinition, PartBlock, StreamSchema, WindowMerge } from '@tillstream/core';
import { HEADER, encodeClosed, encodeResults, headerInteger } from '@tillstream/contracts';
import { RetellingTotals } from '../aggregator/retelling-totals';
import type { LogRecord, RecordHeaders } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { Behalf } from '../task/behalf';
import { UpsertCadence } from '../task/cadence';
import { OrderedAppender } from '../task/ordered-appender';
import { ProgressTeller } from '../task/progress-teller';
import type { TaskPorts } from '../task/task-ports';
import { WaitingSince, withWaitingSince } from '../task/waiting-since';
import { isTraced, withHeaders } from '../task/with-headers';
import { PartTraces } from './part-traces';

const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** What is merged, and where it is told. */
export interface MergedMetrics {
  readonly schema: StreamSchema;
  readonly computed: readonly MetricDefinition[];
  readonly topic: string;
  readonly partition: number;
  /** Of the task. */
  readonly labels: TaskLabels;
}

/** Everything that a merge task says of its metrics: results, which windows are closed, and how far that is so of all. */
export class MergeOutput {
  private readonly metrics: OrderedAppender;
  private readonly cadences: readonly UpsertCadence[];
  private readonly retelling: RetellingTotals;
  private readonly progress: ProgressTeller;
  private readonly waiting: WaitingSince;
  /** Identity of a metric → its place among those that are computed. */
  private readonly places: ReadonlyMap<string, number>;
  private readonly behalf: Behalf;
  /** What the parts of open windows come from. */
  private readonly traces = new PartTraces();

  constructor(
    private readonly ports: TaskPorts,
    private readonly merged: MergedMetrics,
  ) {
    const { computed, topic, partition } = merged;
    this.metrics = new OrderedAppender(ports.writer, topic, partition);
    this.cadences = computed.map(({ emit }) => new UpsertCadence(emit.everyMs, emit.maxPerSecond));
    this.retelling = new RetellingTotals(computed, ports.clock.monotonicMs());
    this.progress = new ProgressTeller(computed, partition);
    this.waiting = new WaitingSince(computed.length);
    this.places = new Map(computed.map(({ identity }, place) => [identity, place]));
    this.behalf = new Behalf(ports.telemetry.tracer);
  }

  /** From here on what is said is on behalf of a traced batch. */
  speakFor(headers: RecordHeaders): void {
    this.behalf.of(headers);
  }

  /** A part was merged: since when it has been waited for, and what it comes from. */
  applied({ metric, startMs }: PartBlock, record: LogRecord): void {
    const sinceMs = headerInteger(record.headers, HEADER.waitingSince);
    const place = this.places.get(metric);
    if (sinceMs !== null && place !== undefined) this.waiting.note(place, sinceMs);
    const context = this.ports.telemetry.tracer.contextOf(record);
    if (isTraced(context)) this.traces.note(metric, startMs, context);
  }

  /** @param appendMs of the newest record behind what has let windows close */
  publishFinals(merge: WindowMerge, appendMs: number): void {
    const { topic, partition } = this.merged;
    for (const closed of merge.takeClosed()) {
      const { metric, startMs, endMs, results } = closed;
      const fedBy = this.traces.take(metric.identity, startMs);
      if (results) {
        const headers = this.behalf.ofClosed({ metric: metric.name, topic, partition, startMs, endMs }, () => fedBy);
        const records = withHeaders(encodeResults(results, this.merged.schema), headers);
        this.metrics.enqueue(withWaitingSince(records, appendMs));
        this.countResults(metric.name, results.groups.count);
      }
      this.metrics.enqueue([encodeClosed(closed, results?.revision ?? 0)]);
    }
    this.sendProgress(merge);
  }

  /** How far windows are closed that are looked at together with others. All finals so far have been enqueued. */
  sendProgress(merge: WindowMerge): void {
    this.metrics.enqueue(this.progress.due(Math.min(...merge.frontiers())));
  }

  async publishProvisionals(merge: WindowMerge): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    const anew = this.retelling.due(nowMs);
    if (anew) for (const metric of this.retelling.metrics) merge.retell(metric, anew.turn, anew.turns);
    this.merged.computed.forEach((metric, index) => {
      const cadence = this.cadences[index];
      if (!cadence?.isDue(nowMs)) return;
      const sinceMs = this.waiting.take(index);
      if (merge.provisionalSize(metric) === 0) return;
      const blocks = merge.takeProvisional(metric);
      for (const block of blocks) {
        const records = withHeaders(encodeResults(block, this.merged.schema), this.behalf.headers);
        this.metrics.enqueue(withWaitingSince(records, sinceMs));
      }
      const upserts = blocks.reduce((sum, { groups }) => sum + groups.count, 0);
      this.countResults(metric.name, upserts);
      cadence.sent(upserts, nowMs);
    });
    if (this.metrics.pendingBytes > MAX_PENDING_BYTES) await this.published();
  }

  /** By metric that has something to tell: milliseconds until its turn. */
  waits(merge: WindowMerge): number[] {
    const nowMs = this.ports.clock.monotonicMs();
    return this.merged.computed.flatMap((metric, index) =>
      merge.provisionalSize(metric) > 0 ? (this.cadences[index]?.waitMs(nowMs) ?? []) : [],
    );
  }

  /** Resolves when all that was said so far is acknowledged. */
  published(): Promise<void> {
    return this.metrics.flush();
  }

  /** @throws what has kept something out of the log: whatever was said after it will never be there */
  assertAlive(): void {
    this.metrics.assertAlive();
  }

  private countResults(metric: string, rows: number): void {
    this.ports.telemetry.meter.count('results', { ...this.merged.labels, metric }, rows);
  }
}
