import type { Finding } from './finding';
import type { ServiceLook } from './service-look';
import type { Sample, Samples } from './samples';

/** Two looks at one service, a moment apart. */
export interface ServiceLooks {
  readonly first: ServiceLook;
  readonly second: ServiceLook;
}

/** The second is told to whole seconds, and asking takes a moment. */
const CLOCK_TOLERANCE_MS = 3_000;
const CLOCK_WRONG_MS = 60_000;
/** Events this far ahead are no clock that is a little fast. */
const SENDER_AHEAD_S = 60;
const NEAR_LIMIT = 0.9;
const LOOP_LAG_S = 0.5;
/** Of all events of a stream: fewer of a kind are no finding. */
const FEW = 0.01;
const VIEW_BEHIND = 1_000;

/** What services say of themselves that should be otherwise. Counters are compared between the looks where only news is a finding. */
export function examineServices(services: readonly ServiceLooks[]): Finding[] {
  return services.flatMap(({ first, second }) => {
    if (second.trouble !== null || second.name === null) return [awayFinding(second)];
    return [
      ...unreadyFindings(second),
      ...clockFindings(second),
      ...resourceFindings(second),
      ...dependencyFindings(first, second),
      ...taskFindings(first, second),
      ...eventFindings(second),
      ...sinkFindings(second),
      ...viewFindings(second),
    ];
  });
}

const awayFinding = ({ url, trouble }: ServiceLook): Finding => ({
  ...{ severity: 'problem', about: url, what: `nobody answers: ${trouble ?? 'it is none of the services'}` },
  remedy:
    'Start it, or see in its log why it ended: the last lines name what is wrong. --service URL says where a service is, if it is elsewhere.',
});

/** What a check says of a partition that has stopped names the records and what to do itself. */
function unreadyFindings({ name, missing }: ServiceLook): Finding[] {
  return Object.entries(missing).map(([check, state]): Finding => {
    const about = String(name);
    if (check === 'lifecycle')
      return { severity: 'note', about, what: `is ${state}`, remedy: 'Wait until it is gone.' };
    if (check === 'partitions') {
      return {
        ...{ severity: 'problem', about, what: `has stopped: ${state}` },
        remedy:
          'The other partitions go on. Repair what the reason names, or accept the hole (till skip --help), and the service takes it up by itself.',
      };
    }
    return {
      ...{ severity: 'problem', about, what: `is not ready (${check}): ${state}` },
      remedy: REMEDIES[check] ?? 'Its log says more; look for the newest lines at warn and error.',
    };
  });
}

const REMEDIES: Readonly<Record<string, string>> = {
  start: 'It waits for what it names. What it last tried, and why that failed, is in its log at warn.',
  groups:
    'It rejoins by itself within KAFKA_SESSION_TIMEOUT_MS. If it does not, see its log for group_refused_this_member.',
  kafka: 'See that the brokers of KAFKA_BROKERS are up and can be reached from there.',
  log: 'Kafka takes too long to acknowledge: look at the brokers’ disks and at min.insync.replicas.',
};

function clockFindings({ name, clockAheadMs, samples }: ServiceLook): Finding[] {
  const findings: Finding[] = [];
  if (clockAheadMs !== null && Math.abs(clockAheadMs) > CLOCK_TOLERANCE_MS) {
    findings.push({
      severity: Math.abs(clockAheadMs) > CLOCK_WRONG_MS ? 'problem' : 'warning',
      about: String(name),
      what: `the clock of its machine is ${secondsText(clockAheadMs)} this one’s`,
      remedy:
        'Let both keep time by NTP (chronyc tracking). Times of arrival, expiry of keys and idle partitions go by these clocks.',
    });
  }
  for (const { labels, value } of samples.of('tillstream_clock_offset_seconds')) {
    if (Math.abs(value) * 1_000 <= CLOCK_TOLERANCE_MS) continue;
    findings.push({
      severity: Math.abs(value) * 1_000 > CLOCK_WRONG_MS ? 'problem' : 'warning',
      about: String(name),
      what: `its clock is ${secondsText(value * 1_000)} that of ${labels['of'] ?? 'its store'}`,
      remedy: 'Let both keep time by NTP (chronyc tracking).',
    });
  }
  return findings;
}

const secondsText = (ms: number): string => `${Math.abs(ms / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead of' : 'behind'}`;

