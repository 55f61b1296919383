import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAIN_SHOP, shopRows } from '@tillstream/shop-events';
import { commerceText } from '../oracle/three-metrics';
import { agreesWith, plainResults } from './plain-oracle';
import { Platform } from './platform';
import { publish } from './through-gateway';

const ORACLE = 'tools/oracle/commerce-oracle.mjs';
const VISITS_ORACLE = 'tools/oracle/visit-metrics-oracle.mjs';
const EVENTS = 12_000;
const BODY = 400;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/**
 * Three days ago, late in the evening: the events cross hours and midnight, and all windows can be closed by an `advance`, which is
 * never ahead of the clock: those of a day end in the second night.
 */
const START_MS = Math.floor(Date.now() / DAY) * DAY - 2 * DAY - 2 * HOUR + 10_000;
const EVENTS_A_SECOND = (EVENTS / (3.9 * HOUR)) * 1000;

describe('the shop’s metrics on the events of a generated shop', () => {
  const platform = new Platform(commerceText);
  const file = join(platform.directory, 'events.ndjson');
  const shop = { ...PLAIN_SHOP, seed: 5, users: 300, products: 60, purchases: 0.15, disorderMs: 5_000 };
  const rows = [...shopRows({ ...shop, count: EVENTS, startMs: START_MS, eventsPerSecond: EVENTS_A_SECOND })];

  beforeAll(async () => {
    writeFileSync(file, rows.map(({ text }) => `${text}\n`).join(''));
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('are each what a plain script computes, through a crash and over partitions', async () => {
    for (let from = 0; from < EVENTS; from += BODY) {
      await publish(
        platform,
        rows.slice(from, from + BODY).map(({ text }) => text),
      );
      if (from === EVENTS / 2) await platform.killAndRestart(platform.service('aggregator'));
    }
    await platform.advance(START_MS + 2 * DAY);
    await agreesWith(platform, ORACLE, [file]);
    await agreesWith(platform, VISITS_ORACLE, [file]);
  }, 240_000);

  it('split revenue by everything that events say', async () => {
    const results = await plainResults(ORACLE, [file]);
    const groups = (metric: string, field: string) =>
      new Set(results.filter((row) => row.metric === metric).map(({ group }) => group[field]));
    expect(groups('revenue_by_country', 'country').size).toBeGreaterThan(5);
    expect(groups('revenue_by_device', 'device_type')).toEqual(new Set(['mobile', 'desktop', 'tablet']));
    expect(groups('revenue_by_payment_method', 'payment_method').size).toBe(5);
    expect(groups('peak_hours', 'hour_of_day')).toEqual(new Set([22, 23, 0, 1]));
    expect(new Set(results.map(({ metric }) => metric))).toEqual(
      new Set(platform.definition.metrics.map(({ name }) => name)),
    );
  });
});
