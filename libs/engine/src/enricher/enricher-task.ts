import type { BatchPosition, EnrichResult } from '@tillstream/core';
import { REJECT_CODES, RawEnricher, emptyPosition, encodeEventBatch } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { decodeRawRecord, encodeDeadLetter, encodeReroute, keptName } from '@tillstream/contracts';
import type { LogRecord, PartitionSource, RecordHeaders } from '../ports/log';
import { valueBytes } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { Attempts } from '../task/attempts';
import type { GapLedger } from '../task/gap-ledger';
import { readGaps } from '../task/gap-ledger';
import { recordsBetween } from '../task/log-tail';
import { OrderedAppender } from '../task/ordered-appender';
import { lastBatch, readableBatch } from '../task/readable-batch';
import { definitionInForce } from '../definitions/definition-in-force';
import { readDefinitions } from '../definitions/definition-history';
import { StopPartitionError, TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { withHeaders } from '../task/with-headers';
import { RecentMaximum } from './recent-maximum';

export const ENRICHER = 'enricher';

/** How long one wait for records lasts; paces nothing else. */
const FETCH_WAIT_MS = 5_000;
/** Enriched bytes that may wait for acknowledgement before no more is read. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/**
 * Turns one raw partition into batches of columns on the same partition of `enriched`.
 *
 * Its only state is the tail of its own output: where the last batch ended, what stood there, and the ids of the dedupe
 * horizon. So a restart, a takeover and a zombie all produce the same rows.
 */
export class EnricherTask {
  private readonly enriched: OrderedAppender;
  private readonly deadLetters: OrderedAppender;
  private readonly attempts: Attempts;
  /** How far event times are ahead of append times. */
  private readonly ahead = new RecentMaximum();

  private constructor(
    private readonly name: string,
    private readonly ports: TaskPorts,
    private readonly definition: StreamDefinition,
    private readonly source: PartitionSource,
    private readonly enricher: RawEnricher,
    private readonly gaps: GapLedger,
  ) {
    const { topics } = definition;
    this.enriched = new OrderedAppender(ports.writer, topics.enriched, source.partition);
    this.deadLetters = new OrderedAppender(ports.writer, topics.deadLetters, source.partition);
    this.attempts = new Attempts(ports.store, name);
    this.beginCounting();
  }

  /**
   * Finds out where the work goes on and restores the dedupe horizon.
   * @param committed group offset of the raw partition; counts only while `enriched` is empty.
   */
  static async open(
    ports: TaskPorts,
    file: StreamDefinition,
    source: PartitionSource,
    committed: () => Promise<number | null>,
  ): Promise<EnricherTask> {
    const { partition } = source;
    const name = `${ENRICHER}:${keptName(file)}:${partition}`;
    const gaps = await readGaps(ports.reader, file, ENRICHER, partition);
    // Asked before the output is looked at. An offset is committed when the batches below it are acknowledged: asked afterwards, it
    // could speak of some that another owner has written meanwhile, and the work would go on behind them with the watermark of an
    // empty log.
    const groupOffset = await committed();
    const tail = await lastBatch(ports.reader, file, partition);
    const history = await readDefinitions(ports.reader, file);
    const definition = definitionInForce(history, tail?.batch.after.definition ?? '', name, file.topics);
    const last = tail?.batch;
    const begin = await ports.reader.begin(definition.topics.raw, partition);
    const reached = last ? last.rawNext : (groupOffset ?? begin);
    const readFrom = gaps.behind(reached);
    if (readFrom < begin) {
      throw new StopPartitionError(
        'log-before-position',
        name,
        `the raw log begins at ${begin}, behind ${readFrom} where the work goes on: records expired before they were ` +
          `read; \`till skip\` [${readFrom}, ${begin}) accepts the loss`,
      );
    }
    const position = last ? last.after : emptyPosition();
    // The next batch covers the gap, so that readers see no hole: given up is not the same as missing.
    const { schema, sha256 } = definition;
    const enricher = new RawEnricher({ schema, partition, next: reached, position, definition: sha256 });
    if (tail) await restoreHorizon(ports, definition, partition, position, tail.offset, enricher);
    source.seek(readFrom);
    return new EnricherTask(name, ports, definition, source, enricher, gaps);
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    for (;;) {
      const records = await this.source.next(FETCH_WAIT_MS);
      this.enriched.assertAlive();
      if (records) await this.process(records);
      this.reportProgress();
    }
  }

  /** The partition leaves this process. */
  close(): void {
    this.ports.telemetry.meter.forget(this.labels);
  }

  private async process(records: readonly LogRecord[]): Promise<void> {
    const { clock, telemetry } = this.ports;
    const startedMs = clock.monotonicMs();
    const { topic, partition } = this.source;
    await telemetry.tracer.batch({ name: 'enrich', topic, partition, records }, async (headers) => {
      for await (const portion of this.attempts.portions(records, () => this.gaps.behind(this.enricher.next))) {
        const wanted = this.gaps.isEmpty ? portion : portion.filter(({ offset }) => !this.gaps.holds(offset));
        let raw = await this.guarded(() => wanted.map(decodeRawRecord));
        while (raw.length > 0) {
          const rest = raw;
          const result = await this.guarded(() => this.enricher.apply(rest));
          raw = raw.slice(result.consumed);
          if (raw.length === 0) await this.attempts.survived(this.gaps.behind(this.enricher.next));
          await this.publish(result, headers);
          if (this.enricher.isSuperseded) await this.makeWay();
        }
      }
    });
    telemetry.meter.observe('batch_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
    telemetry.meter.count('bytes_in', this.labels, valueBytes(records));
  }

  /** What follows is read under another definition, by a task that finds this one's last batch in the log. */
  private async makeWay(): Promise<never> {
    await this.enriched.flush();
    throw new TaskRenewalError(this.name, 'definition');
  }

  private guarded<T>(work: () => T): Promise<T> {
    return this.attempts.guard(this.gaps.behind(this.enricher.next), work);
  }

  /** What is left out of a batch is acknowledged before the batch that leaves it out is sent. */
  private async publish(result: EnrichResult, headers: RecordHeaders): Promise<void> {
    // 1. Dead letters and rows that belong to other partitions.
    if (result.deadLetters.length > 0) {
      const from = { topic: this.definition.topics.raw, partition: this.source.partition };
      const letters = result.deadLetters.map((letter) => encodeDeadLetter(letter, from));
      this.deadLetters.enqueue(withHeaders(letters, headers));
    }
    const reroutes = result.reroutes.map((reroute) =>
      this.ports.writer.append(
        this.definition.topics.raw,
        reroute.targetPartition,
        withHeaders([encodeReroute(reroute, this.source.partition)], headers),
      ),
    );
    await Promise.all([this.deadLetters.flush(), ...reroutes]);
    // 2. The batch. The next one may be made while it is in flight; it is sent after it.
    const batch = { key: null, value: encodeEventBatch(result.batch), timestampMs: timestampOf(result.after) };
    this.enriched.enqueue(withHeaders([batch], headers));
    this.countRows(result);
    if (this.enriched.pendingBytes > MAX_PENDING_BYTES) await this.enriched.flush();
    // 3. The group offset, for lag tools, once the batch is in the log.
    const { rawNext } = result.batch;
    this.enriched.flush().then(
      () => this.source.commit(rawNext),
      () => undefined, // the next look at the appender throws the same failure
    );
  }

  /** From zero on: who looks at how a counter grows would miss what is counted first, were it not there before. */
  private beginCounting(): void {
    const { meter } = this.ports.telemetry;
    for (const counter of ['events_in', 'events_out', 'duplicates', 'misrouted', 'rounded'] as const) {
      meter.count(counter, this.labels, 0);
    }
    for (const reason of REJECT_CODES) meter.count('rejected', { ...this.labels, reason }, 0);
  }

  private countRows({ counts, aheadMs }: EnrichResult): void {
    const { meter } = this.ports.telemetry;
    meter.count('events_in', this.labels, counts.rowsIn);
    meter.count('events_out', this.labels, counts.accepted);
    if (counts.duplicates > 0) meter.count('duplicates', this.labels, counts.duplicates);
    if (counts.rerouted > 0) meter.count('misrouted', this.labels, counts.rerouted);
    if (counts.rounded > 0) meter.count('rounded', this.labels, counts.rounded);
    this.ahead.note(aheadMs, this.ports.clock.monotonicMs());
    for (const [reason, rows] of Object.entries(counts.rejected)) {
      meter.count('rejected', { ...this.labels, reason }, rows);
    }
  }

  private reportProgress(): void {
    const { clock, telemetry } = this.ports;
    const end = this.source.logEndOffset();
    if (end !== null) telemetry.meter.gauge('lag_records', this.labels, Math.max(0, end - this.enricher.next));
    const aheadMs = Math.max(0, this.ahead.at(clock.monotonicMs()));
    telemetry.meter.gauge('event_ahead_seconds', this.labels, aheadMs / 1000);
  }

  private get labels(): TaskLabels {
    const { topic, partition } = this.source;
    return { stream: this.definition.schema.stream, topic, partition };
  }
}

/** Feeds the batches that may still hold ids within the dedupe horizon, oldest first. */
async function restoreHorizon(
  ports: TaskPorts,
  definition: StreamDefinition,
  partition: number,
  position: BatchPosition,
  tailOffset: number,
  enricher: RawEnricher,
): Promise<void> {
  const { enriched } = definition.topics;
  const oldestMs = Math.max(0, position.maxAppendMs - definition.schema.dedupe.withinMs);
  const from = (await ports.reader.offsetAtOrAfter(enriched, partition, oldestMs)) ?? tailOffset;
  const startedMs = ports.clock.monotonicMs();
  for await (const record of recordsBetween(ports.reader, enriched, partition, from, tailOffset + 1)) {
    const batch = readableBatch(record);
    if (batch) enricher.remember(batch);
  }
  const labels = { stream: definition.schema.stream, topic: definition.topics.raw, partition };
  ports.telemetry.meter.observe('restore_seconds', labels, (ports.clock.monotonicMs() - startedMs) / 1000);
}

/** Record time of a batch: running maximum append time, so that the horizon can be found by time. */
function timestampOf(after: BatchPosition): number {
  return Math.max(0, Number.isFinite(after.maxAppendMs) ? after.maxAppendMs : 0);
}
