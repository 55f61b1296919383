import type { MetricDefinition, StreamSchema } from '@tillstream/core';
import { ALWAYS, NEVER, WindowMerge, latenessOf } from '@tillstream/core';
import type { Frontier, StreamDefinition } from '@tillstream/contracts';
import { decodePartsRecord, derivedOf, encodeControl, keptName } from '@tillstream/contracts';
import { Committer, countCommit } from '../task/committer';
import type { DefinitionHistory } from '../definitions/definition-history';
import { readDefinitions } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { LogReader, LogRecord, PartitionSource } from '../ports/log';
import { valueBytes } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { recordsBetween } from '../task/log-tail';
import { StopPartitionError, TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { WatermarkDelay } from '../task/watermark-delay';
import { shortestWait } from '../task/shortest-wait';
import { KnownSpans } from './known-spans';
import { horizonMs } from './horizon';
import { IdleCoordinator } from './idle-coordinator';
import type { MergeState } from './merge-state';
import { decodeMergeState, encodeMergeState } from './merge-state';
import { MergeOutput } from './merge-output';

const MAX_WAIT_MS = 5_000;
/** Idleness is looked for this often, by the one task that does. */
const COORDINATE_EVERY_MS = 1_000;
const CHECKPOINT_EVERY_MS = 500;
const TOKEN_BYTES = 16;
/** The merge task of this parts partition hears every frontier as all do, and speaks for the idle ones. */
const COORDINATING_PARTITION = 0;

/**
 * Joins the shares of all partitions, for the windows and groups of one partition of `parts`.
 *
 * Its store is the topic: a checkpoint holds only the lowest offset that an open window still needs and the frontiers
 * heard so far, together. A final is acknowledged before a checkpoint that has forgotten its window.
 */
export class MergeTask {
  private readonly output: MergeOutput;
  private readonly coordinator: IdleCoordinator | null;
  private readonly schema: StreamSchema;
  private readonly computed: readonly MetricDefinition[];
  private readonly lateness: ReadonlyMap<string, number>;
  private readonly delay: WatermarkDelay;
  private committed: { next: number; atMs: number };

  private constructor(
    private readonly name: string,
    private readonly ports: TaskPorts,
    private readonly file: StreamDefinition,
    private readonly source: PartitionSource,
    /** Sources take up a new definition one by one: shares of all metrics that were ever declared are joined. */
    private readonly history: DefinitionHistory,
    private readonly merge: WindowMerge,
    private readonly frontiers: Map<number, Frontier>,
    private readonly spans: KnownSpans,
    private readonly publishAfterEndMs: number,
    private readonly committer: Committer,
    /** Offset of the first part not yet read. */
    private next: number,
  ) {
    const { schema, topics } = history.newest;
    this.schema = schema;
    this.computed = mergedOf(history);
    const { computed, labels } = this;
    this.output = new MergeOutput(ports, {
      ...{ schema, computed, labels },
      ...{ topic: topics.metrics, partition: source.partition },
    });
    this.lateness = latenessOf(this.computed);
    this.delay = new WatermarkDelay(ports.telemetry.meter, this.labels);
    this.committed = { next, atMs: ports.clock.monotonicMs() };
    this.coordinator = isCoordinator(file, source)
      ? new IdleCoordinator(schema, horizonMs(history.definitions()))
      : null;
    const nowMs = ports.clock.monotonicMs();
    for (const [partition, frontier] of frontiers) this.coordinator?.observe(partition, frontier, nowMs);
    for (const [partition, identity, span] of spans.entries()) merge.applySpan(partition, identity, span);
    this.output.sendProgress(merge);
  }

  static async open(ports: TaskPorts, file: StreamDefinition, source: PartitionSource): Promise<MergeTask> {
    const { topics } = file;
    const { partition } = source;
    const name = `merge:${keptName(file)}:${partition}`;
    const history = await readDefinitions(ports.reader, file);
    const { schema } = history.newest;
    const token = ports.random.hex(TOKEN_BYTES);
    const claimed = await ports.store.claim(name, token);
    let checkpoint = claimed;
    if (!checkpoint) {
      const begin = await ports.reader.begin(topics.parts, partition);
      const end = await ports.reader.end(topics.parts, partition);
      const publishAfterEndMs = await firstWholeEnd(
        ports.reader,
        topics.parts,
        partition,
        begin,
        end,
        schema.partitions,
      );
      const state = encodeMergeState({ frontiers: new Map(), publishAfterEndMs, spans: new KnownSpans() });
      checkpoint = { inc: ports.random.hex(TOKEN_BYTES), next: begin, seek: begin, state };
      if (!(await ports.store.create(name, token, checkpoint))) return MergeTask.open(ports, file, source);
    }
    const state = decodeMergeState(checkpoint.state);
    const begin = await ports.reader.begin(topics.parts, partition);
    if (checkpoint.seek < begin) {
      throw new StopPartitionError(
        'log-before-position',
        name,
        `${topics.parts}/${partition} begins at ${begin}, but windows still open need it from ${checkpoint.seek} on; ` +
          'lengthen the retention of the topic and empty the key of this task in the store to begin with what is left',
      );
    }
    const merge = new WindowMerge({
      schema,
      metrics: mergedOf(history),
      partitions: schema.partitions,
      frontiers: inputsOf(state, schema.partitions),
      publishAfterEndMs: state.publishAfterEndMs,
      retired: new Set(history.retiredFrom(history.newest).map(({ identity: retired }) => retired)),
    });
    const { meter } = ports.telemetry;
    const labels = { stream: schema.stream, topic: source.topic, partition };
    const identity = { inc: checkpoint.inc, token };
    const committer = new Committer(ports.store, ports.clock, name, identity, checkpoint.next, (said) =>
      countCommit(meter, labels, said),
    );
    source.seek(checkpoint.seek);
    const frontiers = new Map(state.frontiers);
    return new MergeTask(
      name,
      ports,
      file,
      source,
      history,
      merge,
      frontiers,
      state.spans,
      state.publishAfterEndMs,
      committer,
      checkpoint.next,
    );
  }

  /** Works until the source is revoked or something throws. */
  async run(): Promise<never> {
    for (;;) {
      this.committer.assertAlive();
      this.output.assertAlive();
      const records = await this.source.next(this.waitMs());
      if (records) await this.process(records);
      await this.output.publishProvisionals(this.merge);
      await this.coordinate();
      this.checkpoint();
      this.reportProgress();
    }
  }

  /** A last checkpoint, for a shutdown in order. */
  async drain(): Promise<void> {
    if (this.next > this.committed.next) this.submitCheckpoint();
    await this.committer.drain();
  }

  /** Nothing is committed any more. */
  close(): void {
    this.committer.stop();
    this.ports.telemetry.meter.forget(this.labels);
    this.delay.forget();
  }

  private async process(records: readonly LogRecord[]): Promise<void> {
    const { clock, telemetry } = this.ports;
    const startedMs = clock.monotonicMs();
    const { topic, partition } = this.source;
    await telemetry.tracer.batch({ name: 'merge', topic, partition, records }, async (headers) => {
      this.output.speakFor(headers);
      if (!this.apply(records)) await this.learn();
    });
    telemetry.meter.observe('batch_seconds', this.labels, (clock.monotonicMs() - startedMs) / 1000);
    telemetry.meter.count('bytes_in', this.labels, valueBytes(records));
  }

  /** A source has taken up a definition that was put live since this task was opened: it is opened again, with it. */
  private async learn(): Promise<never> {
    const { reader } = this.ports;
    const history = await readDefinitions(reader, this.file);
    for (const { definition } of this.frontiers.values()) {
      definitionInForce(history, definition ?? '', this.name, this.file.topics);
    }
    throw new TaskRenewalError(this.name, 'definition');
  }

  /** False: a definition is in force that is not known yet. */
  private apply(records: readonly LogRecord[]): boolean {
    const nowMs = this.ports.clock.monotonicMs();
    for (const record of records) {
      const decoded = decodePartsRecord(record);
      if (decoded.kind === 'part') {
        this.merge.applyPart(decoded.source, decoded.part, record.offset);
        this.output.applied(decoded.part, record);
      } else if (decoded.kind === 'frontier') {
        const { source, frontier } = decoded;
        const known = this.frontiers.get(source);
        const isNews = frontier.rawNext >= (known?.rawNext ?? 0);
        if (isNews && !this.noteSpans(source, frontier)) {
          this.frontiers.set(source, frontier);
          return false;
        }
        this.merge.applyFrontier(source, frontier.watermarkInputMs);
        if (!known || frontier.watermarkInputMs >= known.watermarkInputMs) this.frontiers.set(source, frontier);
        this.coordinator?.observe(source, frontier, nowMs);
        this.output.publishFinals(this.merge, frontier.maxAppendMs); // before a later part could be taken for one of a window that has just closed
      }
      this.next = Math.max(this.next, record.offset + 1);
    }
    return true;
  }

  /** Which windows a source has whole of each metric. False: it works under a definition that is not known. */
  private noteSpans(source: number, { definition, spans }: Frontier): boolean {
    const declared = this.history.find(definition ?? '')?.metrics;
    if (!declared) return false;
    for (const metric of this.computed) {
      const { identity } = metric;
      const said = spans?.get(identity) ?? (isAmong(declared, metric) ? ALWAYS : this.spans.get(source, identity));
      const span = said ?? NEVER;
      if (this.spans.set(source, identity, span)) this.merge.applySpan(source, identity, span);
    }
    return true;
  }

  /** What is decided about idle partitions becomes a record of theirs first, and is then a fact for all. */
  private async coordinate(): Promise<void> {
    const advances = this.coordinator?.due(this.ports.clock.monotonicMs()) ?? [];
    if (advances.length === 0) return;
    const { raw } = this.file.topics;
    await Promise.all(
      advances.map(({ partition, toMs }) =>
        this.ports.writer.append(raw, partition, [encodeControl({ kind: 'advance', toMs })]),
      ),
    );
    this.ports.telemetry.meter.count('advances', this.labels, advances.length);
  }

  private checkpoint(): void {
    if (this.next <= this.committed.next || !this.committer.isIdle) return;
    if (this.ports.clock.monotonicMs() - this.committed.atMs >= CHECKPOINT_EVERY_MS) this.submitCheckpoint();
  }

  private submitCheckpoint(): void {
    this.committer.submit({
      next: this.next,
      seek: this.merge.lowWater() ?? this.next,
      state: encodeMergeState({
        frontiers: this.frontiers,
        publishAfterEndMs: this.publishAfterEndMs,
        spans: this.spans,
      }),
      deltas: [],
      rewrites: [],
      drops: [],
      published: this.output.published(),
    });
    this.committed = { next: this.next, atMs: this.ports.clock.monotonicMs() };
    this.source.commit(this.next);
  }

  /** Time here is that of the slowest partition. */
  private reportProgress(): void {
    const end = this.source.logEndOffset();
    if (end !== null) this.ports.telemetry.meter.gauge('lag_records', this.labels, Math.max(0, end - this.next));
    let maxAppendMs = -Infinity;
    for (const frontier of this.frontiers.values()) maxAppendMs = Math.max(maxAppendMs, frontier.maxAppendMs);
    const watermarkInputMs = Math.min(...this.merge.frontiers());
    const { lateness } = this;
    this.delay.tell({ watermarkInputMs, maxAppendMs, lateness }, this.ports.clock.monotonicMs());
  }

  private waitMs(): number {
    const nowMs = this.ports.clock.monotonicMs();
    const waits = this.output.waits(this.merge);
    if (this.next > this.committed.next && this.committer.isIdle) {
      waits.push(this.committed.atMs + CHECKPOINT_EVERY_MS - nowMs);
    }
    return shortestWait(this.coordinator ? COORDINATE_EVERY_MS : MAX_WAIT_MS, waits);
  }

  private get labels(): TaskLabels {
    const { topic, partition } = this.source;
    return { stream: this.schema.stream, topic, partition };
  }
}

function mergedOf(history: DefinitionHistory): readonly MetricDefinition[] {
  return history.metrics().filter(({ local }) => !local);
}

function isAmong(metrics: readonly MetricDefinition[], { identity }: MetricDefinition): boolean {
  return metrics.some((metric) => metric.identity === identity);
}

/** Derived streams move as their parent's partitions do: nobody speaks for them but who speaks for these. */
function isCoordinator(file: StreamDefinition, { partition }: PartitionSource): boolean {
  return partition === COORDINATING_PARTITION && derivedOf(file) === null;
}

function inputsOf({ frontiers }: MergeState, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, source) => frontiers.get(source)?.watermarkInputMs ?? -Infinity);
}

/**
 * A task without a checkpoint can trust only windows whose shares are all retained: those that end past the first
 * retained frontier of every source. A topic that still has its first record holds everything.
 */
async function firstWholeEnd(
  reader: LogReader,
  topic: string,
  partition: number,
  begin: number,
  end: number,
  sources: number,
): Promise<number> {
  if (begin === 0) return -Infinity;
  const first = new Map<number, number>();
  for await (const record of recordsBetween(reader, topic, partition, begin, end)) {
    const decoded = decodePartsRecord(record);
    if (decoded.kind !== 'frontier' || first.has(decoded.source)) continue;
    first.set(decoded.source, decoded.frontier.watermarkInputMs);
    if (first.size === sources) break;
  }
  return Math.max(-Infinity, ...first.values());
}
