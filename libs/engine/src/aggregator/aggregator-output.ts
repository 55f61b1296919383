import type { ClosedWindow, EventBatch, MetricDefinition, PartBlock, PartitionAggregator } from '@tillstream/core';
import { ALWAYS, isSession, splitPart } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import {
  encodeClosed,
  encodeFrontier,
  encodeLateCount,
  encodeLateRows,
  encodeParts,
  encodeResults,
  encodeSpan,
} from '@tillstream/contracts';
import type { RecordHeaders } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import type { BatchOutput, CaughtUp } from '../task/batch-operator';
import { Behalf } from '../task/behalf';
import { UpsertCadence } from '../task/cadence';
import { OrderedAppender } from '../task/ordered-appender';
import { ProgressTeller } from '../task/progress-teller';
import type { TaskPorts } from '../task/task-ports';
import { WaitingSince, withWaitingSince } from '../task/waiting-since';
import { eventTimeSpan } from '../task/event-time-span';
import { WindowTraces } from '../task/window-traces';
import { isTraced, withHeaders } from '../task/with-headers';
import { FrontierPace } from './frontier-pace';
import { Retelling } from './retelling';
import { RetellingTotals } from './retelling-totals';

const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/**
 * Results of several partitions are paced twice, here and where they are merged. Shares leave so many times more often
 * than results, so that the two waits together are little longer than one.
 */
const SHARES_PER_RESULT = 2;
/** Behind the log, provisional results are of windows that will be final before anybody has looked at them. */
const CATCH_UP_STRETCH = 20;

/**
 * Everything that the aggregator of one partition says: results, shares of windows, late rows, frontiers.
 *
 * Law: a frontier is sent only when all that is final before it is acknowledged.
 */
export class AggregatorOutput implements BatchOutput<PartitionAggregator> {
  private readonly metrics: OrderedAppender;
  private readonly late: OrderedAppender;
  private readonly parts: readonly OrderedAppender[];
  private readonly cadences: readonly UpsertCadence[];
  private readonly frontierPace: FrontierPace;
  private readonly retelling: Retelling;
  private readonly retellingTotals: RetellingTotals;
  private readonly progress: ProgressTeller;
  private readonly behalf: Behalf;
  private readonly waiting: WaitingSince;
  /** Append time of the oldest record applied since somebody looked which metrics it has changed. */
  private appliedFromMs = Infinity;
  /** What has fed the windows that are open. */
  private readonly traces = new WindowTraces();

  constructor(
    private readonly ports: TaskPorts,
    private readonly definition: StreamDefinition,
    private readonly partition: number,
    /** All that are computed: those that the definition declares, and retired ones. */
    private readonly computed: readonly MetricDefinition[] = definition.metrics,
  ) {
    const { topics, schema } = definition;
    const appenderOf = (topic: string, target: number): OrderedAppender =>
      new OrderedAppender(ports.writer, topic, target);
    this.metrics = appenderOf(topics.metrics, partition);
    this.late = appenderOf(topics.late, partition);
    this.parts = Array.from({ length: schema.partitions }, (_, q) => appenderOf(topics.parts, q));
    this.cadences = computed.map(
      ({ emit, local }) => new UpsertCadence(emit.everyMs / (local ? 1 : SHARES_PER_RESULT), emit.maxPerSecond),
    );
    this.behalf = new Behalf(ports.telemetry.tracer);
    this.waiting = new WaitingSince(computed.length);
    this.frontierPace = new FrontierPace(computed);
    this.retelling = new Retelling(computed, ports.clock.monotonicMs());
    this.retellingTotals = new RetellingTotals(computed, ports.clock.monotonicMs());
    this.progress = new ProgressTeller(
      computed.filter(({ local }) => local),
      partition,
    );
    ports.telemetry.meter.count('late_rows', this.labels, 0);
  }

  speakFor(headers: RecordHeaders): void {
    this.behalf.of(headers);
  }

