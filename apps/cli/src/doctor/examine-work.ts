import type { Sample } from '../metrics/samples';
import type { Observation } from './finding';
import type { ServiceLook } from './service-look';

const VIEW_BEHIND = 1_000;

/** What goes wrong again and again while it is looked at. */
export function taskFindings(first: ServiceLook, { samples }: ServiceLook): Observation[] {
  const findings: Observation[] = [];
  const grown = (metric: string): number => samples.sum(metric) - first.samples.sum(metric);
  if (grown('tillstream_task_restarts_total') > 0) {
    findings.push({
      ...{ severity: 'problem', what: 'tasks end by an error and begin again' },
      remedy: 'Its log says why (task_restarts). After a few tries the partition stops and names the record.',
    });
  }
  if (grown('tillstream_fenced_total') > 0) {
    findings.push({
      ...{ severity: 'warning', what: 'its checkpoints were refused: somebody else has its partitions' },
      remedy: 'Usual for a moment after a rebalance. If it goes on, two platforms use one Redis under one stream name.',
    });
  }
  if (grown('tillstream_slow_batches_total') > 0) {
    findings.push({
      ...{ severity: 'warning', what: 'batches take longer than SLOW_BATCH_MS' },
      remedy:
        'See whether CPU, Kafka or Redis is slow: batch_seconds, publish_seconds and commit_seconds in its metrics tell.',
    });
  }
  return findings;
}

export function sinkFindings({ samples }: ServiceLook): Observation[] {
  const nameOf = ({ labels }: Sample): string => `${labels['stream'] ?? '?'}/${labels['sink'] ?? '?'}`;
  const away = new Set(
    samples
      .of('tillstream_sink_up')
      .filter(({ value }) => value === 0)
      .map(nameOf),
  );
  const refusing = new Set(
    samples
      .of('tillstream_sink_refused_total')
      .filter(({ value }) => value > 0)
      .map(nameOf),
  );
  return [
    ...[...away].map((sink): Observation => ({
      ...{ severity: 'problem', what: `the store of ${sink} does not answer, or refuses` },
      remedy: 'Its log has the store’s own words. Only this sink waits, and it catches up by itself.',
    })),
    ...[...refusing].map((sink): Observation => ({
      ...{ severity: 'warning', what: `the store of ${sink} has refused rows for good` },
      remedy: 'They are in STREAM.sink-dead-letters.v1 with the store’s own words.',
    })),
  ];
}

export function viewFindings({ samples }: ServiceLook): Observation[] {
  const behind = samples.of('tillstream_view_lag_records').filter(({ value }) => value > VIEW_BEHIND);
  const streams = new Set(behind.map(({ labels }) => labels['stream'] ?? '?'));
  return [...streams].map((stream): Observation => ({
    ...{ severity: 'warning' },
    what: `answers about ${stream} are ${behind.reduce((sum, { labels, value }) => sum + (labels['stream'] === stream ? value : 0), 0)} records old`,
    remedy: 'It still reads, as after a start, or it lacks CPU: answers are right as of what it has read.',
  }));
}
