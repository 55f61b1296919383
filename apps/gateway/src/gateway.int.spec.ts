import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaAdmin, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { encodeControl, HEADER, MAX_BODY_BYTES, parseStreamFile, topicSpecs } from '@tillstream/contracts';
import type { StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { StartedService } from '@tillstream/nest-runtime';
import { startGateway } from './start-gateway';

const brokers = process.env['KAFKA_BROKERS'] ?? '';
if (brokers === '') throw new Error('KAFKA_BROKERS is not set: these tests need a broker; `npm test` starts one');
const kafka = { brokers: brokers.split(','), clientId: 'gateway-test' };
const WRITE_KEY = 'int-test-key';

describe('the gateway on Kafka', () => {
  const stream = `gw-${randomUUID().slice(0, 8)}`;
  const admin = new KafkaAdmin(kafka);
  const reader = new KafkaLogReader(kafka);
  const writer = new KafkaLogWriter(kafka);
  let directory: string;
  let definition: StreamDefinition;

  const streamFile = (name: string, partitions: number): string => {
    const file = join(directory, `${name}-${partitions}.yaml`);
    writeFileSync(
      file,
      `
stream: ${name}
partitions: ${partitions}
key: [user]
id: {field: id}
eventTime: {field: at, outOfOrderness: 10s}
fields:
  id:   {type: string}
  user: {type: string}
  at:   {type: timestamp}
metrics:
  users: {window: {size: 1m}, measures: {users: distinct(user)}}
`,
    );
    return file;
  };
  const start = (file: string): Promise<StartedService> =>
    startGateway(
      {
        KAFKA_BROKERS: brokers,
        STREAM_FILES: file,
        TILLSTREAM_WRITE_KEYS: WRITE_KEY,
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: '0',
        GRPC_PORT: '0',
        LOG_LEVEL: 'error',
      },
      null,
    );

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gateway-int-'));
    const file = streamFile(stream, 2);
    const parsed = parseStreamFile(readFileSync(file, 'utf8'), { file });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    ({ definition } = parsed);
    await admin.createTopics(
      topicSpecs(definition, 1).map(({ name, partitions, configs }) => ({
        topic: name,
        partitions,
        replication: 1,
        configs,
      })),
    );
    for (const partition of [0, 1]) {
      const decision = encodeControl({ kind: 'definition', sha256: definition.sha256 });
      await writer.append(definition.topics.raw, partition, [decision]);
    }
  }, 30_000);

  afterAll(async () => {
    await admin.deleteTopics(topicSpecs(definition, 1).map(({ name }) => name));
    await Promise.all([admin.close(), reader.close(), writer.close()]);
    rmSync(directory, { recursive: true });
  }, 30_000);

  /** All data records of the raw topic. */
  async function rawRecords(): Promise<{ partition: number; record: LogRecord }[]> {
    const found: { partition: number; record: LogRecord }[] = [];
    for (const partition of [0, 1]) {
      const end = await reader.end(definition.topics.raw, partition);
      for (let from = 1; from < end;) {
        const records = await reader.read(definition.topics.raw, partition, from, 1000);
        found.push(...records.map((record) => ({ partition, record })));
        from = (records.at(-1)?.offset ?? from) + 1;
      }
    }
    return found;
  }

  it('has every event it has acknowledged in the log, with the same batch-id on every retry', async () => {
    const { running } = await start(streamFile(stream, 2));
    const post = (ids: readonly number[], key?: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${running.httpPort}/v1/streams/${stream}/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${WRITE_KEY}`,
          'content-type': 'application/x-ndjson',
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        body: ids.map((id) => `{"id":"${id}","user":"u${id % 7}","at":"2026-11-21T10:00:00Z"}`).join('\n'),
      });
    const batches = Array.from({ length: 20 }, (_, i) => Array.from({ length: 50 }, (_, j) => i * 50 + j));
    const statuses = await Promise.all(batches.map(async (ids) => (await post(ids)).status));
    expect(new Set(statuses)).toEqual(new Set([202]));
    const before = await rawRecords();
    await post([1000, 1001], 'once');
    await post([1000, 1001], 'once');
    const ready = await fetch(`http://127.0.0.1:${running.httpPort}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, checks: { start: 'ok', log: 'ok', kafka: 'ok' } },
    ]);
    await running.close();

    const ids = before.flatMap(({ record }) =>
      (JSON.parse(Buffer.from(record.value!).toString()) as { id: string }[]).map(({ id }) => Number(id)),
    );
    expect(ids.sort((a, b) => a - b)).toEqual(batches.flat());
    const known = new Set(before.map(({ partition, record }) => `${partition}/${record.offset}`));
    const again = (await rawRecords()).filter(({ partition, record }) => !known.has(`${partition}/${record.offset}`));
    const batchIds = again.map(({ record }) => Buffer.from(record.headers[HEADER.batchId]!).toString('hex')).sort();
    expect(batchIds.length).toBeGreaterThan(1);
    expect(batchIds.filter((_, i) => i % 2 === 0)).toEqual(batchIds.filter((_, i) => i % 2 === 1));
  }, 30_000);

  it('takes a body of the largest size that belongs to one user, though it is more than the topic takes at once', async () => {
    const { running } = await start(streamFile(stream, 2));
    const event = (id: number): string =>
      `{"id":"large-${id}","user":"one","at":"2026-11-21T10:00:00Z","more":"${'x'.repeat(100_000)}"}`;
    const events = Array.from({ length: Math.floor(MAX_BODY_BYTES / event(10).length) - 1 }, (_, id) => event(id));
    const response = await fetch(`http://127.0.0.1:${running.httpPort}/v1/streams/${stream}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json' },
      body: `[${events.join(',')}]`,
    });
    expect([response.status, await response.json()]).toEqual([202, { accepted: events.length, rejected: [] }]);
    await running.close();
    const text = (await rawRecords()).map(({ record }) => Buffer.from(record.value!).toString()).join('');
    expect(events.filter((_, id) => !text.includes(`"large-${id}"`))).toEqual([]);
  }, 60_000);

  it('does not start for a stream without topics, nor with another file than its topics were created for', async () => {
    const missing = `${stream}-missing`;
    await expect(start(streamFile(missing, 2))).rejects.toMatchObject({
      problems: [expect.stringContaining(`${missing}.raw.v1: `)],
    });
    await expect(start(streamFile(stream, 3))).rejects.toMatchObject({
      problems: [expect.stringContaining(`${stream}.raw.v1: `)],
    });
    const other = streamFile(stream, 2).replace('.yaml', '-other.yaml');
    writeFileSync(other, readFileSync(streamFile(stream, 2), 'utf8').replace('size: 1m', 'size: 2m'));
    await expect(start(other)).rejects.toMatchObject({
      problems: [expect.stringContaining(`${stream}.raw.v1/0,1 was created for another stream file`)],
    });
  }, 30_000);
});
