import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SeededRandom } from '@tillstream/shop-events';
import { parseStreamFile } from '@tillstream/contracts';
import { foreignEvents } from './clients/foreign-events';
import { snippetsOf } from './clients/guide';
import type { Outcome } from './clients/programs';
import { findGrpcurl, findKcat, findPython, runProgram } from './clients/programs';
import { acceptedIds, sendWithKafkajs } from './clients/sending';
import { Platform, servers, until, WRITE_KEY } from './platform';
import { post } from './through-gateway';

const MINUTE = 60_000;
const GUIDE = 'docs/connecting.md';
/** Two hours ago, on the minute, where the page says noon of a day. */
const NOON_MS = Math.floor(Date.now() / MINUTE) * MINUTE - 120 * MINUTE;
const WITHIN_MS = 60_000;

const python = findPython();
const kcat = findKcat();
const grpcurl = findGrpcurl();
const withPython = python === null ? it.skip : it;
const withKcat = kcat === null ? it.skip : it;
const withGrpcurl = grpcurl === null ? it.skip : it;

describe(`what ${GUIDE} shows`, () => {
  const platform = new Platform();
  const names = [...snippetsOf(GUIDE, (same) => same).keys()];

  /** A block of the page, with the addresses of this platform. */
  function snippet(name: string): string {
    const minute = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16);
    const places: readonly (readonly [string | RegExp, string])[] = [
      ['127.0.0.1:19092', servers().brokers[0] ?? ''],
      ['127.0.0.1:8080', `127.0.0.1:${platform.service('gateway').http}`],
      ['127.0.0.1:50051', `127.0.0.1:${platform.service('gateway').grpc}`],
      ['127.0.0.1:50052', `127.0.0.1:${platform.service('query-api').grpc}`],
      ['tillstream-demo', WRITE_KEY],
      [/\bcommerce\b/g, platform.stream],
      ['2026-01-01T12:00', minute(NOON_MS)],
      ['2026-01-01T12:01', minute(NOON_MS + MINUTE)],
    ];
    const here = snippetsOf(GUIDE, (text) =>
      places.reduce((all, [there, place]) => all.replaceAll(there, place), text),
    );
    return here.get(name)?.text ?? '';
  }

  function run(name: string): Promise<Outcome> {
    const text = snippet(name);
    if (name === 'kafkajs') return runProgram(process.execPath, ['--input-type=module', '-e', text]);
    if (name === 'kafka-python') return runProgram(python ?? '', ['-c', text]);
    const PATH = [...(grpcurl === null ? [] : [dirname(grpcurl)]), process.env['PATH'] ?? ''].join(':');
    return runProgram('bash', ['-euo', 'pipefail', '-c', text], { environment: { PATH } });
  }

  /** Runs a block that has to succeed and to send the event with this id. */
  async function sends(name: string, id: string): Promise<string> {
    const { code, stdout, stderr } = await run(name);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    await until(`${id} to be accepted`, WITHIN_MS, async () => (await acceptedIds(platform)).includes(id));
    return stdout;
  }

  async function answers(name: string): Promise<Readonly<Record<string, unknown>>> {
    const { code, stdout, stderr } = await run(name);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  }

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('is all run here', () => {
    expect(names).toEqual([
      ...['event', 'curl', 'curl-answer', 'grpcurl-publish', 'kafkajs', 'kafka-python', 'kcat-produce', 'topics'],
      ...['grpcurl-metrics', 'grpcurl-windows', 'grpcurl-top', 'grpcurl-watch', 'kcat-consume', 'final'],
    ]);
  });

  it('the event becomes the final', async () => {
    const { topics } = platform.definition;
    const answer = await post(platform, snippet('event'));
    expect(await answer.json()).toEqual({ accepted: 1, rejected: [] });
    const others = foreignEvents(new SeededRandom(5), { count: 40, ids: 'guide', startMs: NOON_MS });
    await sendWithKafkajs(topics.raw, others);
    await platform.advance(NOON_MS + 90 * MINUTE);

    const final = JSON.parse(snippet('final')) as { window_start: string; revision: number };
    let found: unknown;
    await until('the final', WITHIN_MS, async () => {
      const values = (await platform.readTopic(topics.metrics)).flat().map(({ value }) => value ?? Buffer.from('null'));
      found = values
        .map(
          (value) =>
            JSON.parse(Buffer.from(value).toString()) as Partial<
              typeof final & { group: object; final: boolean }
            > | null,
        )
        .find(
          (one) =>
            one?.final &&
            one.window_start === final.window_start &&
            JSON.stringify(one.group) === '{"category":"kitchen"}',
        );
      return found !== undefined;
    });
    expect(found).toEqual({ ...final, revision: expect.any(Number) });
  }, 120_000);

  it('curl: what is accepted, and what is refused', async () => {
    expect(JSON.parse(await sends('curl', 'curl-1'))).toEqual(JSON.parse(snippet('curl-answer')));
  }, 120_000);

  withGrpcurl(
    'grpcurl sends',
    async () => {
      expect(JSON.parse(await sends('grpcurl-publish', 'grpcurl-1'))).toEqual({ accepted: 1 });
    },
    120_000,
  );

  it('kafkajs sends', () => sends('kafkajs', 'kafkajs-1'), 120_000);
  withPython('kafka-python sends', () => sends('kafka-python', 'kafka-python-1'), 120_000);
  withKcat('kcat sends', () => sends('kcat-produce', 'kcat-1'), 120_000);

  it('another topic is named in the stream file', () => {
    const parsed = parseStreamFile(`${readFileSync(platform.streamFile, 'utf8')}\n${snippet('topics')}`, {
      file: 'stream.yaml',
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.definition.topics.raw).toBe('ecommerce-events');
  });

  withGrpcurl(
    'grpcurl asks and watches',
    async () => {
      expect((await answers('grpcurl-metrics'))['metrics']).toHaveLength(3);
      for (const name of ['grpcurl-windows', 'grpcurl-top']) {
        expect((await answers(name))['windows']).toContainEqual(
          expect.objectContaining({ metric: 'revenue_by_category', measures: expect.anything() }),
        );
      }
      const watch = await run('grpcurl-watch');
      expect(watch.stderr).toContain('DeadlineExceeded');
      expect(watch.stdout).toContain('"resumeToken"');
    },
    120_000,
  );

  withKcat('kcat consumes', async () => {
    const { code, stdout } = await run('kcat-consume');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.some((line) => line.startsWith('f|'))).toBe(true);
    for (const line of lines) expect(line).toMatch(/^[fpcl]\|/);
    for (const line of lines) expect(JSON.parse(line.slice(line.indexOf(' {')))).toHaveProperty('metric');
  });
});
