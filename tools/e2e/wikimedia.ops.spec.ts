import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { streamsOf } from '@tillstream/contracts';
import { findPython } from '@tillstream/local';
import { LIBRARIES, lakeAgrees, lakeRows, linesOf, sourceRows, withQuickLake } from './lake/lake-rows';
import { agreesWith, plainResults } from './plain-oracle';
import { Platform, SERVICES, servers } from './platform';
import { replay } from './through-gateway';
import { till } from './till';

const run = promisify(execFile);
const DATA = join(process.env['TILLSTREAM_DATA'] ?? '../shared/data', 'wikimedia');
const ORACLE = 'tools/oracle/wikimedia-oracle.mjs';
const CAPTURES = ['recentchange_2020-06-24T0934Z', 'recentchange_2020-06-24T0957Z'];
const capture = (ending: string) => CAPTURES.map((name) => join(DATA, `${name}.${ending}`));

const there = [...capture('jsonl.gz'), ...capture('arrival.jsonl.gz')].every((file) => existsSync(file));
if (!there) {
  process.stderr.write(
    `skipped: there are no captures in ${DATA}; TILLSTREAM_DATA names the directory of the real data\n`,
  );
}

/** What the captures have none of, but the stream has: events of its own, types without a name, users that are hidden. */
const ODD = [
  { type: 'edit', meta: { domain: 'canary' }, user: 'Canary', bot: false, length: { old: 1, new: 1_000_000 } },
  { type: '142', user: 'Talker', wiki: 'mediawikiwiki', namespace: 2600, log_params: ['a', { b: 1 }] },
  { type: 'edit', wiki: 'enwiki', bot: true, namespace: 0, length: { old: 7, new: 7 } },
  { type: 'new', wiki: 'enwiki', user: 'Ännchen 😀', bot: false, namespace: -1, length: { new: 12 }, id: null },
  { type: 'edit', user: 'Nobody', bot: false, minor: true, length: [], namespace: 0 },
  { type: 'edit', user: 'Remover', wiki: 'enwiki', bot: false, length: { old: '900', new: '100' } },
].map(({ meta, ...event }, i) => ({
  ...event,
  meta: { id: `odd-${i}`, dt: `2020-06-24T09:34:4${i}Z`, uri: `https://odd.example/${i % 2}`, ...meta },
}));

/** The shipped stream file of Wikimedia's edits. */
function wikimediaText(): string {
  return readFileSync('deploy/streams/wikimedia.yaml', 'utf8');
}

/** The ten most active users of ten minutes, out of the lake; of equally active ones those whose names come first. */
const TOP_USERS = `
  SELECT epoch_ms("meta.dt") // 600000 * 600000 AS window_start, "user", count(*) AS edits
  FROM rows WHERE "meta.domain" IS DISTINCT FROM 'canary' AND type IN ('edit', 'new') AND "user" IS NOT NULL
  GROUP BY 1, 2 QUALIFY row_number() OVER (PARTITION BY window_start ORDER BY edits DESC, "user") <= 10
  ORDER BY window_start, edits DESC, "user"`;

interface TopUsers {
  readonly window_start: string;
  readonly measures: { readonly users: readonly { readonly value: string; readonly amount: number }[] };
}

/** The same of what the live view answers. */
function rankedUsers(answers: string): object[] {
  const windows = answers.split('\n').filter((line) => line !== '');
  return windows
    .map((line) => JSON.parse(line) as TopUsers)
    .sort((a, b) => (a.window_start < b.window_start ? -1 : 1))
    .flatMap(({ window_start, measures: { users } }) =>
      users.map(({ value, amount }) => ({ window_start: Date.parse(window_start), user: value, edits: amount })),
    );
}

/** Null: what the libraries of others read is not compared. */
const python = there ? findPython('what DuckDB and pyarrow read out of the lake') : null;

// Bodies of five events: in the order of their arrival each of them moves the time of its partition.
(there ? describe : describe.skip).each([
  ['as they were captured', capture('jsonl.gz'), '1000'],
  ['as they arrived, in small bodies', capture('arrival.jsonl.gz'), '5'],
])('two stretches of Wikimedia’s stream, %s', (_, captured, batch) => {
  const platform = new Platform(() => withQuickLake(wikimediaText()));
  const odd = join(platform.directory, 'odd.jsonl');
  const files = [odd, ...captured];

  beforeAll(async () => {
    writeFileSync(odd, ODD.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await platform.createTopics();
    await platform.startAll([...SERVICES, 'sink-writer']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('give every window of every metric as a plain script computes them', async () => {
    expect(await replay(platform, platform.stream, ...files, '--finish', '--batch', batch)).toContain('2466 events');
    await agreesWith(platform, ORACLE, files);
    const results = await plainResults(ORACLE, files);
    const metrics = new Set(results.map(({ metric }) => metric));
    const declared = streamsOf(platform.definition).flatMap((stream) => stream.metrics);
    expect([...metrics].sort()).toEqual(declared.map(({ name }) => name).sort());
    const edits = results.filter(({ metric }) => metric === 'top_users').map(({ measures }) => measures['edits']);
    expect(edits).toEqual([1034 + 4, 747]);
    expect(JSON.stringify(results)).not.toContain('anary');
    expect(results.find(({ metric, group }) => metric === 'events_by_type' && group['type'] === '142')).toBeDefined();
  }, 240_000);

  it('are in the lake, row for row, and give it the users that the live view names', async () => {
    const reports = await lakeAgrees(platform);
    expect(reports['events']).toMatchObject({ compared: 2466, expired: 0 });
    if (python === null) return;
    const expected = linesOf(platform, await sourceRows('wikimedia', files));
    for (const library of LIBRARIES) {
      const rows = await lakeRows(python, platform, library, 'events');
      expect(linesOf(platform, rows)).toEqual(expected);
    }
    const stored = await lakeRows(python, platform, 'duckdb', 'events', TOP_USERS);
    const { stdout } = await till(platform, 'query', 'windows', 'top_users', '--all', '--json');
    expect(stored).toEqual(rankedUsers(stdout));
    expect(stored).toHaveLength(2 * 10);
  }, 240_000);

  it('change nothing when they come once more', async () => {
    await replay(platform, platform.stream, ...files, '--allow-late', '--batch', batch);
    const verified = await till(platform, 'verify');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    await agreesWith(platform, ORACLE, files);
  }, 240_000);

  it('are counted in the terminal', async () => {
    const where = ['--brokers', servers().brokers.join(','), '--stream-files', platform.streamFile];
    const { stdout } = await run(process.execPath, [
      ...['dist/apps/cli/main.js', 'tail', platform.stream, ...where],
      ...['--from-the-beginning', '--counts', '100ms', '--count', '1'],
    ]);
    const [, counts = ''] = stdout.split('\n');
    expect(counts.trim().split(/\s+/)).toEqual(
      [expect.any(String), '0', '0.0', '2,466', '0', '0', '0', '2020-06-24T09:58:12.000Z'], // prettier-ignore
    );
  }, 60_000);
});
