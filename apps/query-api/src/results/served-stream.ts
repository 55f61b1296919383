import { decodeMetricsRecord, PlainResults, type StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { ResultView } from '../view/result-view';
import type { PackedRow, PlacedRecord, ProgressRecord, SpanRecord, ViewRecord } from '../view/view-record';
import { MetricCodec } from './metric-codec';

/** A stream whose results are answered for: its definition, the view of its results, and how rows are read. */
export class ServedStream {
  readonly view: ResultView;
  private readonly byName: ReadonlyMap<string, MetricCodec>;
  private readonly byIdentity: ReadonlyMap<string, MetricCodec>;
  private readonly plain: PlainResults;
  private unknown = 0;

  constructor(
    readonly definition: StreamDefinition,
    maxRows: number,
  ) {
    const { schema, metrics } = definition;
    const codecs = metrics.map((metric) => new MetricCodec(metric, schema));
    this.byName = new Map(codecs.map((codec) => [codec.metric.name, codec]));
    this.byIdentity = new Map(codecs.map((codec) => [codec.metric.identity, codec]));
    this.plain = new PlainResults(metrics);
    this.view = new ResultView(
      metrics.map(({ identity, window, compare = [] }) => ({
        identity,
        ...window,
        lagsMs: compare.map((c) => c.lagMs),
      })),
      schema.partitions,
      maxRows,
    );
  }

  get name(): string {
    return this.definition.schema.stream;
  }

  /** In declared order. */
  get metrics(): readonly MetricCodec[] {
    return [...this.byName.values()];
  }

  /** By name, or by `name@definition`. */
  metricNamed(name: string): MetricCodec | undefined {
    return this.byName.get(name) ?? this.byIdentity.get(name);
  }

  /** Records read so far that say nothing about a metric as it is declared now. */
  get unknownRecords(): number {
    return this.unknown;
  }

  /** Takes what one fetch of the metrics topic has brought. */
  apply(partition: number, records: readonly LogRecord[]): void {
    this.view.apply(partition, this.placed(records));
  }

  private *placed(records: readonly LogRecord[]): Generator<PlacedRecord> {
    for (const record of records) {
      const { offset, timestampMs: appendMs } = record;
      yield { offset, appendMs, record: this.plainRow(record) ?? this.anything(record) };
    }
  }

  /** Null: not a result in the form that nearly all have. */
  private plainRow({ key, value }: LogRecord): PackedRow | null {
    const result = key && value && this.plain.read(key, value);
    if (!result) return null;
    const { identity: metric, startMs, group, final, revision, measures: payload } = result;
    return { kind: 'packed-row', metric, startMs, group, final, revision, payload };
  }

  private anything(record: LogRecord): ViewRecord | SpanRecord | ProgressRecord | null {
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind === 'result') this.plain.expect(decoded);
    const codec = decoded.kind === 'unknown' ? undefined : this.byIdentity.get(decoded.identity);
    if (!codec) this.unknown += 1;
    return codec?.toViewRecord(decoded) ?? null;
  }
}
