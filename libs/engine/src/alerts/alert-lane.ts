import type { AlertDefinition, AlertStart, HoppingMetric } from '@tillstream/core';
import { AlertFold } from '@tillstream/core';
import type { AlertProgress, MetricsRecord } from '@tillstream/contracts';
import { encodeAlert, encodeAlertProgress, measureNumber } from '@tillstream/contracts';
import type { NewRecord, RecordHeaders } from '../ports/log';
import { isTraced, withHeaders } from '../task/with-headers';

type Final = Extract<MetricsRecord, { kind: 'result' }>;

/** A group's final in a window that is not decided. */
interface ToldFinal {
  readonly partition: number;
  readonly measures: Final['measures'];
}

const NO_HEADERS: RecordHeaders = {};

/** A metric that alerts. */
export type AlertingMetric = HoppingMetric & { readonly alert: AlertDefinition };

/** The finals of one metric on their way to alerts, and where they stand in the metrics topic. */
export class AlertLane {
  private readonly fold: AlertFold;
  /** By window start, of groups. Only of windows that are not decided. */
  private readonly told = new Map<number, Map<string, ToldFinal>>();
  /** By the same window starts, by partition: the context of the window's end, which the first of its finals there has. */
  private readonly traces = new Map<number, RecordHeaders[]>();
  /** By window start, as long as it is needed: where its first final stands, by partition; Infinity: none there. */
  private readonly firstOffsets = new Map<number, number[]>();
  private readonly closedUntilMs: number[];
  private savedDecidedMs: number;

  constructor(
    private readonly metric: AlertingMetric,
    private readonly partitions: number,
    private readonly moneyExponent: number,
    start: AlertStart,
    closedUntilMs: readonly number[] = Array.from({ length: partitions }, () => -Infinity),
  ) {
    this.fold = new AlertFold(metric, metric.alert, start);
    this.closedUntilMs = [...closedUntilMs];
    this.savedDecidedMs = start.decidedMs;
  }

  get name(): string {
    return this.metric.name;
  }

  /** Windows were decided since what `progress` says was last taken. */
  get isAhead(): boolean {
    return this.fold.decidedMs > this.savedDecidedMs;
  }

  /** @param context of the record, where it has one that is sampled */
  takeFinal(partition: number, offset: number, final: Final, context: RecordHeaders): void {
    const { startMs, groupKey, measures } = final;
    if (startMs < this.fold.neededFromMs) return;
    const numbers = this.metric.measures.map((measure) =>
      measureNumber(measure, measures[measure.name] ?? null, this.moneyExponent),
    );
    this.fold.add(startMs, groupKey, numbers);
    const offsets = this.firstOffsets.get(startMs) ?? Array.from({ length: this.partitions }, () => Infinity);
    offsets[partition] = Math.min(offsets[partition] ?? Infinity, offset);
    this.firstOffsets.set(startMs, offsets);
    if (startMs <= this.fold.decidedMs) return;
    const window = this.told.get(startMs);
    if (window) window.set(groupKey, { partition, measures });
    else this.told.set(startMs, new Map([[groupKey, { partition, measures }]]));
    if (isTraced(context)) this.noteTrace(startMs, partition, context);
  }

  takeProgress(partition: number, closedUntilMs: number): void {
    this.closedUntilMs[partition] = Math.max(this.closedUntilMs[partition] ?? -Infinity, closedUntilMs);
  }

  /** What is to be told of the windows that every partition has closed. */
  decide(): NewRecord[] {
    const before = this.fold.decidedMs;
    const changes = this.fold.decide(Math.min(...this.closedUntilMs));
    if (this.fold.decidedMs === before) return [];
    const records = changes.flatMap((change) => {
      const told = this.told.get(change.startMs)?.get(change.group);
      const measures = told?.measures ?? null;
      const alert = encodeAlert(this.metric, this.metric.alert, { ...change, measures }, this.moneyExponent);
      return withHeaders([alert], (told && this.traces.get(change.startMs)?.[told.partition]) ?? NO_HEADERS);
    });
    for (const byWindow of [this.told, this.traces]) {
      for (const startMs of byWindow.keys()) if (startMs <= this.fold.decidedMs) byWindow.delete(startMs);
    }
    for (const startMs of this.firstOffsets.keys()) {
      if (startMs < this.fold.neededFromMs) this.firstOffsets.delete(startMs);
    }
    return records;
  }

  /** The record of how far windows are decided. @param next by partition, the first offset that was not yet read */
  progress(next: readonly number[]): NewRecord {
    this.savedDecidedMs = this.fold.decidedMs;
    return encodeAlertProgress(this.metric.alert, {
      decidedMs: this.fold.decidedMs,
      readFrom: this.readFrom(next),
      closedUntilMs: this.closedUntilMs,
    });
  }

  private readFrom(next: readonly number[]): AlertProgress['readFrom'] {
    return next.map((offset, partition) => {
      let from = offset;
      for (const offsets of this.firstOffsets.values()) from = Math.min(from, offsets[partition] ?? Infinity);
      return from;
    });
  }

  private noteTrace(startMs: number, partition: number, context: RecordHeaders): void {
    const traces = this.traces.get(startMs) ?? [];
    traces[partition] ??= context;
    this.traces.set(startMs, traces);
  }
}
