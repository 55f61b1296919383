import { SeededRandom } from '@tillstream/shop-events';
import { plainCommerce } from '../oracle/commerce-definition';
import { differences } from '../simulate/verdict';
import type { ForeignEvent, ForeignShape } from './clients/foreign-events';
import { foreignEvents, purchasesIn } from './clients/foreign-events';
import { findGrpcurl, findKcat, findPython, runProgram, succeed } from './clients/programs';
import { ReflectedService, reflectedServices } from './clients/reflected-service';
import { acceptedIds, CODECS, linesOf, sendWithKafkajs, sendWithKafkaPython, sendWithKcat } from './clients/sending';
import { Platform, servers, settled, until, WRITE_KEY } from './platform';
import type { ServiceName } from './platform';

const MINUTE = 60_000;
/** Two hours ago: so much event time has passed that an `advance` may close everything. */
const START_MS = Date.now() - 120 * MINUTE;
const SETTLED_WITHIN_MS = 120_000;
const INGEST = 'tillstream.ingest.v1.IngestService';
const QUERY = 'tillstream.query.v1.QueryService';

const python = findPython();
const kcat = findKcat();
const grpcurl = findGrpcurl();
const withPython = python === null ? it.skip : it;
const withKcat = kcat === null ? it.skip : it;
const withGrpcurl = grpcurl === null ? it.skip : it;

