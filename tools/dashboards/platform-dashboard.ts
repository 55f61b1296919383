import type { Dashboard } from './dashboard';
import { lines, now } from './panel';
import { orZero, quantile, rate, sumRate } from './promql';

const IN = 'namespace=~"$namespace"';

/** Is anything wrong, and where? Of everything, without a detail. */
export const platformDashboard: Dashboard = {
  uid: 'tillstream-platform',
  title: 'Tillstream / Platform',
  about: 'Whether anything is wrong, and where. One stream and one service have dashboards of their own.',
  choices: [],
  rows: [
    {
      title: 'Now',
      panels: [
        now(
          'Alerts that fire',
          'Each has a section in docs/alerts.md: what it means, and what to type.',
          'short',
          {
            alerts: orZero(`count(ALERTS{alertstate="firing", alertname=~"Tillstream.*", ${IN}})`),
          },
          { redFrom: 1 },
        ),
        now(
          'Not ready',
          'Processes that run and cannot do their work; their /readyz says why.',
          'short',
          {
            processes: orZero(`count(tillstream_ready{${IN}} == 0)`),
          },
          { redFrom: 1 },
        ),
        now(
          'Partitions stopped',
          'They stand still until a person decides.',
          'short',
          {
            partitions: orZero(`sum(tillstream_stopped{${IN}})`),
          },
          { redFrom: 1 },
        ),
        now(
          'Kafka',
          'Whether every process that needs Kafka reaches it.',
          'bool_on_off',
          {
            Kafka: `min(tillstream_kafka_up{${IN}})`,
          },
          { redBelow: 1 },
        ),
        now(
          'Redis',
          'Whether every process that needs Redis reaches it.',
          'bool_on_off',
          {
            Redis: `min(tillstream_redis_up{${IN}})`,
          },
          { redBelow: 1 },
        ),
        now(
          'Stores that do not answer',
          'Stores outside that rows wait for.',
          'short',
          {
            stores: orZero(`count(tillstream_sink_up{${IN}} == 0)`),
          },
          { redFrom: 1 },
        ),
        now('Processes', 'How many of each service answer Prometheus.', 'short', {
          '{{service}}': `count by (service) (tillstream_info{${IN}})`,
        }),
        now('Versions', 'More than one while an update is under way.', 'short', {
          '{{version}}': `count by (version) (tillstream_info{${IN}})`,
        }),
      ],
    },
    {
      title: 'Events',
      panels: [
        lines('Events taken in', 'Acknowledged to their senders, by stream.', 'cps', {
          '{{stream}}': sumRate(`tillstream_ingest_events_total{${IN}}`, 'stream'),
        }),
        lines(
          'Events processed',
          'By service. All are the same in the long run; one that is lower falls behind.',
          'cps',
          {
            '{{service}}': sumRate(
              `tillstream_events_in_total{${IN}, service=~"enricher|aggregator|session-tracker"}`,
              'service',
            ),
          },
        ),
        lines(
          'Not counted',
          'Dead letters and events refused at the gateway by reason, duplicates, late rows.',
          'cps',
          {
            'dead letter: {{reason}}': orZero(sumRate(`tillstream_rejected_total{${IN}}`, 'reason')),
            'refused: {{reason}}': orZero(sumRate(`tillstream_ingest_rejected_total{${IN}}`, 'reason')),
            duplicates: orZero(sumRate(`tillstream_duplicates_total{${IN}}`)),
            'late in {{service}}': orZero(sumRate(`tillstream_late_rows_total{${IN}}`, 'service')),
          },
        ),
      ],
    },
    {
      title: 'How late',
      panels: [
        lines(
          'From an event to its result',
          'From the append of the newest event in a result until it can be read.',
          's',
          {
            median: quantile(0.5, `tillstream_visible_seconds{${IN}, kind="provisional"}`),
            '95 %': quantile(0.95, `tillstream_visible_seconds{${IN}, kind="provisional"}`),
            '99 %': quantile(0.99, `tillstream_visible_seconds{${IN}, kind="provisional"}`),
          },
        ),
        lines(
          'Left to do',
          'Records that are not processed, or cannot be read yet. Should come back to almost 0 again and again.',
          'short',
          {
            '{{service}}': `sum by (service) (tillstream_lag_records{${IN}})`,
            'view of {{stream}}': `sum by (stream) (tillstream_view_lag_records{${IN}})`,
            'store {{sink}}': `sum by (sink) (tillstream_sink_lag_records{${IN}})`,
          },
        ),
        lines(
          'Watermark behind',
          'How far event time is behind the time of append: at least the outOfOrderness of the stream file.',
          's',
          {
            '{{service}} {{stream}}': `max by (service, stream) (tillstream_watermark_delay_seconds{${IN}})`,
          },
        ),
      ],
    },
    {
      title: 'Doors',
      panels: [
        lines('Requests to the gateway', 'By what the sender was told.', 'reqps', {
          '{{transport}} {{status}}': sumRate(`tillstream_ingest_request_seconds_count{${IN}}`, 'transport', 'status'),
        }),
        lines('Requests refused', 'As a whole, by reason.', 'reqps', {
          '{{door}} {{code}}': orZero(sumRate(`tillstream_refused_requests_total{${IN}}`, 'door', 'code')),
        }),
        lines('Answer of the gateway', 'From the headers of a request to its answer.', 's', {
          median: quantile(0.5, `tillstream_ingest_request_seconds{${IN}}`),
          '99 %': quantile(0.99, `tillstream_ingest_request_seconds{${IN}}`),
        }),
        lines('Queries', 'By method, and by what they were answered with.', 'reqps', {
          '{{method}} {{code}}': sumRate(`tillstream_queries_total{${IN}}`, 'method', 'code'),
        }),
        lines('Answer of the query API', 'Of unary calls.', 's', {
          '{{method}} 99 %': quantile(0.99, `tillstream_query_seconds{${IN}}`, 'method'),
        }),
        lines('Watches', 'Watches under way.', 'short', { watches: `sum(tillstream_watches{${IN}})` }),
      ],
    },
    {
      title: 'What it stands on',
      panels: [
        lines('CPU', 'Cores used, by service.', 'short', {
          '{{service}}': sumRate(`process_cpu_seconds_total{${IN}, service!=""}`, 'service'),
        }),
        lines('Memory', 'By service, all its processes.', 'bytes', {
          '{{service}}': `sum by (service) (process_resident_memory_bytes{${IN}, service!=""})`,
        }),
        lines('Errors of Kafka and Redis', 'They are tried again; many cost time.', 'cps', {
          'Kafka: {{service}} {{operation}}': orZero(
            sumRate(`tillstream_kafka_errors_total{${IN}}`, 'service', 'operation'),
          ),
          'Redis: {{service}}': orZero(sumRate(`tillstream_redis_errors_total{${IN}}`, 'service')),
        }),
        lines('Checkpoints', 'How long one takes.', 's', {
          '{{service}} 99 %': quantile(0.99, `tillstream_commit_seconds{${IN}}`, 'service'),
        }),
        lines('Rows to stores outside', 'That they have taken.', 'cps', {
          '{{sink}}': sumRate(`tillstream_sink_rows_total{${IN}}`, 'sink'),
          'refused by {{sink}}': orZero(sumRate(`tillstream_sink_refused_total{${IN}}`, 'sink')),
        }),
        lines('Tasks that began anew', 'After an error; a few when processes come and go.', 'cps', {
          '{{service}}': orZero(`sum by (service) (${rate(`tillstream_task_restarts_total{${IN}}`)})`),
        }),
      ],
    },
  ],
};
