import { decodeAlertRecord } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import type { PlainDefinition } from '../oracle/raw-oracle';
import { commerceText, withMetrics } from '../oracle/three-metrics';
import { differences } from '../simulate/verdict';
import { Workload } from '../simulate/workload';
import { Platform, settled } from './platform';
import { till } from './till';

const SEED = 20_265;
const DELIVERIES = 300;
const KILL_EVERY = 60;
const MINUTE_MS = 60_000;
const START_MS = Date.now() - 3 * 3_600_000;

const METRICS = `metrics:
  orders:
    where: event_type == 'purchase'
    groupBy: [user_id]
    window: { size: 2m, hop: 1m }
    measures: { events: count(), total: sum(revenue) }
    compare: previous
    alert: { when: 'change(events, previous) > 0 || events > 2', for: 2, severity: critical }
  looked_at:
    groupBy: [category]
    window: { size: 1m }
    measures: { events: count() }
    alert: { when: 'robust_z(events, 1m, 4) > 0.5 || events > 3' }
`;

const plain: PlainDefinition = {
  ...plainCommerce,
  metrics: {
    orders: {
      ...{ groupBy: ['user_id'], sizeMs: 2 * MINUTE_MS, hopMs: MINUTE_MS, outOfOrdernessMs: 10_000 },
      where: ({ event_type: type }) => type === 'purchase',
      measures: { events: { count: true }, total: { sum: 'revenue' } },
      alert: {
        forWindows: 2,
        holds: ({ events }, past) => {
          const before = past(2 * MINUTE_MS);
          const isMore = before !== undefined && Number(events) > Number(before?.['events'] ?? 0);
          return isMore || Number(events) > 2;
        },
      },
    },
    looked_at: {
      ...{ groupBy: ['category'], sizeMs: MINUTE_MS, hopMs: MINUTE_MS, outOfOrdernessMs: 10_000 },
      measures: { events: { count: true } },
      alert: {
        forWindows: 1,
        holds: ({ events }, past) => {
          if (Number(events) > 3) return true;
          const earlier = [1, 2, 3, 4].flatMap((minutes) => {
            const final = past(minutes * MINUTE_MS);
            return final === undefined ? [] : [Number(final?.['events'] ?? 0)];
          });
          if (earlier.length < 3) return false;
          const usual = middle(earlier);
          const spread = middle(earlier.map((one) => Math.abs(one - usual)));
          return spread !== 0 && (Number(events) - usual) / (1.4826 * spread) > 0.5;
        },
      },
    },
  },
};

/** Of three or four numbers. */
function middle(numbers: readonly number[]): number {
  const [, second = 0, third = 0] = [...numbers].sort((a, b) => a - b);
  return numbers.length === 3 ? second : (second + third) / 2;
}

describe('alerts and comparisons, whoever decides killed now and then', () => {
  const platform = new Platform(() => withMetrics(commerceText(), METRICS));

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll(['enricher', 'aggregator', 'aggregator', 'query-api']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('are what a plain reading of the finals says, once each', async () => {
    const { topics, schema } = platform.definition;
    const workload = new Workload(new SeededRandom(SEED), {
      ...{ partitions: schema.partitions, users: 6, startMs: START_MS, spacingMs: 3_000, disorderMs: 5_000 },
      ...{ late: 0.01, duplicates: 0.05, bad: 0, misplaced: 0 },
    });
    for (let sent = 0; sent < DELIVERIES; sent += 1) {
      for (const { partition, records } of workload.next(START_MS + 2 * 3_600_000)) {
        await platform.writer.append(topics.raw, partition, records);
      }
      if (sent % KILL_EVERY !== KILL_EVERY / 2) continue;
      const aggregators = platform.processes.filter(({ service }) => service === 'aggregator');
      await platform.killAndRestart(aggregators[(sent / KILL_EVERY) & 1] ?? aggregators[0]!);
    }
    await platform.allReady();
    await platform.advance(START_MS + 2.5 * 3_600_000);
    await settled(platform, (readTopic) => differences(platform.definition, plain, readTopic));

    const told = (await platform.readTopic(topics.alerts)).flat().map(decodeAlertRecord);
    const idsOf = (kind: string) =>
      new Set(told.flatMap((record) => (record.kind === kind && 'id' in record ? [record.id] : [])));
    const [opened, resolved] = [idsOf('opened'), idsOf('resolved')];
    expect(opened.size).toBeGreaterThan(20);

    const listed = await till(platform, 'alerts', '--json', '--limit', '10000');
    expect(listed).toMatchObject({ code: 0 });
    const alerts = jsonLines(listed.stdout) as { readonly id: string; readonly state: string }[];
    expect(new Set(alerts.map(({ id }) => id))).toEqual(opened);
    expect(alerts).toHaveLength(opened.size);
    expect(new Set(alerts.filter(({ state }) => state === 'resolved').map(({ id }) => id))).toEqual(resolved);

    const windows = await till(platform, 'query', 'windows', 'orders', '--all', '--final', '--json');
    const rows = jsonLines(windows.stdout) as readonly OrderRow[];
    expect(rows.length).toBeGreaterThan(20);
    const ordersIn = (start: string, user: string): number | null => {
      const found = rows.filter(({ window_start }) => window_start === start);
      return found.length === 0 ? null : (found.find(({ group }) => group.user_id === user)?.measures.events ?? 0);
    };
    for (const { window_start, group, measures, compared } of rows) {
      const before = ordersIn(new Date(Date.parse(window_start) - 2 * MINUTE_MS).toISOString(), group.user_id);
      expect(compared.previous.change.events).toBe(before === null ? null : measures.events - before);
    }
  }, 300_000);
});

interface OrderRow {
  readonly window_start: string;
  readonly group: { readonly user_id: string };
  readonly measures: { readonly events: number };
  readonly compared: { readonly previous: { readonly change: { readonly events: number | null } } };
}

const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
