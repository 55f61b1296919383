import type { Dashboard } from './dashboard';
import { lines, now } from './panel';
import { orZero, quantile, sumRate } from './promql';

const IN = 'namespace=~"$namespace", stream=~"$stream"';

/** One stream, from its intake to its answers. */
export const streamDashboard: Dashboard = {
  uid: 'tillstream-stream',
  title: 'Tillstream / Stream',
  about: 'One stream from its intake to its answers: how much, how late, and what was not counted.',
  choices: [
    { name: 'stream', label: 'Stream', values: 'label_values(tillstream_events_in_total, stream)', several: false },
  ],
  rows: [
    {
      title: 'Intake',
      panels: [
        lines('Events', 'Acknowledged by the gateway, taken in by the enricher, and counted.', 'cps', {
          acknowledged: sumRate(`tillstream_ingest_events_total{${IN}}`),
          'taken in': sumRate(`tillstream_events_in_total{${IN}, service="enricher"}`),
          counted: sumRate(`tillstream_events_out_total{${IN}, service="enricher"}`),
        }),
        lines(
          'Not counted',
          'Dead letters by reason, duplicates; misrouted ones are counted where they belong.',
          'cps',
          {
            'dead letter: {{reason}}': orZero(sumRate(`tillstream_rejected_total{${IN}}`, 'reason')),
            'refused: {{reason}}': orZero(sumRate(`tillstream_ingest_rejected_total{${IN}}`, 'reason')),
            duplicates: orZero(sumRate(`tillstream_duplicates_total{${IN}}`)),
            misrouted: orZero(sumRate(`tillstream_misrouted_total{${IN}}`)),
            rounded: orZero(sumRate(`tillstream_rounded_total{${IN}}`)),
          },
        ),
        lines(
          'Clocks of senders',
          'How far the newest events are ahead of their arrival: 0 where clocks are right.',
          's',
          {
            'partition {{partition}}': `max by (partition) (tillstream_event_ahead_seconds{${IN}})`,
          },
        ),
        lines('Bytes read', 'Keys and values, by service and topic.', 'Bps', {
          '{{service}} {{topic}}': sumRate(`tillstream_bytes_in_total{${IN}}`, 'service', 'topic'),
        }),
        lines('Bytes written', 'Keys and values, by service and topic.', 'Bps', {
          '{{service}} {{topic}}': sumRate(`tillstream_bytes_out_total{${IN}}`, 'service', 'topic'),
        }),
        lines('Append', 'From a body split to its acknowledgement by the log.', 's', {
          median: quantile(0.5, `tillstream_ingest_append_seconds{${IN}}`),
          '99 %': quantile(0.99, `tillstream_ingest_append_seconds{${IN}}`),
        }),
      ],
    },
    {
      title: 'Processing',
      panels: [
        lines(
          'Left to do',
          'Records not processed, by partition. One that alone goes up has a heavy key, or has stopped.',
          'short',
          {
            '{{service}} {{partition}}': `max by (service, partition) (tillstream_lag_records{${IN}})`,
          },
        ),
        lines('Watermark behind', 'How far event time is behind the time of append.', 's', {
          '{{service}} {{metric}} {{partition}}': `max by (service, metric, partition) (tillstream_watermark_delay_seconds{${IN}})`,
        }),
        lines('Late rows', 'Events that missed at least one window.', 'cps', {
          '{{service}}': orZero(sumRate(`tillstream_late_rows_total{${IN}}`, 'service')),
        }),
        lines('Batches', 'From a fetched batch to the end of its processing.', 's', {
          '{{service}} median': quantile(0.5, `tillstream_batch_seconds{${IN}}`, 'service'),
          '{{service}} 99 %': quantile(0.99, `tillstream_batch_seconds{${IN}}`, 'service'),
        }),
        lines('Slow batches', 'That took longer than SLOW_BATCH_MS; their traces are always kept.', 'cps', {
          '{{service}} {{partition}}': orZero(sumRate(`tillstream_slow_batches_total{${IN}}`, 'service', 'partition')),
        }),
        lines('Checkpoints', 'How long one takes.', 's', {
          '{{service}} median': quantile(0.5, `tillstream_commit_seconds{${IN}}`, 'service'),
          '{{service}} 99 %': quantile(0.99, `tillstream_commit_seconds{${IN}}`, 'service'),
        }),
        lines('Bytes of checkpoints', 'Brought to Redis.', 'Bps', {
          '{{service}}': sumRate(`tillstream_checkpoint_bytes_total{${IN}}`, 'service'),
        }),
        lines('Not checkpointed', 'Size of the state that would have to be computed again.', 'bytes', {
          '{{service}}': `sum by (service) (tillstream_uncommitted_bytes{${IN}})`,
        }),
        lines('Parts', 'Parts of windows sent to be merged.', 'cps', {
          '{{service}}': orZero(sumRate(`tillstream_parts_total{${IN}}`, 'service')),
        }),
      ],
    },
    {
      title: 'Results',
      panels: [
        lines('Results', 'Published, by metric.', 'cps', {
          '{{metric}}': sumRate(`tillstream_results_total{${IN}}`, 'metric'),
        }),
        lines('Provisionals', 'From the append of the newest event in a result until the result can be read.', 's', {
          median: quantile(0.5, `tillstream_visible_seconds{${IN}, kind="provisional"}`),
          '99 %': quantile(0.99, `tillstream_visible_seconds{${IN}, kind="provisional"}`),
        }),
        lines('Finals', 'The same of results that change no more: they wait for their window to close.', 's', {
          median: quantile(0.5, `tillstream_visible_seconds{${IN}, kind="final"}`),
          '99 %': quantile(0.99, `tillstream_visible_seconds{${IN}, kind="final"}`),
        }),
        lines('View behind', 'Records of a topic that cannot be read yet.', 'short', {
          '{{topic}} {{partition}}': `max by (topic, partition) (tillstream_view_lag_records{${IN}})`,
        }),
        lines('View', 'Rows held by each query API.', 'short', { '{{instance}}': `tillstream_view_rows{${IN}}` }),
        lines('Alerts of metrics', 'Opened and resolved, as the stream file declares them.', 'cps', {
          '{{metric}}': orZero(sumRate(`tillstream_alerts_total{${IN}}`, 'metric')),
        }),
      ],
    },
    {
      title: 'Visits',
      panels: [
        now('Open sessions', 'Sessions that are not over.', 'short', {
          open: orZero(`sum(tillstream_open_sessions{${IN}})`),
        }),
        lines('Sessions', 'Told when they are over, and carts left behind.', 'cps', {
          sessions: orZero(sumRate(`tillstream_sessions_total{${IN}}`)),
          'abandoned carts': orZero(sumRate(`tillstream_abandoned_carts_total{${IN}}`)),
        }),
        lines('Attributions', 'Views told with the purchase they led to, and direct purchases.', 'cps', {
          attributions: orZero(sumRate(`tillstream_attributions_total{${IN}}`)),
        }),
      ],
    },
    {
      title: 'Stores outside',
      panels: [
        lines('Rows', 'That stores have taken, and refused for good.', 'cps', {
          '{{sink}} {{feed}}': sumRate(`tillstream_sink_rows_total{${IN}}`, 'sink', 'feed'),
          'refused by {{sink}}': orZero(sumRate(`tillstream_sink_refused_total{${IN}}`, 'sink')),
        }),
        lines('Left to store', 'Records of a feed that a store does not have yet.', 'short', {
          '{{sink}} {{feed}}': `sum by (sink, feed) (tillstream_sink_lag_records{${IN}})`,
        }),
        lines('Flushes', 'From the begin of a flush to its end.', 's', {
          '{{sink}} 99 %': quantile(0.99, `tillstream_sink_flush_seconds{${IN}}`, 'sink'),
        }),
      ],
    },
  ],
};
