import type { LogRecord, RecordHeaders } from './log';

/** What tasks count. Closed list: dashboards and alerts are written against it. */
export type TaskCounter =
  /** Rows taken in: raw rows by the enricher, enriched rows by the aggregator. */
  | 'events_in'
  /** Rows passed on. */
  | 'events_out'
  /** Rows that became dead letters, by reason. */
  | 'rejected'
  /** Rows dropped because their id or batch-id was seen before. */
  | 'duplicates'
  /** Rows found in a partition that is not their key's, and sent to the right one. */
  | 'misrouted'
  /** Amounts of money that had more digits than the currency. */
  | 'rounded'
  /** Rows that missed at least one window. */
  | 'late_rows'
  /** Parts of windows sent to be merged. */
  | 'parts'
  /** Results published, provisional and final, by metric. */
  | 'results'
  /** Alerts opened and resolved, by metric. */
  | 'alerts'
  /** Sessions closed, pairs of views and purchases (and direct purchases) told, carts left behind. */
  | 'sessions'
  | 'attributions'
  | 'abandoned_carts'
  /** Control records that let an idle partition's time move on. */
  | 'advances'
  /** Bytes of keys and values read from a topic, and written to one. */
  | 'bytes_in'
  | 'bytes_out'
  /** Batches that took longer than an operator has said they may. */
  | 'slow_batches'
  /** Rows that a store outside has taken, and those it has refused, by sink and feed. */
  | 'sink_rows'
  | 'sink_refused'
  /** Checkpoints taken, and those the store refused. */
  | 'commits'
  /** Bytes that those have brought to the store. */
  | 'checkpoint_bytes'
  | 'fenced'
  /** Lives of a task that ended by an error and were followed by another. */
  | 'task_restarts'
  /** Partitions that stopped and need a person, by code. */
  | 'partition_stops';

/** Durations in seconds. */
export type TaskHistogram =
  'batch_seconds' | 'publish_seconds' | 'commit_seconds' | 'restore_seconds' | 'sink_flush_seconds';

export type TaskGauge =
  /** Log end offset of the input less the offset read next. */
  | 'lag_records'
  /** The same of one feed that goes to a store outside: also while the store does not answer. */
  | 'sink_lag_records'
  /** 0 while the store outside does not answer. */
  | 'sink_up'
  /** How far a metric's time, or the partition's, is behind the append time of what was read. */
  | 'watermark_delay_seconds'
  /** How far event times of the last minute were ahead of append times at most: a sender's clock is fast. 0 if none is. */
  | 'event_ahead_seconds'
  /** Sessions that are not over. */
  | 'open_sessions'
  /** Size of what is not yet checkpointed. */
  | 'uncommitted_bytes'
  /** 1 while the partition is stopped and needs a person. */
  | 'stopped';

/** Which task, and which kind of thing. All values come from configuration and closed lists, never from events. */
export interface TaskLabels {
  readonly stream?: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly reason?: string;
  readonly metric?: string;
  readonly sink?: string;
  readonly feed?: string;
  readonly code?: string;
}

/** Measures tasks. Called a few times a batch, never per row. */
export interface TaskMeter {
  count(counter: TaskCounter, labels: TaskLabels, amount: number): void;
  observe(histogram: TaskHistogram, labels: TaskLabels, seconds: number): void;
  gauge(gauge: TaskGauge, labels: TaskLabels, value: number): void;
  /** The partition has left this process: its gauges would go on telling what is no longer known here. */
  forget(labels: TaskLabels): void;
}

/** A batch of records that is processed as one. */
export interface BatchInfo {
  /** What is done: `enrich`, `aggregate`. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  /** In offset order; looked at only for their offsets and the trace contexts in their headers. */
  readonly records: readonly LogRecord[];
}

/** A window that no row will be added to any more. */
export interface ClosedInfo {
  readonly metric: string;
  /** Where it is told. */
  readonly topic: string;
  readonly partition: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Work on what several batches have left. */
export interface FollowUpInfo {
  /** What is done: `flush`. */
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  /** The store outside that it is done to. */
  readonly sink: string;
  readonly rows: number;
}

/**
 * Traces batches: one span each. It goes on with the trace of the first sampled producer of its records and is linked to the
 * others'. Contexts are passed on as headers, which are empty where nothing is traced.
 */
export interface BatchTracer {
  /**
   * Runs `run` within the batch's span and resolves with what it gives; its rejection marks the span as failed.
   * `headers` carry the span's context: add them to the records that the batch causes.
   */
  batch<T>(info: BatchInfo, run: (headers: RecordHeaders) => Promise<T>): Promise<T>;
  /** Of a record's headers those with its context, if it is sampled. */
  contextOf(record: Pick<LogRecord, 'headers'>): RecordHeaders;
  /** A span of a window's end, on behalf of the traced batches that fed it, the newest first; the headers for what is told of it. */
  closed(info: ClosedInfo, fedBy: readonly RecordHeaders[]): RecordHeaders;
  /** Runs `run` within a span on behalf of the batches that caused it. */
  followUp<T>(info: FollowUpInfo, causes: readonly RecordHeaders[], run: () => Promise<T>): Promise<T>;
}

/** What a person should read. Messages are constant; what differs is in the fields. Never per row. */
export interface TaskLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** How tasks are seen from outside. Nothing here may change what they do. */
export interface TaskTelemetry {
  readonly meter: TaskMeter;
  readonly tracer: BatchTracer;
  readonly log: TaskLog;
}

const NO_HEADERS: RecordHeaders = {};

/** Measures, traces and says nothing. */
export const silentTelemetry: TaskTelemetry = {
  meter: { count() {}, observe() {}, gauge() {}, forget() {} },
  tracer: {
    batch: (_info, run) => run(NO_HEADERS),
    contextOf: () => NO_HEADERS,
    closed: () => NO_HEADERS,
    followUp: (_info, _causes, run) => run(),
  },
  log: { info() {}, warn() {} },
};
