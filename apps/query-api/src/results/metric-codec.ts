import {
  derivedOf,
  toTimestamp,
  type ComparisonMessage,
  type DerivedOf,
  type MetricsRecord,
  type ResultValue,
  type RetractionMessage,
  type StreamDefinition,
  type ValueMap,
  type WindowResultMessage,
} from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { isSession, isTotal } from '@tillstream/core';
import type { RowRef } from '../view/row-query';
import type { MetricRows } from '../view/metric-rows';
import type { BackfillRecord, ProgressRecord, SpanRecord, ViewRecord } from '../view/view-record';
import { Comparisons, windowsOfView, type ComparedRow, type EarlierWindows } from './comparisons';
import { groupTypes, measureType, toMessage, type ValueType } from './values';

/**
 * Rows of one metric on their way through the view: names are left out there, and values kept as JSON arrays in declared
 * order, because most rows are never asked for.
 */
export class MetricCodec {
  readonly groups: readonly ValueType[];
  readonly measures: readonly ValueType[];
  /** What its rows are; null: events. */
  readonly from: DerivedOf | null;
  /** Field of its rows that has their time. */
  readonly timeField: string;
  /** Bytes of an answer's row beyond its values, about. */
  private readonly overheadBytes: number;
  private readonly comparisons: Comparisons;

  /**
   * @param stream whose rows the metric is over
   * @throws Error when the metric groups by a field that the schema does not have
   */
  constructor(
    readonly metric: MetricDefinition,
    stream: StreamDefinition,
  ) {
    const { schema } = stream;
    this.from = derivedOf(stream);
    this.timeField = schema.eventTime.field;
    this.groups = groupTypes(metric, schema);
    this.measures = metric.measures.map(measureType);
    const names = [...this.groups, ...this.measures].reduce((sum, { name }) => sum + name.length + 12, 0);
    this.comparisons = new Comparisons(metric, schema.money.exponent, this.measures);
    this.overheadBytes = metric.name.length + 64 + names + this.comparisons.bytes;
  }

  /** The group's text in the view: equal groups, equal text. */
  groupText(group: Readonly<Record<string, ResultValue>>): string {
    return JSON.stringify(this.groups.map(({ name }) => group[name] ?? null));
  }

  /** What a record of this metric says to the view; null when it says nothing that this version knows. */
  toViewRecord(record: MetricsRecord): ViewRecord | SpanRecord | BackfillRecord | ProgressRecord | null {
    if (record.kind === 'unknown') return null;
    if (record.kind === 'span') {
      return { kind: 'span', metric: record.identity, source: record.partition, fromMs: record.fromMs };
    }
    if (record.kind === 'progress') {
      return { kind: 'progress', metric: record.identity, closedUntilMs: record.closedUntilMs };
    }
    if (record.kind === 'backfill') {
      const { identity, partition: source, fromMs, untilMs } = record;
      return { kind: 'backfill', metric: identity, source, fromMs, untilMs };
    }
    const { identity: metric, startMs } = record;
    switch (record.kind) {
      case 'result': {
        const { final, revision, retracted } = record;
        const payload = retracted ? '' : this.payloadOf(record);
        return {
          kind: 'row',
          metric,
          startMs,
          group: this.groupText(record.group),
          final,
          revision,
          retracted,
          payload,
        };
      }
      case 'closed':
        return { kind: 'closed', metric, startMs };
      case 'late-count':
        return {
          kind: 'late',
          metric,
          startMs,
          source: record.partition,
          count: record.count,
          revision: record.revision,
        };
      case 'tombstone':
        return this.removalOf(record);
    }
  }

  /** @param rows all of the metric, among which are those that it is compared with */
  toResult(row: RowRef, rows: MetricRows): WindowResultMessage {
    const { window, slot } = row;
    const values = this.valuesOf(row);
    return {
      ...this.toRetraction(row),
      measures: Object.fromEntries(this.measures.map((type, i) => [type.name, toMessage(values[i] ?? null, type)])),
      final: window.isFinal(slot),
      revision: String(window.revision(slot)),
      lateRows: String(window.lateRows),
      truncated: values.length > this.measures.length,
      comparisons: this.compared({ startMs: window.startMs, group: window.group(slot), values }, windowsOfView(rows)),
    };
  }

  /** How much earlier others begin that a row is compared with. */
  get lagsMs(): readonly number[] {
    return this.comparisons.lagsMs;
  }

