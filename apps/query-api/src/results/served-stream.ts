import { decodeMetricsRecord, PlainResults, type StreamDefinition } from '@tillstream/contracts';
import { DefinitionHistory, type LogRecord } from '@tillstream/engine';
import { isSession, isTotal } from '@tillstream/core';
import { ResultView } from '../view/result-view';
import type {
  BackfillRecord,
  PackedRow,
  PlacedRecord,
  ProgressRecord,
  SpanRecord,
  ViewRecord,
} from '../view/view-record';
import { MetricCodec } from './metric-codec';

/** A stream whose results are answered for: its stream files, the view of its results, and how rows are read. */
export class ServedStream {
  readonly view: ResultView;
  private history: DefinitionHistory;
  private byName: ReadonlyMap<string, MetricCodec> = new Map();
  private byIdentity: ReadonlyMap<string, MetricCodec> = new Map();
  private plain = new PlainResults([]);
  /** Identities of which no stream file is known that declares them. */
  private readonly strangers = new Set<string>();
  private unknown = 0;

  constructor(file: StreamDefinition, maxRows: number) {
    this.view = new ResultView([], file.schema.partitions, maxRows);
    this.history = new DefinitionHistory(file, []);
    this.learn(this.history);
  }

  /** What was put live last. */
  get definition(): StreamDefinition {
    return this.history.newest;
  }

  get name(): string {
    return this.definition.schema.stream;
  }

  /** Those that are declared now, in declared order. */
  get metrics(): readonly MetricCodec[] {
    return [...this.byName.values()];
  }

  /** Those that are declared no more, but have results. */
  get retired(): readonly MetricCodec[] {
    return [...this.byIdentity.values()].filter(
      (codec) =>
        this.byName.get(codec.metric.name) !== codec && this.view.metric(codec.metric.identity).windowCount > 0,
    );
  }

  /** By name, or by `name@definition`. */
  metricNamed(name: string): MetricCodec | undefined {
    return this.byName.get(name) ?? this.byIdentity.get(name);
  }

  /** Records read so far that say nothing about a metric that is known. */
  get unknownRecords(): number {
    return this.unknown;
  }

  /** Takes the metrics of all stream files that were put live. */
  learn(history: DefinitionHistory): void {
    const streams = history.streams();
    // Fields are only ever added.
    const codecs = streams.flatMap((stream) =>
      stream.metrics().map((metric) => new MetricCodec(metric, stream.newest)),
    );
    const metrics = codecs.map(({ metric }) => metric);
    for (const { identity, window, compare = [] } of metrics) {
      // Sessions begin at any time, and so does what a total counts.
      const windows = isSession(window) ? { hopMs: 1, sizeMs: 1 } : isTotal(window) ? { ...window, hopMs: 1 } : window;
      this.view.declare({ identity, ...windows, lagsMs: compare.map(({ lagMs }) => lagMs) });
    }
    this.history = history;
    this.byIdentity = new Map(codecs.map((codec) => [codec.metric.identity, codec]));
    const declared = streams.flatMap(({ newest }) =>
      newest.metrics.flatMap(({ identity }) => this.byIdentity.get(identity) ?? []),
    );
    this.byName = new Map(declared.map((codec) => [codec.metric.name, codec]));
    this.plain = new PlainResults(metrics);
    this.strangers.clear();
  }

  /** No stream file is to be found that declares this metric: its records are passed over from now on. */
  passOver(identity: string): void {
    this.strangers.add(identity);
  }

  /**
   * Takes what one fetch of the metrics topic has brought, up to the first record of a metric that is not known: it may be one
   * of a stream file that was put live a moment ago.
   *
   * @returns identity of that metric; null: all were taken
   */
  apply(partition: number, records: readonly LogRecord[]): string | null {
    const met: { stranger: string | null } = { stranger: null };
    this.view.apply(partition, this.placed(records, met));
    return met.stranger;
  }

  private *placed(records: readonly LogRecord[], met: { stranger: string | null }): Generator<PlacedRecord> {
    for (const record of records) {
      const { offset, timestampMs: appendMs } = record;
      const plain = this.plainRow(record);
      const said = plain ?? this.anything(record);
      if (typeof said === 'string') {
        met.stranger = said;
        return;
      }
      yield { offset, appendMs, record: said };
    }
  }

  /** Null: not a result in the form that nearly all have. */
  private plainRow({ key, value }: LogRecord): PackedRow | null {
    const result = key && value && this.plain.read(key, value);
    if (!result) return null;
    const { identity: metric, startMs, group, final, revision, measures: payload } = result;
    return { kind: 'packed-row', metric, startMs, group, final, revision, payload };
  }

  /** A text is the identity of a metric that is not known yet. */
  private anything(record: LogRecord): ViewRecord | SpanRecord | BackfillRecord | ProgressRecord | string | null {
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind === 'result') this.plain.expect(decoded);
    const codec = decoded.kind === 'unknown' ? undefined : this.byIdentity.get(decoded.identity);
    if (!codec && decoded.kind !== 'unknown' && !this.strangers.has(decoded.identity)) return decoded.identity;
    if (!codec) this.unknown += 1;
    return codec?.toViewRecord(decoded) ?? null;
  }
}