describe('clients that know nothing of Tillstream', () => {
  const platform = new Platform();
  const { topics } = platform.definition;
  const random = new SeededRandom(4711);
  const sent: ForeignEvent[] = [];
  const events = (shape: Pick<ForeignShape, 'count' | 'ids' | 'anonymous'>): ForeignEvent[] =>
    foreignEvents(random, { ...shape, startMs: START_MS });

  const addressOf = (service: ServiceName): string => `127.0.0.1:${platform.service(service).grpc}`;

  async function misrouted(): Promise<number> {
    const values = await platform.metric(platform.service('enricher').http, 'tillstream_misrouted_total');
    return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** What was sent is accepted, each row once; returns how many rows had to be re-routed for it. */
  async function acceptedOnce(mine: readonly ForeignEvent[], before: number): Promise<number> {
    sent.push(...mine);
    const wanted = [...new Set(sent.map(({ event_id }) => event_id))].sort();
    await until('every row to be accepted', SETTLED_WITHIN_MS, async () => {
      return (await acceptedIds(platform)).length >= wanted.length;
    });
    expect((await acceptedIds(platform)).sort()).toEqual(wanted);
    return (await misrouted()) - before;
  }

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  describe('send', () => {
    it('kafkajs, with every codec: its partitions are the right ones', async () => {
      const mine = events({ count: 100, ids: 'kafkajs' });
      const before = await misrouted();
      await sendWithKafkajs(topics.raw, mine, { codecs: CODECS });
      expect(await acceptedOnce(mine, before)).toBe(0);
    }, 120_000);

    it('a producer with the partitioner of librdkafka: rows on wrong partitions are found and re-routed', async () => {
      const again = sent.slice(0, 20);
      const mine = [...events({ count: 80, ids: 'crc32', anonymous: true }), ...again];
      const before = await misrouted();
      await sendWithKafkajs(topics.raw, mine, { partitioner: 'crc32' });
      expect(await acceptedOnce(mine, before)).toBeGreaterThan(0);
    }, 120_000);

    withPython(
      'kafka-python, with every codec: its partitions are the right ones',
      async () => {
        const mine = events({ count: 100, ids: 'kafka-python' });
        const before = await misrouted();
        await sendWithKafkaPython(python ?? '', topics.raw, mine, CODECS);
        expect(await acceptedOnce(mine, before)).toBe(0);
      },
      120_000,
    );

    withKcat(
      'kcat, with every codec: its rows are re-routed',
      async () => {
        const mine = events({ count: 100, ids: 'kcat' });
        const before = await misrouted();
        for (const [i, codec] of CODECS.entries()) {
          const some = mine.slice((i * mine.length) / CODECS.length, ((i + 1) * mine.length) / CODECS.length);
          await sendWithKcat(kcat ?? '', topics.raw, some, '-z', codec);
        }
        expect(await acceptedOnce(mine, before)).toBeGreaterThan(0);
      },
      120_000,
    );

    withKcat(
      'kcat, told to partition as everybody else: nothing is re-routed',
      async () => {
        const mine = events({ count: 50, ids: 'kcat-murmur2' });
        const before = await misrouted();
        await sendWithKcat(kcat ?? '', topics.raw, mine, '-X', 'topic.partitioner=murmur2_random');
        expect(await acceptedOnce(mine, before)).toBe(0);
      },
      120_000,
    );

    it('gRPC without proto files, after asking the gateway what it has', async () => {
      const mine = events({ count: 20, ids: 'reflected', anonymous: true });
      const before = await misrouted();
      expect(await reflectedServices(addressOf('gateway'))).toEqual(
        expect.arrayContaining([INGEST, 'grpc.health.v1.Health']),
      );
      const service = await ReflectedService.of(addressOf('gateway'), INGEST);
      expect(service.methods).toEqual(['Publish', 'PublishStream']);
      const answer = await service.call(
        'Publish',
        { stream: platform.stream, payload: Buffer.from(JSON.stringify(mine)) },
        { authorization: `Bearer ${WRITE_KEY}` },
      );
      service.close();
      expect(answer).toMatchObject({ accepted: 20 });
      expect(await acceptedOnce(mine, before)).toBe(0);
    }, 120_000);

    withGrpcurl(
      'grpcurl, with nothing but an address',
      async () => {
        const mine = events({ count: 20, ids: 'grpcurl' });
        const before = await misrouted();
        const ask = (...args: string[]): Promise<string> => succeed(grpcurl ?? '', ['-plaintext', ...args]);
        const address = addressOf('gateway');
        expect(await describeAll(address)).toContain('rpc Publish ( .tillstream.ingest.v1.PublishRequest )');
        const payload = Buffer.from(linesOf(mine)).toString('base64');
        const request = JSON.stringify({ stream: platform.stream, payload, content_type: 'application/x-ndjson' });
        const key = `authorization: Bearer ${WRITE_KEY}`;
        const answer = await ask('-H', key, '-d', request, address, `${INGEST}/Publish`);
        expect(JSON.parse(answer)).toEqual({ accepted: 20 });
        expect(await acceptedOnce(mine, before)).toBe(0);
      },
      120_000,
    );
  });

  it('all of them together: the results equal the oracle, and the clients’ own sums', async () => {
    await platform.advance(START_MS + 90 * MINUTE);
    await settled(platform, (readTopic) => differences(platform.definition, plainCommerce, readTopic));

    const text = new TextDecoder();
    let [count, cents] = [0, 0];
    for (const { key, value } of (await platform.readTopic(topics.metrics)).flat()) {
      if (!key || !value || !text.decode(key).startsWith('f|revenue_by_category@')) continue;
      const { measures } = JSON.parse(text.decode(value)) as {
        measures: { purchase_count: number; total_revenue: string };
      };
      count += measures.purchase_count;
      cents += Math.round(Number(measures.total_revenue) * 100);
    }
    const { count: purchases, cents: revenue } = purchasesIn(sent);
    expect({ count, cents }).toEqual({ count: 2 * purchases, cents: 2 * revenue }); // each is in two windows
  }, 240_000);

  describe('read', () => {
    beforeAll(async () => {
      const service = await ReflectedService.of(addressOf('query-api'), QUERY);
      const newest = { stream: platform.stream, metric: 'revenue_by_category', measure: 'total_revenue' };
      await until('the query-api to have the finals', SETTLED_WITHIN_MS, async () => {
        const { windows } = (await service.call('TopGroups', newest)) as { windows: { final: boolean }[] };
        return windows.length > 0 && windows.every(({ final }) => final);
      });
      service.close();
    }, 120_000);

    withKcat('kcat: every result is a line of JSON', async () => {
      const format = ['-C', '-e', '-q', '-o', 'beginning', '-K', '\t'];
      const output = await succeed(kcat ?? '', ['-b', servers().brokers.join(','), '-t', topics.metrics, ...format]);
      const read = output
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      const finals = read.filter(([key]) => key?.startsWith('f|revenue_by_category@'));
      expect(finals.length).toBeGreaterThan(5);
      for (const [, json = ''] of finals) {
        expect(JSON.parse(json)).toMatchObject({ metric: 'revenue_by_category', final: true });
      }
      for (const [, json = ''] of read) if (json !== '') expect(JSON.parse(json)).toHaveProperty('metric');
    });

    it('gRPC without proto files, after asking the query-api what it has', async () => {
      expect(await reflectedServices(addressOf('query-api'))).toContain(QUERY);
      const service = await ReflectedService.of(addressOf('query-api'), QUERY);
      const { stream } = platform;
      expect(service.methods).toEqual(
        expect.arrayContaining(['ListMetrics', 'ListWindows', 'TopGroups', 'WatchWindows']),
      );
      expect(await service.call('ListMetrics', { stream })).toMatchObject({
        metrics: [{ name: 'revenue_by_category' }, { name: 'high_value_users' }, { name: 'conversion_funnel' }],
      });
      const asked = { stream, metric: 'revenue_by_category' };
      const answers = [
        await service.call('ListWindows', { ...asked, final_only: true }),
        await service.call('TopGroups', { ...asked, measure: 'total_revenue' }),
      ];
      for (const answer of answers) {
        expect((answer as { windows: object[] }).windows[0]).toMatchObject({ metric: asked.metric, final: true });
      }
      const { upserts } = (await service.first('WatchWindows', asked)) as { upserts: object[] };
      expect(upserts[0]).toMatchObject({ metric: asked.metric });
      service.close();
    }, 60_000);

    withGrpcurl(
      'grpcurl, with nothing but an address',
      async () => {
        const address = addressOf('query-api');
        const ask = async (method: string, request: object): Promise<unknown> =>
          JSON.parse(
            await succeed(grpcurl ?? '', ['-plaintext', '-d', JSON.stringify(request), address, `${QUERY}/${method}`]),
          );
        const { stream } = platform;
        const asked = { stream, metric: 'revenue_by_category' };
        expect(await describeAll(address)).toContain('map<string, .tillstream.query.v1.Value> group');
        expect(await ask('ListMetrics', { stream })).toMatchObject({ metrics: [{ windowSize: '60s' }, {}, {}] });
        const group = { category: { text: 'books' } };
        const { windows } = (await ask('ListWindows', { ...asked, group })) as { windows: object[] };
        expect(windows.length).toBeGreaterThan(0);
        for (const window of windows) expect(window).toMatchObject({ group, final: true });
        const top = (await ask('TopGroups', { ...asked, measure: 'total_revenue', limit: 1 })) as { windows: object[] };
        expect(top.windows).toHaveLength(1);

        const args = ['-plaintext', '-max-time', '2', '-d', JSON.stringify(asked), address, `${QUERY}/WatchWindows`];
        const watch = await runProgram(grpcurl ?? '', args);
        expect(watch.stderr).toContain('DeadlineExceeded');
        expect(watch.stdout).toContain('"resumeToken"');
      },
      60_000,
    );
  });

  /** Everything grpcurl can find out about a server. */
  async function describeAll(address: string): Promise<string> {
    const ask = (...args: string[]): Promise<string> => succeed(grpcurl ?? '', ['-plaintext', address, ...args]);
    const services = (await ask('list')).trim().split('\n');
    let text = '';
    for (const service of services) text += await ask('describe', service);
    const types = new Set([...text.matchAll(/\.(tillstream\.[\w.]+)/g)].map(([, type = '']) => type));
    for (const type of types) text += await ask('describe', type);
    return text;
  }
});
