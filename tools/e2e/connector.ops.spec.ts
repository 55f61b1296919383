import { freePort } from '@tillstream/local';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Behaviour, idOf, SseServer } from '../../apps/connector/src/testing/sse-server';
import { agreesWith } from './plain-oracle';
import { Platform, WRITE_KEY, until } from './platform';
import { till } from './till';

const DATA = join(process.env['TILLSTREAM_DATA'] ?? '../shared/data', 'wikimedia');
const ORACLE = 'tools/oracle/wikimedia-oracle.mjs';
const FILES = ['recentchange_2020-06-24T0934Z', 'recentchange_2020-06-24T0957Z'].map((name) =>
  join(DATA, `${name}.jsonl.gz`),
);
const WITHIN_MS = 60_000;
/** Behind the end of the last window and what it waits for. */
const END_MS = Date.parse('2020-06-24T11:00:00Z');

const there = FILES.every((file) => existsSync(file));
if (!there) process.stderr.write(`skipped: there are no captures in ${DATA}; TILLSTREAM_DATA names the real data\n`);

const serve = (events: number, then: 'end' | 'cut' | 'stall', repeats = 0): Behaviour => {
  return { kind: 'serve', events, repeats, then };
};

(there ? describe : describe.skip)('a connector that follows Wikimedia’s stream', () => {
  const platform = new Platform(() => readFileSync('deploy/streams/wikimedia.yaml', 'utf8'));
  const positionFile = join(platform.directory, 'position', 'wikimedia.json');
  const events = there ? FILES.flatMap((file) => gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')) : []; // prettier-ignore
  const source = new SseServer(events, [
    serve(300, 'cut'),
    serve(400, 'stall', 5),
    { kind: 'answer', status: 503, headers: { 'retry-after': '0' } },
    { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' } },
    serve(500, 'end'),
    serve(200, 'cut', 30),
    serve(300, 'stall'),
    { kind: 'reset' },
  ]);
  let connector: ChildProcess;
  let http = 0;

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
    http = await freePort();
  }, 120_000);

  afterAll(async () => {
    connector?.kill('SIGTERM');
    await Promise.all([source.stop(), platform.stop()]);
  }, 60_000);

  const reaches = (offset: number): Promise<void> =>
    until(`the position to be that of event ${offset}`, WITHIN_MS, () => {
      const kept = existsSync(positionFile) ? readFileSync(positionFile, 'utf8') : '{}';
      return Promise.resolve((JSON.parse(kept) as { lastEventId?: string }).lastEventId === idOf(offset));
    });

  it('counts each change once, through broken connections, repeats, silence, and kills of itself and the gateway', async () => {
    const url = await source.start();
    connector = startConnector(url);
    await reaches(699);
    connector.kill('SIGKILL');
    await once(connector, 'exit');
    connector = startConnector(url);
    await reaches(1_699);
    await platform.killAndRestart(platform.service('gateway'));
    await reaches(events.length - 1);

    await platform.advance(END_MS);
    await agreesWith(platform, ORACLE, FILES);
    const { code, stdout } = await till(platform, 'verify');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    expect(source.asked.slice(0, 4)).toEqual([null, idOf(299), idOf(699), idOf(699)]);
  }, 240_000);

  it('says how it does, and ends in order', async () => {
    // The source has nothing more to tell: connections are given up as silent, and made again.
    await until('the connector to be ready', WITHIN_MS, async () => {
      const answer = await fetch(`http://127.0.0.1:${http}/readyz`);
      const { checks } = (await answer.json()) as { checks: Record<string, string> };
      return answer.ok && checks['source'] === 'ok' && checks['gateway'] === 'ok';
    });
    const [delivered = ''] = await platform.metric(http, 'tillstream_connector_delivered_total');
    expect(Number(delivered.split(' ').at(-1))).toBeGreaterThan(events.length - 700);
    connector.kill('SIGTERM');
    expect(await once(connector, 'exit')).toEqual([0, null]);
  }, 60_000);

  function startConnector(url: URL): ChildProcess {
    const child = spawn(process.execPath, ['dist/apps/connector/main.js'], {
      env: {
        ...process.env,
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: String(http),
        STREAM_FILES: platform.streamFile,
        TILLSTREAM_WRITE_KEY: WRITE_KEY,
        CONNECTOR_SOURCE_URL: url.href,
        CONNECTOR_STREAM: platform.stream,
        CONNECTOR_GATEWAY_URL: `http://127.0.0.1:${platform.service('gateway').http}`,
        CONNECTOR_POSITION_FILE: positionFile,
        CONNECTOR_STALL_TIMEOUT: '1s',
        CONNECTOR_RETRY: '50ms',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(platform.directory, 'connector.log'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }
});
