import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { agreesWith, plainResults } from './plain-oracle';
import { Platform, WRITE_KEY, servers } from './platform';
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

/** The shipped stream file of Wikimedia's edits. */
function wikimediaText(): string {
  return readFileSync('deploy/streams/wikimedia.yaml', 'utf8');
}

async function replay(platform: Platform, files: readonly string[], ...options: readonly string[]): Promise<string> {
  const gateway = platform.processes.find(({ service }) => service === 'gateway');
  const { stderr } = await run(process.execPath, [
    ...['dist/apps/cli/main.js', 'replay', platform.stream, ...files, ...options],
    ...['--to', `http://127.0.0.1:${gateway?.http}`, '--key', WRITE_KEY, '--brokers', servers().brokers.join(',')],
    ...['--stream-files', platform.streamFile, '--state', join(platform.directory, 'replay.json')],
  ]);
  return stderr;
}

// Bodies of five events: in the order of their arrival each of them moves the time of its partition.
(there ? describe : describe.skip).each([
  ['as they were captured', capture('jsonl.gz'), '1000'],
  ['as they arrived, in small bodies', capture('arrival.jsonl.gz'), '5'],
])('two stretches of Wikimedia’s stream, %s', (_, files, batch) => {
  const platform = new Platform(wikimediaText);

  beforeAll(async () => {
    await platform.createTopics();
    for (const service of ['gateway', 'enricher', 'aggregator', 'query-api'] as const) await platform.start(service);
    await platform.allReady();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('give every window of every metric as a plain script computes them', async () => {
    expect(await replay(platform, files, '--finish', '--batch', batch)).toContain('2460 events');
    await agreesWith(platform, ORACLE, files);
    const results = await plainResults(ORACLE, files);
    const metrics = new Set(results.map(({ metric }) => metric));
    expect([...metrics].sort()).toEqual(platform.definition.metrics.map(({ name }) => name).sort());
    const edits = results.filter(({ metric }) => metric === 'top_users').map(({ measures }) => measures['edits']);
    expect(edits).toEqual([1034, 747]);
  }, 240_000);

  it('change nothing when they come once more', async () => {
    await replay(platform, files, '--allow-late', '--batch', batch);
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
      [expect.any(String), '0', '0.0', '2,460', '0', '0', '0', '2020-06-24T09:58:12.000Z'], // prettier-ignore
    );
  }, 60_000);
});
