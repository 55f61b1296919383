import type { Dashboard } from './dashboard';
import { lines, now } from './panel';
import { orZero, quantile, sumRate } from './promql';

const IN = 'namespace=~"$namespace", service=~"$service"';

/** The processes of one service. */
export const serviceDashboard: Dashboard = {
  uid: 'tillstream-service',
  title: 'Tillstream / Service',
  about: 'The processes of one service: whether they have what they need, and what they do with it.',
  choices: [{ name: 'service', label: 'Service', values: 'label_values(tillstream_info, service)', several: true }],
  rows: [
    {
      title: 'Now',
      panels: [
        now('Processes', 'How many answer Prometheus, by version.', 'short', {
          '{{version}}': `count by (version) (tillstream_info{${IN}})`,
        }),
        now('Ready', 'Of these, how many can do their work.', 'short', { ready: `sum(tillstream_ready{${IN}})` }),
        now(
          'Kafka',
          'Whether all that need it reach Kafka.',
          'bool_on_off',
          { Kafka: `min(tillstream_kafka_up{${IN}})` },
          { redBelow: 1 },
        ),
        now(
          'Redis',
          'Whether all that need it reach Redis.',
          'bool_on_off',
          { Redis: `min(tillstream_redis_up{${IN}})` },
          { redBelow: 1 },
        ),
        now('Youngest process', 'When the last one was started.', 'dateTimeAsIso', {
          started: `max(process_start_time_seconds{${IN}}) * 1000`,
        }),
        now(
          'Partitions stopped',
          'They stand still until a person decides.',
          'short',
          {
            partitions: orZero(`sum(tillstream_stopped{${IN}})`),
          },
          { redFrom: 1 },
        ),
      ],
    },
    {
      title: 'Processes',
      panels: [
        lines('CPU', 'Cores used. Near 1, a process can do no more.', 'short', {
          '{{instance}}': `rate(process_cpu_seconds_total{${IN}}[$__rate_interval])`,
        }),
        lines('Memory', 'Of what the container or the machine allows.', 'percentunit', {
          '{{instance}}': `process_resident_memory_bytes{${IN}} / tillstream_memory_limit_bytes{${IN}}`,
        }),
        lines('Heap', 'Of what Node allows.', 'percentunit', {
          '{{instance}}': `nodejs_heap_size_used_bytes{${IN}} / tillstream_heap_limit_bytes{${IN}}`,
        }),
        lines('Memory in bytes', 'All of it, the heap, and what lies outside it: buffers, and libraries.', 'bytes', {
          '{{instance}} all': `process_resident_memory_bytes{${IN}}`,
          '{{instance}} heap': `nodejs_heap_size_used_bytes{${IN}}`,
          '{{instance}} outside': `nodejs_external_memory_bytes{${IN}}`,
        }),
        lines('Event loop', 'How long a step waits; 50 ms are the looking itself.', 's', {
          '{{instance}} median': `nodejs_eventloop_lag_p50_seconds{${IN}}`,
          '{{instance}} 99 %': `nodejs_eventloop_lag_p99_seconds{${IN}}`,
        }),
        lines('Garbage collection', 'Share of the time spent on it, by kind.', 'percentunit', {
          '{{instance}} {{kind}}': sumRate(`nodejs_gc_duration_seconds_sum{${IN}}`, 'instance', 'kind'),
        }),
        lines('Files and connections', 'Descriptors that are open.', 'short', {
          '{{instance}}': `process_open_fds{${IN}}`,
        }),
        lines('Restarts', 'Times that a process was started anew in place, within an hour.', 'short', {
          '{{instance}}': `changes(process_start_time_seconds{${IN}}[1h])`,
        }),
        lines('Clock', 'Difference to the clock of the server.', 's', {
          '{{instance}} and {{of}}': `abs(tillstream_clock_offset_seconds{${IN}})`,
        }),
      ],
    },
    {
      title: 'Kafka and Redis',
      panels: [
        lines('Errors of Kafka', 'By what was asked.', 'cps', {
          '{{operation}}': orZero(sumRate(`tillstream_kafka_errors_total{${IN}}`, 'operation')),
        }),
        lines('Errors of Redis', 'Connections that broke, and commands that failed.', 'cps', {
          errors: orZero(sumRate(`tillstream_redis_errors_total{${IN}}`)),
        }),
        lines('Publishing', 'From a send to its acknowledgement by the log.', 's', {
          median: quantile(0.5, `tillstream_publish_seconds{${IN}}`),
          '99 %': quantile(0.99, `tillstream_publish_seconds{${IN}}`),
        }),
      ],
    },
    {
      title: 'Tasks',
      panels: [
        lines('Events', 'Taken in, by process.', 'cps', {
          '{{instance}}': sumRate(`tillstream_events_in_total{${IN}}`, 'instance'),
        }),
        lines('Partitions', 'How many each process works on.', 'short', {
          '{{instance}}': `count by (instance) (tillstream_lag_records{${IN}})`,
        }),
        lines('Left to do', 'Records not processed, by process.', 'short', {
          '{{instance}}': `sum by (instance) (tillstream_lag_records{${IN}})`,
        }),
        lines('Batches', 'From a fetched batch to the end of its processing.', 's', {
          '{{instance}} 99 %': quantile(0.99, `tillstream_batch_seconds{${IN}}`, 'instance'),
        }),
        lines('Restoring', 'From the assignment of a partition to its first batch.', 's', {
          '99 %': `histogram_quantile(0.99, sum by (le) (tillstream_restore_seconds_bucket{${IN}}))`,
        }),
        lines(
          'Lives that ended',
          'Tasks that ended by an error, partitions that stopped, checkpoints that were refused.',
          'cps',
          {
            'errors, partition {{partition}} of {{topic}}': orZero(
              sumRate(`tillstream_task_restarts_total{${IN}}`, 'topic', 'partition'),
            ),
            'stopped: {{code}}': orZero(sumRate(`tillstream_partition_stops_total{${IN}}`, 'code')),
            'refused checkpoints': orZero(sumRate(`tillstream_fenced_total{${IN}}`)),
          },
        ),
      ],
    },
  ],
};
