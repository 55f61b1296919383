import type { MetricDefinition } from '@tillstream/core';
import { isSession } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, streamsOf } from '@tillstream/contracts';
import { readDefinitions } from '../definitions/definition-history';
import type { LogRecord, PartitionSource } from '../ports/log';
import { OffsetOutOfRangeError } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { OrderedAppender } from '../task/ordered-appender';
import { TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import type { AlertingMetric } from './alert-lane';
import { AlertLane } from './alert-lane';
import type { AlertHistory } from './alert-log';
import { readAlertLog } from './alert-log';

const MAX_WAIT_MS = 5_000;
/** How far windows are decided is told this often, when more are. */
const TELL_EVERY_MS = 1_000;
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
const NOTHING_TOLD: AlertHistory = { progress: null, open: new Map() };
const FINAL = 0x66; // f
const PROGRESS = 0x77; // w

/**
 * Decides about the alerts of a stream, from the finals in its metrics topic: whoever has the only partition of the alerts topic.
 *
 * Its store is the log. The alerts topic says which windows were decided, which alerts are open, and where the finals
 * that undecided windows need are read again from. A window is decided when every partition has told that it is closed there, so
 * what is told of it is a function of the finals: a crash, or two who decide at once, repeat identical records.
 */
export class AlertTask {
  private closed = false;
  private toldAtMs: number;

  private constructor(
    private readonly ports: TaskPorts,
    private readonly definition: StreamDefinition,
    private readonly source: PartitionSource,
    /** By identity of their metric. */
    private readonly lanes: ReadonlyMap<string, AlertLane>,
    private readonly output: OrderedAppender,
    /** By partition of the metrics topic: the first offset not yet read. */
    private readonly next: number[],
    /**
     * By partition: where the topic ended when the task was opened. Nothing is decided before: compaction keeps the last copy of a
     * final, which may stand behind the record that says that its window is closed.
     */
    private readonly target: readonly number[],
    /** Where the definitions topic ended. */
    private readonly definitionsEnd: number,
  ) {
    this.toldAtMs = ports.clock.monotonicMs();
  }

  static async open(ports: TaskPorts, file: StreamDefinition, source: PartitionSource): Promise<AlertTask> {
    const { reader, writer } = ports;
    const definitionsEnd = await reader.end(file.topics.definitions, 0);
    const { newest } = await readDefinitions(reader, file);
    const { topics, schema } = newest;
    source.seek(await reader.end(topics.alerts, 0));
    const metrics = streamsOf(newest).flatMap((stream) => stream.metrics.filter(isAlerting));
    const histories: ReadonlyMap<string, AlertHistory> =
      metrics.length === 0 ? new Map() : await readAlertLog(reader, newest);
    const next = Array.from({ length: metrics.length === 0 ? 0 : schema.partitions }, () => Infinity);
    const lanes = new Map(
      metrics.map((metric) => {
        const { progress, open } = histories.get(metric.alert.identity) ?? NOTHING_TOLD;
        next.forEach((offset, partition) => (next[partition] = Math.min(offset, progress?.readFrom[partition] ?? 0)));
        const start = { decidedMs: progress?.decidedMs ?? -Infinity, open };
        const exponent = schema.money.exponent;
        return [
          metric.identity,
          new AlertLane(metric, schema.partitions, exponent, start, progress?.closedUntilMs),
        ] as const;
      }),
    );
    const target: number[] = [];
    for (const partition of next.keys()) {
      target.push(await reader.end(topics.metrics, partition));
      next[partition] = Math.max(next[partition] ?? 0, await reader.begin(topics.metrics, partition));
    }
    const output = new OrderedAppender(writer, topics.alerts, source.partition);
    return new AlertTask(ports, newest, source, lanes, output, next, target, definitionsEnd);
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    const followed = [...this.next.keys()].map((partition) => this.follow(partition));
    return Promise.race([this.stay(), ...followed]);
  }

  /** What was decided stands in the log, and that it was. */
  async drain(): Promise<void> {
    this.closed = true;
    this.tellProgress();
    await this.output.flush();
  }

  /** Nothing is read any more. */
  close(): void {
    this.closed = true;
  }

  /** Looks whether the task is still wanted, and under this definition. */
  private async stay(): Promise<never> {
    for (;;) {
      this.output.assertAlive();
      const records = await this.source.next(MAX_WAIT_MS);
      const last = records?.at(-1);
      if (last) this.source.commit(last.offset + 1);
      const end = await this.ports.reader.end(this.definition.topics.definitions, 0);
      if (end > this.definitionsEnd)
        throw new TaskRenewalError(`alerts:${this.definition.schema.stream}`, 'definition');
    }
  }

  /** Reads one partition of the metrics topic. */
  private async follow(partition: number): Promise<never> {
    const { reader } = this.ports;
    const { metrics } = this.definition.topics;
    for (;;) {
      const from = this.next[partition] ?? 0;
      const records = await reader.read(metrics, partition, from, MAX_WAIT_MS).catch((cause: unknown) => {
        this.passExpired(partition, cause);
        return [];
      });
      if (this.closed) return new Promise(() => undefined); // the task has ended meanwhile, and nobody waits for this
      for (const record of records) this.take(partition, record);
      const target = this.target[partition] ?? 0;
      if (records.length === 0 && from < target) this.next[partition] = target; // compaction has taken the last records
      this.decide();
      if (this.output.pendingBytes > MAX_PENDING_BYTES) await this.output.flush();
    }
  }

  private take(partition: number, record: LogRecord): void {
    this.next[partition] = record.offset + 1;
    const kind = record.key?.[0];
    if (kind !== FINAL && kind !== PROGRESS) return;
    const decoded = decodeMetricsRecord(record);
    const lane = decoded.kind === 'unknown' ? undefined : this.lanes.get(decoded.identity);
    if (decoded.kind === 'result') {
      lane?.takeFinal(partition, record.offset, decoded, this.ports.telemetry.tracer.contextOf(record));
    }
    if (decoded.kind === 'progress') lane?.takeProgress(partition, decoded.closedUntilMs);
  }

  private decide(): void {
    if (this.next.some((offset, partition) => offset < (this.target[partition] ?? 0))) return;
    const { meter } = this.ports.telemetry;
    for (const lane of this.lanes.values()) {
      const records = lane.decide();
      this.output.enqueue(records);
      if (records.length > 0) meter.count('alerts', { ...this.labels, metric: lane.name }, records.length);
    }
    if (this.ports.clock.monotonicMs() - this.toldAtMs >= TELL_EVERY_MS) this.tellProgress();
  }

  private tellProgress(): void {
    this.toldAtMs = this.ports.clock.monotonicMs();
    for (const lane of this.lanes.values()) if (lane.isAhead) this.output.enqueue([lane.progress(this.next)]);
  }

  private get labels(): TaskLabels {
    const { topic, partition } = this.source;
    return { stream: this.definition.schema.stream, topic, partition };
  }

  /** Finals that have expired before they were read are gone: their windows have none. */
  private passExpired(partition: number, cause: unknown): void {
    if (!(cause instanceof OffsetOutOfRangeError) || cause.offset > cause.end) throw cause;
    const { topic, offset, begin } = cause;
    this.ports.telemetry.log.warn('alerts_miss_expired_results', { topic, partition, from: offset, to: begin });
    this.next[partition] = begin;
  }
}

function isAlerting(metric: MetricDefinition): metric is AlertingMetric {
  return metric.alert !== undefined && !isSession(metric.window);
}
