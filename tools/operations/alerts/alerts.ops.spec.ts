import { findPrometheus } from '@tillstream/local';
import { DASHBOARDS } from '../../dashboards/all';
import { until } from '../../e2e/platform';
import { POISON } from '../../e2e/sabotage';
import { post } from '../../e2e/through-gateway';
import { startTill, till } from '../../e2e/till';
import { metricsIn, rulesOf, shippedRules } from './rules';
import { WatchedPlatform } from './watched-platform';

jest.setTimeout(240_000);

/** Ten minutes, by the clock of the rules. */
const QUIET_MS = 30_000;
/** A fault is over when nothing fires for three scrapes. */
const OVER_MS = 9_000;
const WITHIN_MS = 120_000;
const POISONED = 1;
/** The connector is not part of this platform. */
const NOT_THERE = /^tillstream_connector_/;

const programs = findPrometheus('alerts and dashboards of a real platform');
const describeIfThere = programs ? describe : describe.skip;

describeIfThere('a real Prometheus that watches a real platform', () => {
  let watched: WatchedPlatform;

  beforeAll(async () => {
    watched = await WatchedPlatform.start(programs!);
  });
  afterAll(() => watched?.stop());

  it('is quiet while all is well', () => untilQuiet(QUIET_MS));

  it('is given every number that the rules look at', async () => {
    const names = await watched.client.metricNames();
    const asked = rulesOf(shippedRules()).flatMap(({ expr }) => metricsIn(expr));
    const missing = asked.filter((name) => {
      return !names.has(name) && !names.has(name.replace(/_(bucket|count|sum)$/, '')) && !NOT_THERE.test(name);
    });
    expect(missing).toEqual([]);
  });

  it('has something to show in every panel', async () => {
    const empty = new Map(panelQueries(watched.platform.stream));
    await until('every panel to have data', WITHIN_MS, async () => {
      await till(watched.platform, 'query', 'windows', 'revenue_by_category');
      for (const [where, expr] of empty) {
        const samples = await watched.client.query(expr);
        if (samples.some(({ value }) => !Number.isNaN(value))) empty.delete(where);
      }
      return empty.size === 0;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${[...empty].map(([where, expr]) => `${where}: ${expr}`).join('\n')}`);
    });
  });

  it('tells of Redis, and not of all that waits for it', async () => {
    await watched.killRedis();
    await only('TillstreamRedisDown');
    await watched.reviveRedis();
    await untilQuiet();
  });

  it('tells of an enricher that is gone', async () => {
    const ended = await watched.end('enricher');
    const alert = await only('TillstreamServiceGone');
    expect(alert.labels).toMatchObject({ service: 'enricher', severity: 'critical' });
    expect(alert.annotations['summary']).toBe('No enricher is left');
    await watched.replace(ended);
    await untilQuiet();
  });

  it('tells of a record that kills its reader', async () => {
    const { platform } = watched;
    const { raw } = platform.definition.topics;
    const offset = await platform.writer.append(raw, POISONED, [POISON]);
    const alert = await only('TillstreamPartitionStopped');
    expect(alert.labels).toMatchObject({ service: 'enricher', topic: raw, partition: String(POISONED) });
    const range = [platform.stream, POISONED, offset, offset + 1].map(String);
    const skipped = await startTill(platform, ['skip', 'enricher', ...range, '--reason', 'poison', '--yes']).outcome;
    expect(skipped).toMatchObject({ code: 0 });
    await untilQuiet();
  });

  it('tells of a sender whose clock is ten minutes fast', async () => {
    const alert = await only('TillstreamSenderClockAhead', async () => {
      const timestamp = new Date(Date.now() + 600_000).toISOString();
      const event = { event_id: `fast-${Date.now()}`, event_type: 'page_view', timestamp, user_id: 'fast' };
      expect((await post(watched.platform, JSON.stringify(event))).status).toBe(202);
    });
    expect(alert.labels).toMatchObject({ stream: watched.platform.stream });
  });

  /** Nothing fires, and nothing does for a while. */
  async function untilQuiet(forMs = OVER_MS): Promise<void> {
    let sinceMs = Date.now();
    let last: readonly string[] = [];
    await until('the alerts to be quiet', WITHIN_MS, async () => {
      const firing = await watched.firing();
      if (firing.length > 0) [sinceMs, last] = [Date.now(), firing];
      return Date.now() - sinceMs > forMs;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; ${last.join(', ')} fired last`);
    });
  }

  /** Waits until an alert fires, and sees that it is the only one. @param meanwhile what is done again and again until then */
  async function only(
    name: string,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<{
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }> {
    await until(`${name} to fire`, WITHIN_MS, async () => {
      await meanwhile();
      return (await watched.firing()).length > 0;
    });
    const firing = (await watched.client.alerts()).filter(({ state }) => state === 'firing');
    expect([...new Set(firing.map(({ labels }) => labels['alertname']))]).toEqual([name]);
    for (const { annotations } of firing) expect(Object.values(annotations).join()).not.toMatch(/\{\{|<error|no value/);
    return firing[0]!;
  }
});

/** What each panel asks for, as Grafana would ask with everything chosen at its top. */
function panelQueries(stream: string): readonly (readonly [where: string, expr: string])[] {
  return Object.entries(DASHBOARDS).flatMap(([file, { rows }]) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) =>
        queries.map(({ legend, expr }) => {
          const filled = expr
            .replaceAll('$__rate_interval', '30s')
            .replaceAll('$stream', stream)
            .replace(/\$(namespace|service)/g, '.*');
          return [`${file}: ${title}: ${legend}`, filled] as const;
        }),
      ),
    ),
  );
}
