import { bytesText, plural } from '../words';
import type { Observation } from './finding';
import type { ServiceLook } from './service-look';

/** The clock of a service is told to whole seconds, and asking takes a moment. */
const CLOCK_TOLERANCE_MS = 3_000;
const CLOCK_WRONG_MS = 60_000;
const NEAR_LIMIT = 0.9;
const LOOP_LAG_S = 0.5;

/** What a check says of a partition that has stopped names the records and what to do itself. */
export function unreadyFindings({ missing }: ServiceLook): Observation[] {
  return Object.entries(missing).map(([check, state]): Observation => {
    if (check === 'lifecycle') return { severity: 'note', what: `is ${state}`, remedy: 'Wait until it is gone.' };
    if (check === 'partitions') {
      return {
        ...{ severity: 'problem', what: `has stopped: ${state}` },
        remedy:
          'The other partitions go on. Repair what the reason names, or accept the hole (till skip --help), and the service takes it up by itself.',
      };
    }
    return {
      ...{ severity: 'problem', what: `is not ready (${check}): ${state}` },
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

export function clockFindings({ clockAheadMs, samples }: ServiceLook): Observation[] {
  const findings: Observation[] = [];
  if (clockAheadMs !== null && Math.abs(clockAheadMs) > CLOCK_TOLERANCE_MS) {
    findings.push({
      severity: Math.abs(clockAheadMs) > CLOCK_WRONG_MS ? 'problem' : 'warning',
      what: `the clock of its machine is ${secondsText(clockAheadMs)} this one’s`,
      remedy:
        'Let both keep time by NTP (chronyc tracking). Times of arrival, expiry of keys and idle partitions go by these clocks.',
    });
  }
  for (const { labels, value } of samples.of('tillstream_clock_offset_seconds')) {
    if (Math.abs(value) * 1_000 <= CLOCK_TOLERANCE_MS) continue;
    findings.push({
      severity: Math.abs(value) * 1_000 > CLOCK_WRONG_MS ? 'problem' : 'warning',
      what: `its clock is ${secondsText(value * 1_000)} that of ${labels['of'] ?? 'its store'}`,
      remedy: 'Let both keep time by NTP (chronyc tracking).',
    });
  }
  return findings;
}

const secondsText = (ms: number): string => `${Math.abs(ms / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead of' : 'behind'}`;

export function resourceFindings({ samples }: ServiceLook): Observation[] {
  const findings: Observation[] = [];
  const limits = [
    ['memory', 'process_resident_memory_bytes', 'tillstream_memory_limit_bytes', 'Raise the limit of its container'],
    ['heap', 'nodejs_heap_size_used_bytes', 'tillstream_heap_limit_bytes', 'Raise --max-old-space-size or the limit'],
  ] as const;
  for (const [what, used, limit, remedy] of limits) {
    const [bytes, most] = [samples.sum(used), samples.sum(limit)];
    if (most === 0 || bytes < most * NEAR_LIMIT) continue;
    findings.push({
      ...{ severity: 'warning', what: `uses ${bytesText(bytes)} of ${bytesText(most)} ${what}` },
      remedy: `${remedy}, or give it fewer partitions by another replica: it is killed at the limit.`,
    });
  }
  const lag = samples.max('nodejs_eventloop_lag_p99_seconds');
  if (lag > LOOP_LAG_S) {
    findings.push({
      ...{ severity: 'warning', what: `its event loop is held up for ${lag.toFixed(1)} s at a time` },
      remedy: 'It lacks CPU: raise its request, or add a replica (till lag shows which partitions are behind).',
    });
  }
  return findings;
}

export function dependencyFindings(first: ServiceLook, { samples }: ServiceLook): Observation[] {
  return (['kafka', 'redis'] as const).flatMap((dependency): Observation[] => {
    const called = dependency === 'kafka' ? 'Kafka' : 'Redis';
    if (samples.of(`tillstream_${dependency}_up`).some(({ value }) => value === 0)) {
      return [
        {
          ...{ severity: 'problem', what: `does not reach ${called}` },
          remedy: `See that ${called} is up and can be reached from there (network policy, TLS, password). Nothing is lost meanwhile: it goes on by itself.`,
        },
      ];
    }
    const metric = `tillstream_${dependency}_errors_total`;
    const errors = samples.sum(metric) - first.samples.sum(metric);
    if (errors <= 0) return [];
    const what = `had ${plural(errors, 'error')} of ${called} while it was looked at`;
    return [{ severity: 'warning', what, remedy: 'Its log names them at warn.' }];
  });
}