  compared(row: ComparedRow, earlier: EarlierWindows): ComparisonMessage[] {
    return this.comparisons.of(row, earlier);
  }

  /** A row's values, one a measure. */
  valuesOfRow(row: RowRef): readonly ResultValue[] {
    return this.valuesOf(row).slice(0, this.measures.length);
  }

  /** A result's values, one a measure. */
  valuesOfResult({ measures }: Extract<MetricsRecord, { kind: 'result' }>): readonly ResultValue[] {
    return this.measures.map(({ name }) => measures[name] ?? null);
  }

  /** The group as a record's JSON says it, of the group's text in the view. */
  groupJson(group: string): string {
    const values = parseValues(group);
    return JSON.stringify(Object.fromEntries(this.groups.map(({ name }, i) => [name, values[i] ?? null])));
  }

  /** About how many bytes a stored record takes in an answer. */
  bytesOfRecord(record: string): number {
    return this.overheadBytes + record.length;
  }

  /** A result that does not come of the view, and beside no other. @param lateRows of its window */
  toResultOf(result: Extract<MetricsRecord, { kind: 'result' }>, lateRows: number): WindowResultMessage {
    return {
      metric: this.metric.name,
      start: toTimestamp(result.startMs),
      end: isTotal(this.metric.window) ? null : toTimestamp(result.endMs),
      group: messages(this.groups, result.group),
      measures: this.measuresOf(result),
      final: result.final,
      revision: String(result.revision),
      lateRows: String(lateRows),
      truncated: result.truncated,
      comparisons: [],
    };
  }

  measuresOf({ measures }: Extract<MetricsRecord, { kind: 'result' }>): ValueMap {
    return messages(this.measures, measures);
  }

  toRetraction(row: RowRef): RetractionMessage {
    const { window, slot } = row;
    const values = parseValues(window.group(slot));
    return {
      metric: this.metric.name,
      start: toTimestamp(window.startMs),
      end: isTotal(this.metric.window) ? null : toTimestamp(this.endOf(row)),
      group: Object.fromEntries(this.groups.map((type, i) => [type.name, toMessage(values[i] ?? null, type)])),
    };
  }

  /** A row's value of the measure at `index`; null where it has none. */
  measureOf(row: RowRef, index: number): ResultValue {
    return this.valuesOf(row)[index] ?? null;
  }

  /** About how many bytes a row takes in an answer. */
  bytesOf({ window, slot }: RowRef): number {
    return this.overheadBytes + window.textBytes(slot);
  }

  /** One value per measure; one more where something was left out. In front of those of a session, when it ended. */
  private payloadOf({ measures, truncated, endMs }: Extract<MetricsRecord, { kind: 'result' }>): string {
    const values = this.measures.map(({ name }) => measures[name] ?? null);
    return JSON.stringify([...(isSession(this.metric.window) ? [endMs] : []), ...values, ...(truncated ? [true] : [])]);
  }

  private valuesOf({ window, slot }: RowRef): readonly ResultValue[] {
    const values = parseValues(window.payload(slot));
    return isSession(this.metric.window) ? values.slice(1) : values;
  }

  /** Of a session that is no more, its begin. */
  private endOf({ window, slot }: RowRef): number {
    const { window: spec } = this.metric;
    if (!isSession(spec)) return window.startMs + spec.sizeMs;
    const payload = window.payload(slot);
    return payload === '' ? window.startMs : Number(parseValues(payload)[0]);
  }

  private removalOf(record: Extract<MetricsRecord, { kind: 'tombstone' }>): ViewRecord | null {
    const { identity: metric, startMs, of } = record;
    switch (of) {
      case 'closed':
        return null; // whoever saw the window closed knows; whoever comes later finds nothing provisional
      case 'late-count':
        return { kind: 'late-removed', metric, startMs, source: Number(record.groupKey) };
      case 'final':
      case 'provisional': {
        const group = this.groupText(JSON.parse(record.groupKey) as Record<string, ResultValue>);
        return { kind: 'row-removed', metric, startMs, group, final: of === 'final' };
      }
    }
  }
}

function messages(types: readonly ValueType[], values: Readonly<Record<string, ResultValue>>): ValueMap {
  return Object.fromEntries(types.map((type) => [type.name, toMessage(values[type.name] ?? null, type)]));
}

const parseValues = (text: string): readonly ResultValue[] => JSON.parse(text) as ResultValue[];
