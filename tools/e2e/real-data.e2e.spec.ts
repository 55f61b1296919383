import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPython } from '@tillstream/local';
import { commerceText } from '../oracle/three-metrics';
import { falsify, findFinal } from './falsify';
import { LIBRARIES, lakeAgrees, lakeRows, linesOf, parsedLines, sourceRows, withQuickLake } from './lake/lake-rows';
import { agreesWith, plainResults } from './plain-oracle';
import { Platform, SERVICES } from './platform';
import { replay } from './through-gateway';
import { till } from './till';
import { plainComparison, plainVisits, visitsAgree } from './visits';

const DATA = process.env['TILLSTREAM_DATA'] ?? '../shared/data';
const FILE = join(DATA, 'rees46/2019-10-01_0000-0250.csv.gz');
/** An id that events of the users 555463297 and 555463292 have. */
const TWO_USERS = '2759bd71-1333-4348-816d-c02912f6ebd4';
const ORACLE = 'tools/oracle/commerce-oracle.mjs';
const VISITS_ORACLE = 'tools/oracle/visit-metrics-oracle.mjs';

const there = existsSync(FILE);
if (!there)
  process.stderr.write(`skipped: there is no ${FILE}; TILLSTREAM_DATA names the directory of the real data\n`);

/** Null: what the libraries of others read is not compared. */
const python = there ? findPython('what DuckDB and pyarrow read out of the lake') : null;

