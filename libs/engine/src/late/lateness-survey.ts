import type { EventBatch, Field, MetricDefinition, StreamSchema } from '@tillstream/core';
import { RowMatcher, columnOf, earliestCloseMs, fieldByName, numberAt, textAt } from '@tillstream/core';
import { DurationCounts } from './duration-counts';

/** A clock is taken for fast when an event is this much newer than its arrival: less is the broker's own clock. */
const FAST_CLOCK_MS = 1_000;
/** So many sources are told apart; what comes from others is counted together. */
const MOST_SOURCES = 1_000;
export const OTHER_SOURCES = '(others)';

/** What one metric has missed. */
export interface MetricLateness {
  readonly metric: MetricDefinition;
  /** Rows that it takes, late or not. */
  rows: number;
  /** Rows of these that missed a window. */
  late: number;
  /** Of late rows: the outOfOrderness with which none of their windows would have been missed. */
  readonly needed: DurationCounts;
  /** Late rows that would not have been late if events from the future had not moved the watermark. */
  byFastClocks: number;
}

/** When the rows of one origin (a partition, a source) came, and how far behind they were. */
export class Punctuality {
  rows = 0;
  /** Pairs of row and metric that missed a window. */
  late = 0;
  /** Append time less event time: delay on the way, or a clock that is slow; negative where a clock is fast. */
  readonly delay = new DurationCounts();
  /** Watermark input of the partition less event time, as the row came; 0 for the newest so far. */
  readonly behind = new DurationCounts();
  /** Of events from the future: by how much. */
  readonly ahead = new DurationCounts();
}

/** One partition while it is surveyed. */
interface SurveyedPartition {
  /** As the watermark input, but events from the future do not count. */
  honestMs: number;
  readonly punctuality: Punctuality;
}

export interface SurveyOptions {
  readonly schema: StreamSchema;
  readonly metrics: readonly MetricDefinition[];
  /** Rows with an event time in [fromMs, toMs) are counted. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The field that says where a row comes from; null: nobody knows. */
  readonly sourceField: string | null;
}

/**
 * Goes over the batches of a stream once more and finds out whose rows came late, and why: a source whose delay or clock is
 * behind, or events from the future that have moved the watermark ahead of everybody else.
 */
export class LatenessSurvey {
  readonly metrics: readonly MetricLateness[];
  readonly partitions = new Map<number, SurveyedPartition>();
  readonly sources = new Map<string, Punctuality>();
  private readonly matcher: RowMatcher;
  private readonly sourceField: Field | null;

  constructor(private readonly options: SurveyOptions) {
    const { schema, metrics, sourceField } = options;
    this.matcher = new RowMatcher(schema, metrics);
    this.sourceField = sourceField === null ? null : (fieldByName(schema, sourceField) ?? null);
    this.metrics = metrics.map((metric) => ({
      ...{ metric, rows: 0, late: 0, byFastClocks: 0 },
      needed: new DurationCounts(),
    }));
  }

  /** Takes the next batch of its partition. */
  add(batch: EventBatch): void {
    const { records, before } = batch;
    const partition = this.partitionOf(batch);
    this.matcher.begin(batch);
    const { times } = this.matcher;
    let inputMs = before.watermarkInputMs;
    let appendMs = before.maxAppendMs;
    let row = 0;
    for (let record = 0; record < records.count; record++) {
      appendMs = Math.max(appendMs, records.appendMs[record] as number);
      let newestMs = -Infinity;
      for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
        const eventMs = times[row] as number;
        if (eventMs <= appendMs + FAST_CLOCK_MS) newestMs = Math.max(newestMs, Math.min(eventMs, appendMs));
        if (eventMs >= this.options.fromMs && eventMs < this.options.toMs) {
          this.addRow(batch, row, partition, { eventMs, appendMs, inputMs });
        }
      }
      partition.honestMs = Math.max(partition.honestMs, newestMs);
      inputMs = records.inputAfterMs[record] as number;
    }
  }

  private addRow(
    batch: EventBatch,
    row: number,
    partition: SurveyedPartition,
    at: { readonly eventMs: number; readonly appendMs: number; readonly inputMs: number },
  ): void {
    const late = this.judge(row, at.eventMs, at.inputMs, partition.honestMs);
    note(partition.punctuality, at, late);
    if (this.sourceField) note(this.sourceOf(batch, this.sourceField, row), at, late);
  }

  /** By how many metrics a row is missed. */
  private judge(row: number, eventMs: number, inputMs: number, honestMs: number): number {
    let late = 0;
    for (const [index, lateness] of this.metrics.entries()) {
      if (!this.matcher.takes(index, row)) continue;
      lateness.rows += 1;
      const { window, outOfOrdernessMs } = lateness.metric;
      const oldestEndMs = earliestCloseMs(window, eventMs);
      if (oldestEndMs > inputMs - outOfOrdernessMs) continue;
      late += 1;
      lateness.late += 1;
      lateness.needed.add(inputMs - oldestEndMs + 1);
      if (oldestEndMs > honestMs - outOfOrdernessMs) lateness.byFastClocks += 1;
    }
    return late;
  }

  private partitionOf({ partition, before }: EventBatch): SurveyedPartition {
    let found = this.partitions.get(partition);
    if (!found) {
      found = { honestMs: before.watermarkInputMs, punctuality: new Punctuality() };
      this.partitions.set(partition, found);
    }
    return found;
  }

  private sourceOf(batch: EventBatch, field: Field, row: number): Punctuality {
    const column = columnOf(batch, field);
    const value = column && (column.kind === 'number' ? numberAt(column, row) : textAt(column, row));
    const name = value === null ? '(none)' : String(value);
    const known = this.sources.get(name);
    if (known) return known;
    const taken = this.sources.size < MOST_SOURCES ? name : OTHER_SOURCES;
    const source = this.sources.get(taken) ?? new Punctuality();
    this.sources.set(taken, source);
    return source;
  }
}

function note(
  punctuality: Punctuality,
  { eventMs, appendMs, inputMs }: { readonly eventMs: number; readonly appendMs: number; readonly inputMs: number },
  late: number,
): void {
  punctuality.rows += 1;
  punctuality.late += late;
  punctuality.delay.add(appendMs - eventMs);
  punctuality.behind.add(Math.max(0, inputMs === -Infinity ? 0 : inputMs - eventMs));
  if (eventMs > appendMs + FAST_CLOCK_MS) punctuality.ahead.add(eventMs - appendMs);
}
