import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { TaskCounter, TaskGauge, TaskHistogram, TaskLabels, TaskMeter } from '@tillstream/engine';
import { DURATION_BUCKETS } from './buckets';

const LABELS = ['stream', 'topic', 'partition', 'reason', 'metric', 'sink', 'feed', 'code'] as const;
type Label = (typeof LABELS)[number];

const COUNTERS: Readonly<Record<TaskCounter, string>> = {
  events_in: 'Events taken in.',
  events_out: 'Events passed on.',
  rejected: 'Events that became dead letters, by reason.',
  duplicates: 'Events dropped because their id or batch-id was seen before.',
  misrouted: 'Events found in a partition that is not that of their key, and sent to the right one.',
  rounded: 'Amounts of money that had more digits than their currency.',
  late_rows: 'Events that missed at least one window.',
  parts: 'Parts of windows sent to be merged.',
  results: 'Results published, by metric.',
  alerts: 'Alerts opened and resolved, by metric.',
  sessions: 'Sessions that are over.',
  attributions: 'Views told with the purchase they led to, and direct purchases.',
  abandoned_carts: 'Carts that were left behind.',
  advances: 'Advances written for idle partitions.',
  bytes_in: 'Bytes of keys and values read from a topic.',
  bytes_out: 'Bytes of keys and values written to a topic.',
  slow_batches: 'Batches that took longer than SLOW_BATCH_MS.',
  sink_rows: 'Rows that a store outside has taken.',
  sink_refused: 'Rows that a store outside has refused for good.',
  commits: 'Checkpoints taken.',
  checkpoint_bytes: 'Bytes that checkpoints have brought to the store.',
  fenced: 'Checkpoints that the store refused.',
  task_restarts: 'Lives of tasks that ended by an error and were followed by another.',
  partition_stops: 'Partitions that stopped and need a person, by code.',
};

const HISTOGRAMS: Readonly<Record<TaskHistogram, string>> = {
  batch_seconds: 'From a fetched batch to the end of its processing.',
  publish_seconds: 'From a send to its acknowledgement by the log.',
  commit_seconds: 'Duration of a checkpoint.',
  restore_seconds: 'From the assignment of a partition to its first batch.',
  sink_flush_seconds: 'From the begin of a flush to a store outside to its end.',
};

const GAUGES: Readonly<Record<TaskGauge, string>> = {
  lag_records: 'Records of the input topic not yet processed.',
  sink_lag_records: 'Records of a feed that a store outside does not have yet.',
  sink_up: '0 while the store outside does not answer.',
  watermark_delay_seconds: 'How far event time is behind the time of append.',
  event_ahead_seconds:
    'How far event times of the last minute were ahead of their append times at most; 0 if none was.',
  open_sessions: 'Sessions that are not over.',
  uncommitted_bytes: 'Size of the state that is not yet checkpointed.',
  stopped: '1 while the partition is stopped and needs a person.',
};

/** Metrics of the tasks in this process. */
export type TaskMetrics = TaskMeter;

/** Registers the metrics of tasks, `tillstream_…`. */
export function createTaskMetrics(registry: Registry): TaskMetrics {
  const registers = [registry];
  const counters = mapValues(
    COUNTERS,
    (help, name) => new Counter({ name: `tillstream_${name}_total`, help, labelNames: LABELS, registers }),
  );
  const histograms = mapValues(
    HISTOGRAMS,
    (help, name) =>
      new Histogram({ name: `tillstream_${name}`, help, labelNames: LABELS, registers, buckets: DURATION_BUCKETS }),
  );
  const gauges = mapValues(
    GAUGES,
    (help, name) => new Gauge({ name: `tillstream_${name}`, help, labelNames: LABELS, registers }),
  );
  return {
    count: (name, labels, amount) => counters[name].inc(promLabels(labels), amount),
    observe: (name, labels, seconds) => histograms[name].observe(promLabels(labels), seconds),
    gauge: (name, labels, value) => gauges[name].set(promLabels(labels), value),
    forget: (labels) => {
      for (const gauge of Object.values(gauges)) gauge.remove(promLabels(labels));
    },
  };
}

type PromLabels = Partial<Record<Label, string | number>>;

/** The same fields; prom-client wants a record it could write to. */
function promLabels(labels: TaskLabels): PromLabels {
  return labels;
}

function mapValues<Name extends string, Value>(
  source: Readonly<Record<Name, string>>,
  create: (help: string, name: Name) => Value,
): Record<Name, Value> {
  const entries = Object.entries<string>(source).map(([name, help]) => [name, create(help, name as Name)]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}