(there ? describe : describe.skip)('the head of a real shop’s October', () => {
  const platform = new Platform(() => withQuickLake(commerceText()));

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll([...SERVICES, 'sink-writer']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('gives every window of every metric as a plain script computes them from the file', async () => {
    await replay(platform, 'rees46', FILE, '--speed', 'max', '--finish', '--stream', platform.stream);
    await agreesWith(platform, ORACLE, [FILE]);
    await agreesWith(platform, VISITS_ORACLE, [FILE]);

    const windows = await plainResults(ORACLE, [FILE]);
    // Every other window of one minute starts where the one before ended: together they hold each purchase once.
    const tumbling = windows.filter(
      ({ metric, window_start }) => metric === 'revenue_by_category' && Date.parse(window_start) % 60_000 === 0,
    );
    const cents = tumbling.reduce((sum, { measures }) => sum + Math.round(Number(measures['total_revenue']) * 100), 0);
    const purchases = tumbling.reduce((sum, { measures }) => sum + Number(measures['purchase_count']), 0);
    expect([purchases, cents]).toEqual([214, 5_944_263]);
    // The whole file is of one day.
    const hours = windows.filter(({ metric }) => metric === 'peak_hours');
    expect(hours.map(({ group, measures }) => [group['hour_of_day'], measures['events']])).toEqual([
      [0, 1083],
      [1, 121],
      [2, 16_230],
    ]);
  }, 240_000);

  it('gives the sessions and pairs that a plain script finds in the file', async () => {
    const expected = await plainVisits([FILE]);
    const pairs = expected.attributions.map((line) => (JSON.parse(line) as { views: unknown[] }).views.length);
    expect([expected.sessions.length, pairs.length, pairs.reduce((sum, views) => sum + views, 0)]).toEqual([
      ...[4_518, 214, 388],
    ]);
    expect(pairs.filter((views) => views === 0)).toHaveLength(2);
    await visitsAgree(platform, expected);
  }, 120_000);

  it('has every row of the file in the lake, and every result, as the libraries of others read it', async () => {
    const reports = await lakeAgrees(platform);
    const expected = linesOf(platform, await sourceRows('commerce', [FILE]));
    expect(expected).toHaveLength(17_434);
    expect(reports).toMatchObject({ events: { compared: 17_434, expired: 0 }, sessions: { compared: 4_518 } });
    expect(Object.keys(reports).sort()).toEqual(['attributions', 'events', 'finals', 'sessions']);
    const exported = join(platform.directory, 'events.ndjson');
    expect(await till(platform, 'export', 'events', exported)).toMatchObject({ code: 0 });
    expect(linesOf(platform, parsedLines(readFileSync(exported, 'utf8')))).toEqual(expected);
    if (python === null) return;
    for (const library of LIBRARIES) {
      const rows = await lakeRows(python, platform, library, 'events');
      expect(linesOf(platform, rows)).toEqual(expected);
      expect(new Set(rows.map((row) => [row['_partition'], row['_offset'], row['_index']].join())).size).toBe(17_434);
    }
    const [bought] = await lakeRows(
      ...([python, platform, 'duckdb', 'events'] as const),
      "SELECT count(*) AS purchases, sum(revenue) AS revenue FROM rows WHERE event_type = 'purchase'",
    );
    expect(bought).toEqual({ purchases: 214, revenue: '59442.63' });
  }, 240_000);

  it('says where the shop’s own session ids disagree with its sessions', async () => {
    const { code, stdout } = await till(platform, 'sessions', '--compare', '--json');
    expect(code).toBe(0);
    // The shop gives a new id whenever somebody opens it anew, also within the half hour: so it has 548 more ids than there are
    // sessions. Two of its ids go on: one of a page that was looked at again after an hour, and one that two users have, as if
    // somebody had changed the account.
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ users: 4_504, sessions: 4_518, client_sessions: 5_066, sessions_without_client: 0 },
      ...{ sessions_with_several_clients: 418, clients_in_several_sessions: 2 },
      examples: { split: expect.arrayContaining([expect.objectContaining({ client: TWO_USERS })]) },
    });
    const { examples: _, ...counted } = await plainComparison([FILE]);
    expect(JSON.parse(stdout)).toMatchObject(counted);
  }, 60_000);

  it('gives every final again from the raw log, byte for byte, wherever the reading begins', async () => {
    const whole = await till(platform, 'verify');
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    const { from, to } = { from: '2019-10-01T00:40:00Z', to: '2019-10-01T01:10:00Z' };
    const part = await till(platform, 'verify', '--from', from, '--to', to);
    expect(part).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    expect(finalsIn(part.stdout)).toBeGreaterThan(0);
    expect(finalsIn(part.stdout)).toBeLessThan(finalsIn(whole.stdout));
    const alone = await till(platform, 'verify', '--from-the-beginning', '--metric', 'conversion_funnel');
    expect(alone.code).toBe(0);
  }, 120_000);

  it('compares two metrics by their windows and groups', async () => {
    const where = ['--query', `127.0.0.1:${platform.service('query-api').grpc}`];
    const metric = platform.definition.metrics.find(({ name }) => name === 'revenue_by_category');
    const same = await till(platform, 'diff', 'revenue_by_category', metric?.identity ?? '', ...where);
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining('groups of windows are equal') });
    const other = await till(platform, 'diff', 'revenue_by_category', 'high_value_users', ...where);
    expect(other.code).toBe(3);
    expect(other.stdout).toContain('Only one of them has total_revenue, avg_order_value');
    expect(other.stdout).toContain('Their windows differ: 1m every 30s and 5m every 1m.');
  }, 60_000);

  it('names a final that somebody has changed', async () => {
    const final = await findFinal(platform, 'revenue_by_category', (value) => value.includes('"purchase_count":1'));
    await falsify(platform, final, final.value.replace('"purchase_count":1', '"purchase_count":2'));
    const { code, stdout, stderr } = await till(platform, 'verify');
    expect(code).toBe(3);
    const [, , start, group] = final.key.split('|');
    const { category } = JSON.parse(group ?? '') as { category: string | null };
    expect(stdout).toContain(
      `The first difference: revenue_by_category, window ${start}, group category=${category}: ` +
        `purchase_count stands as 2, raw gives 1`,
    );
    expect(stderr).toContain('1 final not as raw gives them (1 differ, 0 missing, 0 that nothing gives)');
    // The lake keeps what was told first.
    const beside = await till(platform, 'verify', '--lake', '--feed', 'finals');
    expect(beside).toMatchObject({ code: 3, stderr: expect.stringMatching(/^till: 1 row of [\d,]+ not as the log/m) });
    expect(beside.stdout).toContain(`finals: ${final.key} (partition `);
  }, 120_000);
});

/** From `N finals, … compared: …`. */
const finalsIn = (stdout: string): number =>
  Number(/([\d,]+) finals.* compared/.exec(stdout)?.[1]?.replaceAll(',', ''));
