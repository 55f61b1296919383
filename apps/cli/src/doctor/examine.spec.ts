import { examineGroups, type GroupLooks } from './examine-groups';
import { examineRedis, type RedisLook } from './examine-redis';
import { examineServices } from './examine-services';
import { sortFindings, type Finding } from './finding';
import { reportText } from './print-report';
import { parseSamples } from '../metrics/samples';
import type { ServiceLook } from './service-look';

const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ severity, about, what }) => `${severity}: ${about} ${what}`);

function look(metrics: string, more: Partial<ServiceLook> = {}): ServiceLook {
  const samples = parseSamples(metrics);
  return { url: 'http://e:8081', name: 'enricher', trouble: null, missing: {}, clockAheadMs: 0, samples, ...more };
}

/** Findings of a service that says this now, and said that before; else the same. */
const ofService = (metrics: string, more: Partial<ServiceLook> = {}, before = metrics): string[] =>
  told(examineServices([{ first: look(before), second: look(metrics, more) }]));

describe('samples', () => {
  it('are read with their labels, and sums are of those that are asked for', () => {
    const samples = parseSamples(
      '# HELP a A.\n# TYPE a counter\na{stream="s",reason="x \\"y\\"\\nz, {}"} 2\na{stream="t"} 3.5\nb 1e3\nbad line\n',
    );
    expect(samples.of('a')[0]?.labels).toEqual({ stream: 's', reason: 'x "y"\nz, {}' });
    expect([samples.sum('a'), samples.sum('a', { stream: 't' }), samples.sum('b'), samples.sum('c')]).toEqual([
      5.5, 3.5, 1_000, 0,
    ]);
    expect([samples.max('a'), samples.max('c')]).toEqual([3.5, 0]);
  });
});

describe('a service', () => {
  it('that is well gives no finding', () => {
    const well =
      'tillstream_kafka_up 1\ntillstream_redis_up 1\ntillstream_events_in_total{stream="s"} 1000\n' +
      'tillstream_rejected_total{stream="s",reason="json"} 9\ntillstream_late_rows_total{stream="s"} 3\n' +
      'process_resident_memory_bytes 100\ntillstream_memory_limit_bytes 200\nnodejs_eventloop_lag_p99_seconds 0.05\n' +
      'tillstream_fenced_total 4\ntillstream_task_restarts_total 1\ntillstream_sink_up{sink="a"} 1\n' +
      'tillstream_clock_offset_seconds{of="redis"} 0.2\ntillstream_event_ahead_seconds{stream="s"} 4\n';
    expect(ofService(well)).toEqual([]);
  });

  it('that is away, not ready or has stopped a partition is a problem that says so', () => {
    expect(ofService('', { trouble: 'connect ECONNREFUSED' })[0]).toMatch(
      /^problem: http:\/\/e:8081 nobody answers: connect ECONNREFUSED/,
    );
    expect(
      ofService('', { missing: { start: 'waiting for Kafka', partitions: 'raw offset 7 ended in a crash' } }),
    ).toEqual([
      'problem: enricher is not ready (start): waiting for Kafka',
      'problem: enricher has stopped: raw offset 7 ended in a crash',
    ]);
    expect(ofService('', { missing: { lifecycle: 'stopping' } })).toEqual(['note: enricher is stopping']);
  });

  it.each([
    ['tillstream_kafka_up 0', 'problem: enricher does not reach Kafka'],
    ['tillstream_redis_up 0', 'problem: enricher does not reach Redis'],
    ['process_resident_memory_bytes 95\ntillstream_memory_limit_bytes 100', /^warning: enricher uses .* memory$/],
    ['nodejs_heap_size_used_bytes 95\ntillstream_heap_limit_bytes 100', /^warning: enricher uses .* heap$/],
    ['nodejs_eventloop_lag_p99_seconds 0.7', /^warning: enricher its event loop/],
    ['tillstream_sink_up{stream="s",sink="pg"} 0', 'problem: enricher the store of s/pg does not answer, or refuses'],
    [
      'tillstream_sink_refused_total{stream="s",sink="pg"} 1',
      'warning: enricher the store of s/pg has refused rows for good',
    ],
    [
      'tillstream_view_lag_records{stream="s",partition="0"} 5000',
      'warning: enricher answers about s are 5000 records old',
    ],
    ['tillstream_clock_offset_seconds{of="redis"} -600', 'problem: enricher its clock is 600 s behind that of redis'],
    [
      'tillstream_events_in_total{stream="s"} 100\ntillstream_misrouted_total{stream="s"} 50',
      /^warning: enricher 50 of 100 events of s came to a partition that is not that of their key/,
    ],
    [
      'tillstream_events_in_total{stream="s"} 100\ntillstream_rejected_total{stream="s",reason="json"} 5\ntillstream_rejected_total{stream="s",reason="no-key"} 20',
      'warning: enricher 25 of 100 events of s became dead letters: no-key 20, json 5',
    ],
    [
      'tillstream_events_in_total{stream="s"} 100\ntillstream_late_rows_total{stream="s"} 5',
      'warning: enricher 5 of 100 events of s came too late for a window',
    ],
    [
      'tillstream_events_in_total{stream="s"} 9\ntillstream_event_ahead_seconds{stream="s",partition="3"} 600\ntillstream_event_ahead_seconds{stream="s",partition="1"} 2',
      'warning: enricher events of s are up to 600 s ahead of the time they come (partition 3)',
    ],
  ])('that says %s is told of', (metrics, finding) => {
    const [only, ...others] = ofService(metrics);
    expect(others).toEqual([]);
    if (typeof finding === 'string') expect(only).toBe(finding);
    else expect(only).toMatch(finding);
  });

  it.each([
    ['tillstream_task_restarts_total', 'problem: enricher tasks end by an error and begin again'],
    ['tillstream_fenced_total', 'warning: enricher its checkpoints were refused: somebody else has its partitions'],
    ['tillstream_slow_batches_total', 'warning: enricher batches take longer than SLOW_BATCH_MS'],
    ['tillstream_redis_errors_total', 'warning: enricher had 2 errors of Redis while it was looked at'],
  ])('whose %s grows meanwhile is told of, and one where it grew long ago is not', (metric, finding) => {
    expect(ofService(`${metric} 3`, {}, `${metric} 1`)).toEqual([finding]);
    expect(ofService(`${metric} 3`)).toEqual([]);
  });

  it('that is one of several replicas is named with its address', () => {
    const looks = ['http://e1', 'http://e2'].map((url) => {
      const second = look('tillstream_kafka_up 0', { url });
      return { first: second, second };
    });
    expect(examineServices(looks).map(({ about }) => about)).toEqual([
      'enricher at http://e1',
      'enricher at http://e2',
    ]);
  });

  it('whose clock is wrong is told of', () => {
    expect(ofService('', { clockAheadMs: 600_000 })).toEqual([
      'problem: enricher the clock of its machine is 600 s ahead of this one’s',
    ]);
    expect(ofService('', { clockAheadMs: -5_000 })[0]).toMatch(/^warning: .* 5 s behind/);
  });
});

