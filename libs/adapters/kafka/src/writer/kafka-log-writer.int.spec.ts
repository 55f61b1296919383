import type { NewRecord } from '@tillstream/engine';
import * as fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaAdmin } from '../admin/kafka-admin';
import {
  AppendRefusedError,
  AppendTimeoutError,
  UnknownPartitionError,
  WriterClosedError,
  WriterFullError,
} from '../errors';
import { KafkaLogReader } from '../reader/kafka-log-reader';
import { type Fate, FaultyProxy } from '../testing/faulty-proxy';
import { aTopicName, kafkaForTests } from '../testing/kafka-for-tests';
import { KafkaLogWriter, type KafkaLogWriterOptions } from './kafka-log-writer';

const kafka = kafkaForTests();

const record = (value: string): NewRecord => ({ key: null, value: Buffer.from(value) });

/** Fails an answer, and all is well again afterwards. */
function fates(...script: readonly Fate[]): () => Fate {
  const left = [...script];
  return () => left.shift() ?? 'pass';
}

describe('the Kafka log writer', () => {
  const admin = new KafkaAdmin(kafka);
  const reader = new KafkaLogReader(kafka);
  let proxy: FaultyProxy;
  let writers: KafkaLogWriter[] = [];
  let topic: string;

  beforeAll(async () => {
    proxy = await FaultyProxy.before(kafka.brokers[0] ?? '');
  });
  beforeEach(async () => {
    topic = await aTopic();
  });
  afterEach(async () => {
    proxy.mend();
    proxy.fateOfProduce = () => 'pass';
    await Promise.all(writers.map((writer) => writer.close(0)));
    writers = [];
  });
  afterAll(async () => {
    await Promise.all([reader.close(), admin.close(), proxy.close()]);
  });

  const aTopic = async (configs: Record<string, string> = {}): Promise<string> => {
    const name = aTopicName('writer');
    await admin.createTopics([{ topic: name, partitions: 2, replication: 1, configs }]);
    return name;
  };

  const aWriter = (more: Partial<KafkaLogWriterOptions> = {}): KafkaLogWriter => {
    const writer = new KafkaLogWriter({ ...kafka, ...more });
    writers.push(writer);
    return writer;
  };

  const valuesIn = async (partition: number, of = topic): Promise<string[]> => {
    const values: string[] = [];
    const end = await reader.end(of, partition);
    for (let from = await reader.begin(of, partition); from < end;) {
      const records = await reader.read(of, partition, from, 1_000);
      values.push(...records.map(({ value }) => Buffer.from(value ?? []).toString()));
      from = (records.at(-1)?.offset ?? end) + 1;
    }
    return values;
  };

  it('writes one record as large as its topic takes, which is read whole', async () => {
    const large = await aTopic({ 'max.message.bytes': String(33 * 1024 * 1024) });
    const value = Buffer.alloc(32 * 1024 * 1024, 'rows of one record ');
    await aWriter().append(large, 0, [{ key: null, value }]);
    const [read] = await reader.read(large, 0, 0, 10_000);
    expect(value.equals(read?.value ?? new Uint8Array(0))).toBe(true);
  });

  it('loses nothing it has acknowledged and keeps the order, whichever answers are lost', async () => {
    const writer = aWriter({ socketFactory: proxy.socketFactory });
    const script = fc.array(fc.constantFrom<Fate>('pass', 'drop', 'drop'), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 6 }), async (drops, calls) => {
        const fresh = await aTopic();
        proxy.fateOfProduce = fates(...drops);
        const appends = Array.from({ length: calls }, (_, i) =>
          writer.append(fresh, i % 2, [record(`${i}.0`), record(`${i}.1`)]),
        );
        const offsets = await Promise.all(appends);
        for (const partition of [0, 1]) {
          const log = await valuesIn(partition, fresh);
          const mine = offsets.map((offset, i) => ({ offset, i })).filter(({ i }) => i % 2 === partition);
          for (const { offset, i } of mine) expect(log.slice(offset, offset + 2)).toEqual([`${i}.0`, `${i}.1`]);
          expect([...new Set(log)]).toEqual(mine.flatMap(({ i }) => [`${i}.0`, `${i}.1`]));
        }
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('stands up to the very accident in which an idempotent kafkajs producer acknowledges what it loses', async () => {
    const producer = new Kafka({
      brokers: [...kafka.brokers],
      socketFactory: proxy.socketFactory,
      logLevel: logLevel.NOTHING,
    }).producer({
      idempotent: true,
      retry: { retries: 1, initialRetryTime: 10 },
    });
    await producer.connect();
    const send = (value: string): Promise<unknown> =>
      producer.send({ topic, acks: -1, messages: [{ value, partition: 0 }] });
    await send('m0');
    proxy.fateOfProduce = fates('drop', 'drop');
    await expect(send('m1')).rejects.toThrow();
    await send('m2'); // acknowledged
    await producer.disconnect();
    expect(await valuesIn(0)).not.toContain('m2');

    const writer = aWriter({ socketFactory: proxy.socketFactory });
    await writer.append(topic, 1, [record('m0')]);
    proxy.fateOfProduce = fates('drop', 'drop');
    await Promise.all([writer.append(topic, 1, [record('m1')]), writer.append(topic, 1, [record('m2')])]);
    expect([...new Set(await valuesIn(1))]).toEqual(['m0', 'm1', 'm2']);
  });

  it('refuses to be idempotent', () => {
    expect(() => new KafkaLogWriter({ ...kafka, idempotent: true })).toThrow(TypeError);
  });

  it('waits for a broker that is not there, and gauges what waits', async () => {
    const writer = aWriter({ socketFactory: proxy.socketFactory });
    await writer.append(topic, 0, [record('before')]);
    expect(writer.pendingBytes).toBe(0);
    proxy.cut();
    const append = writer.append(topic, 0, [record('x'.repeat(10_000))]);
    expect(writer.pendingBytes).toBeGreaterThanOrEqual(10_000);
    proxy.mend();
    expect(await append).toBe(1);
    expect(writer.pendingBytes).toBe(0);
  });

  it('gives up after its time when it has one, and says so by name', async () => {
    const writer = aWriter({ socketFactory: proxy.socketFactory, appendTimeoutMs: 200 });
    proxy.cut();
    await expect(writer.append(topic, 0, [record('a')])).rejects.toThrow(AppendTimeoutError);
    proxy.mend();
    expect(await writer.append(topic, 0, [record('b')])).toBe(0);
  });

  it('holds no more than it may', async () => {
    const writer = aWriter({ socketFactory: proxy.socketFactory, maxPendingBytes: 1_000 });
    proxy.cut();
    const waiting = writer.append(topic, 0, [record('x'.repeat(900))]);
    await expect(writer.append(topic, 0, [record('y'.repeat(200))])).rejects.toThrow(WriterFullError);
    proxy.mend();
    expect(await waiting).toBe(0);
    expect(await writer.append(topic, 0, [record('y'.repeat(200))])).toBe(1);
  });

  it('ends in bounded time, and rejects what is not acknowledged', async () => {
    const writer = aWriter({ socketFactory: proxy.socketFactory });
    await writer.append(topic, 0, [record('a')]);
    proxy.cut();
    const rejected = expect(writer.append(topic, 0, [record('b')])).rejects.toThrow(WriterClosedError);
    await writer.close(50);
    await rejected;
    await expect(writer.append(topic, 0, [record('c')])).rejects.toThrow(WriterClosedError);
  });

  it('lets what is under way finish when it is closed', async () => {
    const writer = aWriter();
    const appends = Array.from({ length: 20 }, (_, i) => writer.append(topic, 0, [record(`${i}`)]));
    await writer.close();
    expect(await Promise.all(appends)).toHaveLength(20);
  });

  it('refuses for good what is too large for the topic, and takes what was gathered with it', async () => {
    const small = await aTopic({ 'max.message.bytes': '2000' });
    const writer = aWriter();
    const outcomes = await Promise.allSettled(
      [record('a'), record('x'.repeat(5_000)), record('b')].map((one) => writer.append(small, 0, [one])),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(AppendRefusedError) as unknown });
    expect(await valuesIn(0, small)).toEqual(['a', 'b']);
  });

  it('says that a topic or a partition does not exist', async () => {
    const writer = aWriter();
    await expect(writer.append(aTopicName('nowhere'), 0, [record('a')])).rejects.toThrow(UnknownPartitionError);
    await expect(writer.append(topic, 7, [record('a')])).rejects.toThrow(UnknownPartitionError);
  });
});