function resourceFindings({ name, samples }: ServiceLook): Finding[] {
  const about = String(name);
  const findings: Finding[] = [];
  const limits = [
    ['memory', 'process_resident_memory_bytes', 'tillstream_memory_limit_bytes', 'Raise the limit of its container'],
    ['heap', 'nodejs_heap_size_used_bytes', 'tillstream_heap_limit_bytes', 'Raise --max-old-space-size or the limit'],
  ] as const;
  for (const [what, used, limit, remedy] of limits) {
    const [bytes, most] = [samples.sum(used), samples.sum(limit)];
    if (most === 0 || bytes < most * NEAR_LIMIT) continue;
    findings.push({
      ...{ severity: 'warning', about, what: `uses ${mebibytes(bytes)} of ${mebibytes(most)} ${what}` },
      remedy: `${remedy}, or give it fewer partitions by another replica: it is killed at the limit.`,
    });
  }
  const lag = samples.max('nodejs_eventloop_lag_p99_seconds')?.value ?? 0;
  if (lag > LOOP_LAG_S) {
    findings.push({
      ...{ severity: 'warning', about, what: `its event loop is held up for ${lag.toFixed(1)} s at a time` },
      remedy: 'It lacks CPU: raise its request, or add a replica (till lag shows which partitions are behind).',
    });
  }
  return findings;
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

function dependencyFindings(first: ServiceLook, { name, samples }: ServiceLook): Finding[] {
  const about = String(name);
  return (['kafka', 'redis'] as const).flatMap((dependency): Finding[] => {
    const called = dependency === 'kafka' ? 'Kafka' : 'Redis';
    if (samples.of(`tillstream_${dependency}_up`).some(({ value }) => value === 0)) {
      return [
        {
          ...{ severity: 'problem', about, what: `does not reach ${called}` },
          remedy: `See that ${called} is up and can be reached from there (network policy, TLS, password). Nothing is lost meanwhile: it goes on by itself.`,
        },
      ];
    }
    const metric = `tillstream_${dependency}_errors_total`;
    const errors = samples.sum(metric) - first.samples.sum(metric);
    if (errors <= 0) return [];
    const what = `had ${errors} ${errors === 1 ? 'error' : 'errors'} of ${called} while it was looked at`;
    return [{ severity: 'warning', about, what, remedy: 'Its log names them at warn.' }];
  });
}

function taskFindings(first: ServiceLook, { name, samples }: ServiceLook): Finding[] {
  const about = String(name);
  const findings: Finding[] = [];
  const grown = (metric: string): number => samples.sum(metric) - first.samples.sum(metric);
  if (grown('tillstream_task_restarts_total') > 0) {
    findings.push({
      ...{ severity: 'problem', about, what: 'tasks end by an error and begin again' },
      remedy: 'Its log says why (task_restarts). After a few tries the partition stops and names the record.',
    });
  }
  if (grown('tillstream_fenced_total') > 0) {
    findings.push({
      ...{ severity: 'warning', about, what: 'its checkpoints were refused: somebody else has its partitions' },
      remedy: 'Usual for a moment after a rebalance. If it goes on, two platforms use one Redis under one stream name.',
    });
  }
  if (grown('tillstream_slow_batches_total') > 0) {
    findings.push({
      ...{ severity: 'warning', about, what: 'batches take longer than SLOW_BATCH_MS' },
      remedy:
        'See whether CPU, Kafka or Redis is slow: batch_seconds, publish_seconds and commit_seconds in its metrics tell.',
    });
  }
  return findings;
}

/** Shares of what has come since the service started. */
function eventFindings({ name, samples }: ServiceLook): Finding[] {
  const about = String(name);
  const findings: Finding[] = [];
  for (const stream of streamsIn(samples)) {
    const events = samples.sum('tillstream_events_in_total', { stream });
    const count = (metric: string): number => samples.sum(metric, { stream });
    const share = (amount: number): string => `${amount} of ${events} events of ${stream}`;
    const isMany = (amount: number): boolean => events > 0 && amount / events > FEW;

    const misrouted = count('tillstream_misrouted_total');
    if (misrouted > 0) {
      findings.push({
        ...{ severity: isMany(misrouted) ? 'warning' : 'note', about },
        what: `${share(misrouted)} came to a partition that is not that of their key, and were sent on to the right one`,
        remedy:
          'Numbers are right, but each costs twice. Let the producer partition by murmur2 of the key, as docs/connecting.md shows.',
      });
    }
    const rejected = samples.of('tillstream_rejected_total').filter(({ labels }) => labels['stream'] === stream);
    const refused = rejected.reduce((sum, { value }) => sum + value, 0);
    if (isMany(refused)) {
      findings.push({
        ...{ severity: 'warning', about, what: `${share(refused)} became dead letters: ${reasonsOf(rejected)}` },
        remedy: remedyFor(rejected),
      });
    }
    const late = count('tillstream_late_rows_total');
    if (isMany(late)) {
      findings.push({
        ...{ severity: 'warning', about, what: `${share(late)} came too late for a window` },
        remedy: `till late --stream ${stream} shows how late; a larger outOfOrderness or grace in the stream file waits for them.`,
      });
    }
    const ahead = samples.of('tillstream_event_ahead_seconds').filter(({ labels }) => labels['stream'] === stream);
    const farthest = Math.max(0, ...ahead.map(({ value }) => value));
    if (farthest > SENDER_AHEAD_S) {
      const partitions = ahead.filter(({ value }) => value > SENDER_AHEAD_S).map(({ labels }) => labels['partition']);
      findings.push({
        ...{ severity: 'warning', about },
        what: `events of ${stream} are up to ${Math.round(farthest)} s ahead of the time they come (partition ${partitions.join(', ')})`,
        remedy:
          'A sender’s clock is fast: find it by its keys with till tail, and let it keep time. Others’ events are not late by it.',
      });
    }
  }
  return findings;
}

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

function sinkFindings({ name, samples }: ServiceLook): Finding[] {
  const about = String(name);
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
    ...[...away].map((sink): Finding => ({
      ...{ severity: 'problem', about, what: `the store of ${sink} does not answer, or refuses` },
      remedy: 'Its log has the store’s own words. Only this sink waits, and it catches up by itself.',
    })),
    ...[...refusing].map((sink): Finding => ({
      ...{ severity: 'warning', about, what: `the store of ${sink} has refused rows for good` },
      remedy: 'They are in STREAM.sink-dead-letters.v1 with the store’s own words.',
    })),
  ];
}

function viewFindings({ name, samples }: ServiceLook): Finding[] {
  const behind = samples.of('tillstream_view_lag_records').filter(({ value }) => value > VIEW_BEHIND);
  const streams = new Set(behind.map(({ labels }) => labels['stream'] ?? '?'));
  return [...streams].map((stream): Finding => ({
    ...{ severity: 'warning', about: String(name) },
    what: `answers about ${stream} are ${behind.reduce((sum, { labels, value }) => sum + (labels['stream'] === stream ? value : 0), 0)} records old`,
    remedy: 'It still reads, as after a start, or it lacks CPU: answers are right as of what it has read.',
  }));
}