describe('a consumer group', () => {
  const lag = (committed: number, end: number, partition = 0) => ({
    ...{ topic: 'raw', partition, committed, begin: 0, end, lag: end - committed },
  });
  const looks = (more: Partial<GroupLooks>): GroupLooks => ({
    ...{ group: 's.enricher', members: 1, ownLag: new Map(), ownLagBefore: new Map() },
    ...{ first: [lag(5, 9)], second: [lag(8, 12)] },
    ...more,
  });
  const found = (more: Partial<GroupLooks>): string[] => told(examineGroups([looks(more)], 3_000));

  it('that works gives no finding', () => {
    expect(found({})).toEqual([]);
    expect(found({ first: [lag(9, 9)], second: [lag(9, 9)] })).toEqual([]);
  });

  it('without members says how much waits', () => {
    expect(found({ members: 0 })).toEqual(['problem: s.enricher has no member, and 4 records wait']);
  });

  it('that stands still is a problem, whose place is named; what is committed is told late and says nothing', () => {
    const still = { first: [lag(5, 9), lag(1, 1, 1)], second: [lag(5, 12), lag(1, 1, 1)] };
    expect(found(still)).toEqual([]);
    const told = (before: number, now: number) =>
      found({ ...still, ownLagBefore: new Map([['raw/0', before]]), ownLag: new Map([['raw/0', now]]) });
    expect(told(3, 0)).toEqual([]);
    expect(told(3, 5)).toEqual([]);
    expect(told(3, 6)).toEqual(['problem: s.enricher did not move for 3 s though records wait: raw/0 at 6']);
  });

  it('that is far behind says whether it catches up', () => {
    expect(found({ first: [lag(0, 9_000)], second: [lag(3_000, 9_000)] })).toEqual([
      'note: s.enricher is 6000 records behind, and there in about 6 s at this rate',
    ]);
    expect(found({ first: [lag(0, 9_000)], second: [lag(10, 9_500)] })).toEqual([
      'warning: s.enricher is 9490 records behind, and does not catch up',
    ]);
  });
});

describe('Redis', () => {
  const well: RedisLook = {
    ...{ trouble: null, problems: [], usedBytes: 10, limitBytes: 100, clockAheadMs: 3, answerMs: 1 },
  };
  const found = (more: Partial<RedisLook>): string[] => told(examineRedis({ ...well, ...more }));

  it('is told of when it is away, full, slow, wrongly set or wrong about the time', () => {
    expect(found({})).toEqual([]);
    expect(found({ limitBytes: 0, usedBytes: 1e12 })).toEqual([]);
    expect(found({ trouble: 'WRONGPASS' })).toEqual(['problem: Redis does not answer: WRONGPASS']);
    expect(found({ usedBytes: 90 })[0]).toMatch(/^problem: Redis holds/);
    expect(found({ answerMs: 80 })[0]).toMatch(/^warning: Redis takes 80 ms/);
    expect(found({ clockAheadMs: -600_000 })[0]).toMatch(/600 s behind this one’s/);
    const problem = { severity: 'error', code: 'MAY_EVICT', message: 'evicts', remedy: 'r' } as const;
    expect(found({ problems: [problem] })).toEqual(['problem: Redis evicts']);
  });
});

it('is reported with the worst first, each with what to do', () => {
  const finding = (severity: Finding['severity'], what: string): Finding => ({
    severity,
    about: 'A',
    what,
    remedy: 'Do.',
  });
  const findings = [finding('note', 'is new'), finding('problem', 'is away'), finding('warning', 'is slow')];
  expect(sortFindings(findings).map(({ severity }) => severity)).toEqual(['problem', 'warning', 'note']);
  expect(reportText([{ name: 'Kafka', state: '1 broker' }], findings)).toBe(
    'Kafka  1 broker\n\nPROBLEM  A is away\n  → Do.\n\nWARNING  A is slow\n  → Do.\n\nNOTE  A is new\n  → Do.\n\n1 problem, 1 warning, 1 note.\n',
  );
  expect(reportText([{ name: 'Kafka', state: '1 broker' }], [])).toContain('Nothing is wrong.');
});
