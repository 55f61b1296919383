import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaAdmin, KafkaLogWriter } from '@tillstream/adapter-kafka';
import {
  encodeClosed,
  encodeLateCount,
  encodeProvisionalTombstones,
  encodeResults,
  topicSpecs,
  type StreamDefinition,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { encodeGroupKey, type ResultBlock } from '@tillstream/core';
import type { StartedService } from '@tillstream/nest-runtime';
import { startQueryApi } from './start-query-api';
import { QueryClient } from './testing/query-client';
import { WatchScreen } from './testing/watch-screen';

const brokers = process.env['KAFKA_BROKERS'] ?? '';
jest.setTimeout(60_000);

/** The service as it runs, on a real broker, with results as the aggregator encodes them. */
describe('query-api on a real broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'query-api-'));
  const kafka = { brokers: brokers.split(','), clientId: 'query-api-test' };
  const admin = new KafkaAdmin(kafka);
  const writer = new KafkaLogWriter(kafka);
  const started: StartedService[] = [];
  const clients: QueryClient[] = [];
  let definition: StreamDefinition;
  let file: string;

  beforeAll(() => {
    if (brokers === '') throw new Error('KAFKA_BROKERS must name a broker');
  });

  beforeEach(async () => {
    const stream = `query-${randomBytes(4).toString('hex')}`;
    const text = smallStreamFile(2).replace(/^stream: .*/m, `stream: ${stream}`);
    file = join(directory, `${stream}.yaml`);
    writeFileSync(file, text);
    definition = definitionFrom(text, file);
    const { metrics, definitions } = definition.topics;
    const specs = topicSpecs(definition, 1).filter(({ name }) => name === metrics || name === definitions);
    await admin.createTopics(
      specs.map(({ name: topic, partitions, replicationFactor: replication, configs }) => ({
        topic,
        partitions,
        replication,
        configs,
      })),
    );
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(started.splice(0).map(({ running }) => running.close()));
  });

  afterAll(async () => {
    await Promise.all([writer.close(), admin.close()]);
    rmSync(directory, { recursive: true });
  });

  async function start(): Promise<{ readonly client: QueryClient; readonly httpPort: number; stop(): Promise<void> }> {
    const environment = {
      KAFKA_BROKERS: brokers,
      STREAM_FILES: file,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      GRPC_PORT: '0',
      LOG_LEVEL: 'fatal',
      SHUTDOWN_TIMEOUT_MS: '2000',
    };
    const service = await startQueryApi(environment, null, (error) => {
      throw error;
    });
    started.push(service);
    const client = new QueryClient(service.running.grpcPort!);
    clients.push(client);
    const stop = async (): Promise<void> => {
      started.splice(started.indexOf(service), 1);
      await service.running.close();
    };
    return { client, httpPort: service.running.httpPort, stop };
  }

  const sales = (): { readonly stream: string; readonly metric: string } => ({
    stream: definition.schema.stream,
    metric: 'sales',
  });

  /** Sales in the window [0, 20 s), in minor units. */
  function block(revision: number, final: boolean, totals: Readonly<Record<string, number>>): ResultBlock {
    const metric = definition.metrics[0]!;
    const keys = Object.keys(totals).map((category) => encodeGroupKey([category], metric, definition.schema));
    const offsets = Uint32Array.from([
      0,
      ...keys.map((_, i) => keys.slice(0, i + 1).reduce((n, k) => n + k.length, 0)),
    ]);
    return {
      metric,
      startMs: 0,
      endMs: 20_000,
      final,
      revision,
      groups: { count: keys.length, bytes: Buffer.concat(keys), offsets },
      measures: [
        { kind: 'number', type: 'money', values: Float64Array.from(Object.values(totals)) },
        { kind: 'number', type: 'int', values: new Float64Array(keys.length).fill(1) },
        { kind: 'decimal', texts: keys.map(() => null) },
      ],
      retracted: null,
      truncated: null,
    };
  }

  const write = (partition: number, ...records: Parameters<typeof writer.append>[2][]): Promise<number> =>
    writer.append(definition.topics.metrics, partition, records.flat());

  const brief = ({ group, measures, final, lateRows }: WindowResultMessage): string =>
    `${group['category']?.text} ${measures['total']?.decimal}${final ? ' final' : ''} late ${lateRows}`;

  it('shows what stood in the topic when it began as soon as it is ready', async () => {
    const { schema } = definition;
    await write(0, encodeResults(block(3, false, { books: 150, toys: 20 }), schema));
    await write(1, encodeResults(block(5, false, { games: 1_000, gone: 7 }), schema));
    await write(1, encodeResults(block(9, true, { games: 1_234 }), schema), [encodeClosed(block(9, true, {}), 9)]);
    await write(
      1,
      encodeResults(block(4, false, { games: 1 }), schema),
      encodeProvisionalTombstones(block(9, true, { games: 0 }), schema),
    );
    await write(0, [encodeLateCount({ ...block(9, true, {}), count: 3 }, 0)]);

    const { client, httpPort } = await start();
    const { windows } = await client.listWindows(sales());
    expect(windows.map(brief)).toEqual(['books 1.50 late 3', 'games 12.34 final late 3', 'toys 0.20 late 3']);
    expect((await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    const lag = metrics.split('\n').filter((line) => line.startsWith('tillstream_view_lag_records{'));
    expect(lag.map((line) => line.split(' ').at(-1))).toEqual(['0', '0']);
  });

  it('hands a watch over to another replica', async () => {
    const { schema } = definition;
    await write(0, encodeResults(block(1, false, { books: 100, toys: 100 }), schema));
    const one = await start();
    const other = await start();
    const first = new WatchScreen(one.client.watch(sales()), brief);
    await first.until(({ token }) => token !== '');
    await one.stop();
    await first.ended;
    await write(0, encodeResults(block(2, false, { toys: 250 }), schema));
    const second = new WatchScreen(other.client.watch({ ...sales(), resumeToken: first.token }), brief);
    await second.until(({ rows }) => rows.size > 0);
    expect([...second.rows.values()]).toEqual(['toys 2.50 late 0']);
    second.stream.cancel();
  });

  it('refuses a topic of another size', async () => {
    writeFileSync(file, smallStreamFile(3).replace(/^stream: .*/m, `stream: ${definition.schema.stream}`));
    await expect(start()).rejects.toThrow('has 2 partitions');
  });
});
