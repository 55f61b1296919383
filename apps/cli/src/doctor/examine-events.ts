import type { Sample, Samples } from '../metrics/samples';
import type { Observation } from './finding';
import type { ServiceLook } from './service-look';

/** Events this far ahead are no clock that is a little fast. */
const SENDER_AHEAD_S = 60;
/** Of all events of a stream: fewer of a kind are no finding. */
const FEW = 0.01;

/** Shares of what has come since the service started. */
export function eventFindings({ samples }: ServiceLook): Observation[] {
  const findings: Observation[] = [];
  for (const stream of streamsIn(samples)) {
    const events = samples.sum('tillstream_events_in_total', { stream });
    const count = (metric: string): number => samples.sum(metric, { stream });
    const share = (amount: number): string => `${amount} of ${events} events of ${stream}`;

    const misrouted = count('tillstream_misrouted_total');
    if (misrouted > 0) {
      findings.push({
        ...{ severity: isMany(misrouted, events) ? 'warning' : 'note' },
        what: `${share(misrouted)} came to a partition that is not that of their key, and were sent on to the right one`,
        remedy:
          'Numbers are right, but each costs twice. Let the producer partition by murmur2 of the key, as docs/connecting.md shows.',
      });
    }
    const rejected = samples.of('tillstream_rejected_total').filter(({ labels }) => labels['stream'] === stream);
    const refused = rejected.reduce((sum, { value }) => sum + value, 0);
    if (isMany(refused, events)) {
      findings.push({
        ...{ severity: 'warning', what: `${share(refused)} became dead letters: ${reasonsOf(rejected)}` },
        remedy: remedyFor(rejected),
      });
    }
    const late = count('tillstream_late_rows_total');
    if (isMany(late, events)) {
      findings.push({
        ...{ severity: 'warning', what: `${share(late)} came too late for a window` },
        remedy: `till late --stream ${stream} shows how late; a larger outOfOrderness or grace in the stream file waits for them.`,
      });
    }
    const ahead = samples.of('tillstream_event_ahead_seconds').filter(({ labels }) => labels['stream'] === stream);
    const farthest = Math.max(0, ...ahead.map(({ value }) => value));
    if (farthest > SENDER_AHEAD_S) {
      const partitions = ahead.filter(({ value }) => value > SENDER_AHEAD_S).map(({ labels }) => labels['partition']);
      findings.push({
        ...{ severity: 'warning' },
        what: `events of ${stream} are up to ${Math.round(farthest)} s ahead of the time they come (partition ${partitions.join(', ')})`,
        remedy:
          'A sender’s clock is fast: find it by its keys with till tail, and let it keep time. Others’ events are not late by it.',
      });
    }
  }
  return findings;
}

/** So many that the newest of them are worth to be shown. */
export const hasManyDeadLetters = (services: readonly ServiceLook[]): boolean =>
  services.some(({ samples }) =>
    streamsIn(samples).some((stream) =>
      isMany(
        samples.sum('tillstream_rejected_total', { stream }),
        samples.sum('tillstream_events_in_total', { stream }),
      ),
    ),
  );

const isMany = (amount: number, events: number): boolean => events > 0 && amount / events > FEW;

const streamsIn = (samples: Samples): string[] => [
  ...new Set(samples.of('tillstream_events_in_total').flatMap(({ labels }) => labels['stream'] ?? [])),
];

/** By the reason that most of them have. */
function remedyFor(rejected: readonly Sample[]): string {
  const [[first] = ['']] = countsByReason(rejected);
  if (first === 'in-the-future') {
    return 'A sender’s clock is fast by more than the stream file tolerates: the newest are below with their places. Let it keep time, and send them again.';
  }
  return 'The newest are below with their places; the bytes are in the dead letters (topic and lake). Mend the sender or the stream file, and send them again.';
}

const reasonsOf = (rejected: readonly Sample[]): string =>
  countsByReason(rejected)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');

/** The most frequent first. */
function countsByReason(rejected: readonly Sample[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { labels, value } of rejected) {
    const reason = labels['reason'] ?? 'unknown';
    counts.set(reason, (counts.get(reason) ?? 0) + value);
  }
  return [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
}
