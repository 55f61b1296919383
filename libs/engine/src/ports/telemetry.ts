import type { RejectCode } from '@tillstream/core';
import type { LogRecord, RecordHeaders } from './log';

/** What tasks count. Closed list: dashboards and alerts are written against it. */
export type TaskCounter =
  /** Rows taken in (raw rows by the enricher, enriched rows by the aggregator). */
  | 'events_in'
  /** Rows passed on. */
  | 'events_out'
  /** Rows and records dropped because their id or batch-id was seen before. */
  | 'duplicates'
  /** Rows found in a partition that is not their key's, and sent to the right one. */
  | 'rerouted'
  /** Amounts of money that had more digits than the currency. */
  | 'rounded'
  /** Rows that missed at least one window. */
  | 'late_rows'
  /** Batches below `next` that were read again and dropped. */
  | 'batches_skipped'
  | 'provisionals'
  | 'finals';

/** Durations in seconds. */
export type TaskHistogram = 'batch_seconds' | 'publish_seconds' | 'commit_seconds';

export type TaskGauge =
  /** Log end offset of the input less the offset read next. */
  | 'lag_records'
  /** Processing time less the partition's watermark input. */
  | 'watermark_delay_seconds'
  /** Size of what is not yet checkpointed. */
  | 'dirty_bytes';

/** Measures one task. Called a few times a batch, never per row. */
export interface TaskMeter {
  add(counter: TaskCounter, amount: number): void;
  /** Rows that became dead letters, by reason. */
  addRejected(code: RejectCode, amount: number): void;
  observe(histogram: TaskHistogram, seconds: number): void;
  set(gauge: TaskGauge, value: number): void;
  /** The task has ended in this process: its gauges vanish, its counts stay. */
  close(): void;
}

/** Makes the meter of each task. */
export interface Meters {
  task(stream: string, partition: number): TaskMeter;
}

/** A batch of records that is processed as one. */
export interface TracedBatch {
  /** What is done, low cardinality: `enrich`, `aggregate`. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Looked at only for the trace contexts in their headers. */
  readonly records: readonly LogRecord[];
}

/** Traces batches: one span each, linked to the sampled producers of its records. */
export interface BatchTracer {
  /**
   * Runs `run` within the batch's span and resolves with what it gives; its rejection marks the span as failed.
   * `headers` carry the span's context: add them to every record that the batch causes.
   */
  batch<T>(info: TracedBatch, run: (headers: RecordHeaders) => Promise<T>): Promise<T>;
}

/** Measures nothing. */
export const NO_METERS: Meters = {
  task: () => ({ add() {}, addRejected() {}, observe() {}, set() {}, close() {} }),
};

const NO_HEADERS: RecordHeaders = {};

/** Traces nothing. */
export const NO_TRACER: BatchTracer = { batch: (_info, run) => run(NO_HEADERS) };
