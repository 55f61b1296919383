import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '../../e2e/platform';
import { Platform, SERVICES, WRITE_KEY, until } from '../../e2e/platform';
import { post } from '../../e2e/through-gateway';
import { till } from '../../e2e/till';
import { trackedShop } from '../../e2e/tracked-shop';
import { samplesOf } from './exposition';
import type { Sample } from './exposition';
import { describedMetrics } from './metrics-page';

const SEEN_WITHIN_MS = 60_000;
const TRACE_ID = 'c0ffee'.padEnd(32, '1');
/** What must stand in no log: a key that is known, one that is not, and what an event says. */
const SECRETS = {
  wrongKey: 'planted-wrong-key',
  user: 'planted-user',
  category: 'planted-category',
  refused: 'planted-refused',
};
/** Time of a stream is never ahead of the clock: for windows to be closed the events are of a while ago. */
const START_MS = Date.now() - 2 * 3_600_000;

const anEvent = (id: string, fields: object = {}): object => ({
  event_id: id,
  event_type: 'purchase',
  timestamp: new Date(START_MS).toISOString(),
  user_id: SECRETS.user,
  category: SECRETS.category,
  price: 12,
  quantity: 1,
  ...fields,
});

describe('what a platform tells of itself, logging all it can', () => {
  const services: readonly ServiceName[] = [...SERVICES, 'sink-writer'];
  let platform: Platform;
  const samples = new Map<ServiceName, readonly Sample[]>();

  beforeAll(async () => {
    platform = new Platform(trackedShop, {
      LOG_LEVEL: 'trace',
      SLOW_BATCH_MS: '60000',
      // Nobody listens there: spans are made all the same.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    });
    await platform.createTopics();
    await platform.startAll(services);
    await send();
    await until('provisional and final results to be seen', SEEN_WITHIN_MS, isSeen);
    await until('sessions to be over', SEEN_WITHIN_MS, async () =>
      (await scrape('session-tracker')).some(({ name, value }) => name === 'tillstream_sessions_total' && value > 0),
    );
    expect(await till(platform, 'query', 'windows', 'revenue_by_category')).toMatchObject({ code: 0 });
    for (const service of services) samples.set(service, await scrape(service));
  }, 180_000);

  afterAll(() => platform?.stop(), 30_000);

  async function send(): Promise<void> {
    const traceparent = `00-${TRACE_ID}-${'2'.repeat(16)}-01`;
    const sent = await post(platform, JSON.stringify([anEvent('1'), anEvent('2'), anEvent('2')]), { traceparent });
    expect(sent.status).toBe(202);
    const refused = { event_type: SECRETS.refused, note: SECRETS.refused };
    await post(platform, JSON.stringify([anEvent('3', refused), anEvent('4', { price: SECRETS.refused })]));
    expect((await post(platform, `{"broken": "${SECRETS.refused}`)).status).toBe(400);
    expect((await post(platform, '{}', { authorization: `Bearer ${SECRETS.wrongKey}` })).status).toBe(401);
  }

  /** Windows are closed only when provisional results of them have been seen. */
  async function isSeen(): Promise<boolean> {
    const visible = async (kind: string): Promise<boolean> =>
      (await scrape('query-api')).some(
        ({ name, labels, value }) =>
          name === 'tillstream_visible_seconds_count' && labels['kind'] === kind && value > 0,
      );
    if (!(await visible('provisional'))) return false;
    if (await visible('final')) return true;
    await platform.advance(START_MS + 5_400_000);
    return false;
  }

  async function scrape(service: ServiceName): Promise<Sample[]> {
    const answer = await fetch(`http://127.0.0.1:${platform.service(service).http}/metrics`);
    return samplesOf(await answer.text());
  }

  const valueOf = (service: ServiceName, name: string, labels: Readonly<Record<string, string>> = {}): number =>
    (samples.get(service) ?? [])
      .filter(
        (sample) => sample.name === name && Object.entries(labels).every(([label, is]) => sample.labels[label] === is),
      )
      .reduce((sum, { value }) => sum + value, 0);

  it.each(services)('is all described: %s', (service) => {
    const described = new Map(describedMetrics().map((metric) => [metric.name, metric]));
    const problems = (samples.get(service) ?? [])
      .filter(({ metric }) => metric.startsWith('tillstream_'))
      .flatMap(({ metric, labels }) => {
        const row = described.get(metric);
        if (!row) return [`${metric} is not described`];
        const strange = Object.keys(labels).filter((label) => !row.labels.includes(label));
        if (strange.length > 0) return [`${metric} has ${strange.join(', ')}, which are not described`];
        return row.services.length > 0 && !row.services.includes(service) ? [`${metric} is not of ${service}`] : [];
      });
    expect([...new Set(problems)]).toEqual([]);
    expect(samples.get(service)?.length).toBeGreaterThan(50);
  });

  it('is there of every service that is said to have it', () => {
    // What happens seldom has no series before it happens, and what nobody has connected has none at all.
    const seldom =
      /stops_total|sink_(refused|rows|flush)|read_failures|unavailable|tillstream_connector|alerts_total|advances_total|gc_duration|restore|sink-writer: tillstream_bytes_out/;
    const missing = describedMetrics().flatMap(({ name, services: of }) =>
      (of.length === 0 ? services : services.filter((service) => of.includes(service)))
        .filter((service) => !samples.get(service)?.some(({ metric }) => metric === name))
        .map((service) => `${service}: ${name}`)
        .filter((missed) => !seldom.test(missed)),
    );
    expect(missing).toEqual([]);
  });

  it('counts what was sent, refused and told', () => {
    expect(valueOf('gateway', 'tillstream_refused_requests_total', { door: 'http', code: 'unauthorized' })).toBe(1);
    expect(
      valueOf('gateway', 'tillstream_refused_requests_total', { door: 'http', code: 'unreadable' }),
    ).toBeGreaterThan(0);
    expect(valueOf('enricher', 'tillstream_duplicates_total')).toBe(1);
    expect(valueOf('aggregator', 'tillstream_events_in_total', { topic: platform.definition.topics.enriched })).toBe(2);
    expect(valueOf('enricher', 'tillstream_bytes_in_total')).toBeGreaterThan(100);
    expect(valueOf('aggregator', 'tillstream_bytes_out_total')).toBeGreaterThan(100);
    expect(valueOf('aggregator', 'tillstream_checkpoint_bytes_total')).toBeGreaterThan(0);
    expect(
      valueOf('aggregator', 'tillstream_commit_seconds_count', { topic: platform.definition.topics.parts }),
    ).toBeGreaterThan(0);
    expect(valueOf('aggregator', 'tillstream_redis_up') + valueOf('gateway', 'tillstream_kafka_up')).toBe(2);
    expect(Math.abs(valueOf('aggregator', 'tillstream_clock_offset_seconds'))).toBeLessThan(1);
    for (const service of services) expect([service, valueOf(service, 'tillstream_ready')]).toEqual([service, 1]);
  });

  it('says how long results were waited for: no longer than the test', () => {
    for (const kind of ['provisional', 'final']) {
      const count = valueOf('query-api', 'tillstream_visible_seconds_count', { kind });
      const mean = valueOf('query-api', 'tillstream_visible_seconds_sum', { kind }) / count;
      expect([kind, count > 0, mean > 0 && mean < SEEN_WITHIN_MS / 1000]).toEqual([kind, true, true]);
    }
  });

  it('logs one line for a batch, with its trace, and neither keys nor anything of an event', async () => {
    const logs = readdirSync(platform.directory).filter((file) => file.endsWith('.log'));
    const text = logs.map((file) => readFileSync(join(platform.directory, file), 'utf8')).join('\n');
    for (const secret of [WRITE_KEY, ...Object.values(SECRETS)]) {
      expect([secret, text.split('\n').find((line) => line.includes(secret)) ?? null]).toEqual([secret, null]);
    }
    const lines = text.split('\n').filter((line) => line.includes('"message":"batch"'));
    const batches = lines.map(
      (line) => JSON.parse(line) as { task: string; topic: string; level: string; trace_id: string },
    );
    expect(new Set(batches.map(({ task }) => task))).toEqual(
      new Set(['enrich', 'aggregate', 'merge', 'track', 'store']),
    );
    for (const { level, trace_id } of batches)
      expect([level, trace_id]).toEqual(['debug', expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(logs).toHaveLength(services.length);
  });
});