  applied(batch: EventBatch): void {
    this.appliedFromMs = Math.min(this.appliedFromMs, batch.records.appendMs[0] ?? Infinity);
    const { headers } = this.behalf;
    if (!isTraced(headers)) return;
    const span = eventTimeSpan(batch, this.definition.schema);
    if (span) this.traces.note(headers, span.fromMs, span.untilMs);
  }

  begin(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): void {
    this.sendFrontier(aggregator, isCaughtUp);
  }

  /** Finals, frozen parts and late rows; then, once all of it is acknowledged, the frontier that says so. */
  async publishFinals(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): Promise<void> {
    const { clock, telemetry } = this.ports;
    for (const closed of aggregator.takeClosed()) {
      const headers = this.headersOf(closed);
      if (closed.part) this.sendPart(closed.part, headers);
      if (!closed.metric.local) continue;
      if (closed.results) {
        const results = withHeaders(encodeResults(closed.results, this.definition.schema), headers);
        this.metrics.enqueue(withWaitingSince(results, aggregator.maxAppendMs));
        this.countResults(closed.metric.name, closed.results.groups.count);
      }
      // Of a session nothing provisional stands anywhere.
      if (isSession(closed.metric.window)) continue;
      this.metrics.enqueue([encodeClosed(closed, closed.results?.revision ?? 0)]);
    }
    this.sendProgress(aggregator);
    const { rows, counts } = aggregator.takeLate();
    if (rows.length > 0) {
      this.late.enqueue(withHeaders(encodeLateRows(rows, this.partition), this.behalf.headers));
      telemetry.meter.count('late_rows', this.labels, rows.length);
    }
    this.metrics.enqueue(counts.map((count) => encodeLateCount(count, this.partition)));
    if (this.frontierPace.passedWindowEnd(aggregator.watermarkInputMs)) {
      const startedMs = clock.monotonicMs();
      await this.published();
      telemetry.meter.observe('publish_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
      this.sendFrontier(aggregator, isCaughtUp);
    }
  }

  async publishDue(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): Promise<void> {
    await this.publishProvisionals(aggregator, isCaughtUp);
    await this.tellFrontier(aggregator, isCaughtUp);
  }

  /** What has changed in open windows, of the metrics whose turn it is. */
  private async publishProvisionals(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    const stretch = isCaughtUp() ? 1 : CATCH_UP_STRETCH;
    const totals = this.retellingTotals.due(nowMs);
    if (totals) for (const metric of this.retellingTotals.metrics) aggregator.retell(metric, totals.turn, totals.turns);
    const anew = this.retelling.due(aggregator.next, nowMs);
    if (anew) for (const metric of this.retelling.metrics) aggregator.retell(metric, anew.turn, anew.turns);
    this.computed.forEach((metric, index) => {
      const cadence = this.cadences[index];
      if (!this.hasNews(aggregator, metric, index) || !cadence?.isDue(nowMs, stretch)) return;
      const { results, parts } = aggregator.takeProvisional(metric);
      const sinceMs = this.waiting.take(index);
      for (const part of parts) this.sendPart(part, this.behalf.headers, sinceMs);
      for (const block of results) {
        const records = withHeaders(encodeResults(block, this.definition.schema), this.behalf.headers);
        this.metrics.enqueue(withWaitingSince(records, sinceMs));
      }
      const upserts = [...results, ...parts].reduce((sum, { groups }) => sum + groups.count, 0);
      if (metric.local) this.countResults(metric.name, upserts);
      cadence.sent(upserts, nowMs);
    });
    this.appliedFromMs = Infinity;
    const pending = this.appenders.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    if (pending > MAX_PENDING_BYTES) await this.published();
  }

  /** Notes since when, too. */
  private hasNews(aggregator: PartitionAggregator, metric: MetricDefinition, index: number): boolean {
    const hasNews = aggregator.hasProvisional(metric);
    if (hasNews) this.waiting.note(index, this.appliedFromMs);
    else this.waiting.take(index);
    return hasNews;
  }

  /** By metric that has something to tell: milliseconds until its turn. */
  waits(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): number[] {
    const nowMs = this.ports.clock.monotonicMs();
    const stretch = isCaughtUp() ? 1 : CATCH_UP_STRETCH;
    return this.computed.flatMap((metric, index) =>
      aggregator.hasProvisional(metric) ? (this.cadences[index]?.waitMs(nowMs, stretch) ?? []) : [],
    );
  }

  private async tellFrontier(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): Promise<void> {
    const { watermarkInputMs, held } = aggregator;
    if (!this.frontierPace.isDue(watermarkInputMs, isCaughtUp(), held, this.ports.clock.monotonicMs())) return;
    await this.published();
    this.sendFrontier(aggregator, isCaughtUp);
  }

  /** How far the partition has come. Nothing final may be on its way. */
  private sendFrontier(aggregator: PartitionAggregator, isCaughtUp: CaughtUp): void {
    const { watermarkInputMs, maxEventTimeMs, maxAppendMs, held, next } = aggregator;
    const caughtUp = isCaughtUp();
    const position = { watermarkInputMs, maxEventTimeMs, maxAppendMs, caughtUp, held, rawNext: next };
    const frontier = { ...position, definition: this.definition.sha256, spans: aggregator.spans() };
    for (const appender of this.parts) appender.enqueue([encodeFrontier(this.partition, frontier)]);
    this.frontierPace.sent(watermarkInputMs, caughtUp, held, this.ports.clock.monotonicMs());
  }

  /** Which windows the partition has whole of metrics that were not declared all the time. */
  sendSpans(aggregator: PartitionAggregator): void {
    const spans = aggregator.spans();
    const limited = this.computed.filter(({ identity }) => spans.has(identity));
    this.metrics.enqueue(
      limited.map((metric) => encodeSpan(metric, spans.get(metric.identity) ?? ALWAYS, this.partition)),
    );
  }

  /** How far windows are closed that are looked at together with others. All finals so far have been enqueued. */
  sendProgress({ watermarkInputMs }: PartitionAggregator): void {
    this.metrics.enqueue(this.progress.due(watermarkInputMs));
  }

  /** The frontier of a partition in which nothing has ever stood: it holds nobody up. */
  sendUnborn(): void {
    const unborn = { watermarkInputMs: -Infinity, maxEventTimeMs: -Infinity, maxAppendMs: -Infinity, rawNext: 0 };
    const frontier = { ...unborn, caughtUp: true, held: false };
    for (const appender of this.parts) appender.enqueue([encodeFrontier(this.partition, frontier)]);
  }

  async published(): Promise<void> {
    await Promise.all(this.appenders.map((appender) => appender.flush()));
  }

  assertAlive(): void {
    for (const appender of this.appenders) appender.assertAlive();
  }

  private get appenders(): readonly OrderedAppender[] {
    return [this.metrics, this.late, ...this.parts];
  }

  /** @param sinceMs append time of the oldest record that has waited for it, if that is not to be told otherwise */
  private sendPart(part: PartBlock, headers: RecordHeaders, sinceMs = Infinity): void {
    splitPart(part, this.parts.length).forEach((share, q) => {
      if (!share) return;
      const records = withHeaders(encodeParts(this.partition, share), headers);
      this.parts[q]?.enqueue(withWaitingSince(records, sinceMs));
    });
    this.ports.telemetry.meter.count('parts', this.labels, part.groups.count);
  }

  /** What is told of a closed window is told on behalf of the batches that fed it. */
  private headersOf({ metric, startMs, endMs, results, part }: ClosedWindow): RecordHeaders {
    if (!results && !part) return this.behalf.headers;
    const { topics } = this.definition;
    const topic = metric.local ? topics.metrics : topics.parts;
    const info = { metric: metric.name, topic, partition: this.partition, startMs, endMs };
    return this.behalf.ofClosed(info, () => this.traces.of(startMs, endMs));
  }

  private countResults(metric: string, rows: number): void {
    this.ports.telemetry.meter.count('results', { ...this.labels, metric }, rows);
  }

  private get labels(): TaskLabels {
    const { schema, topics } = this.definition;
    return { stream: schema.stream, topic: topics.enriched, partition: this.partition };
  }
}
