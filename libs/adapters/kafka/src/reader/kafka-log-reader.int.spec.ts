import { KafkaAdmin } from '../admin/kafka-admin';
import { ReaderClosedError, UnknownPartitionError } from '../errors';
import { FaultyProxy } from '../testing/faulty-proxy';
import { aTopicName, kafkaForTests } from '../testing/kafka-for-tests';
import { KafkaLogWriter } from '../writer/kafka-log-writer';
import { KafkaLogReader } from './kafka-log-reader';

const kafka = kafkaForTests();
const PARTITIONS = 12;
const MAX_WAIT_MS = 250;

describe('the Kafka log reader', () => {
  const admin = new KafkaAdmin(kafka);
  const writer = new KafkaLogWriter(kafka);
  let proxy: FaultyProxy;
  let reader: KafkaLogReader;
  let topic: string;

  beforeEach(async () => {
    proxy = await FaultyProxy.before(kafka.brokers[0] ?? '');
    reader = new KafkaLogReader({ ...kafka, maxWaitMs: MAX_WAIT_MS, socketFactory: proxy.socketFactory });
    topic = aTopicName('reader');
    await admin.createTopics([{ topic, partitions: PARTITIONS, replication: 1 }]);
  });
  afterEach(async () => {
    await reader.close();
    await proxy.close();
  });
  afterAll(async () => {
    await Promise.all([writer.close(), admin.close()]);
  });

  const append = (partition: number, value: string): Promise<number> =>
    writer.append(topic, partition, [{ key: null, value: Buffer.from(value) }]);

  it('follows many partitions at rest for the price of one', async () => {
    const startedMs = performance.now();
    const reads = Array.from({ length: PARTITIONS }, (_, partition) => reader.read(topic, partition, 0, 2_000));
    expect((await Promise.all(reads)).flat()).toEqual([]);
    const rounds = Math.ceil((performance.now() - startedMs) / MAX_WAIT_MS);
    // At most once at the start and once at the end is a partition asked for by itself.
    expect(proxy.fetches).toBeLessThanOrEqual(rounds + 2 * PARTITIONS);
  });

  it('asks for nothing while nobody reads', async () => {
    await append(0, 'a');
    await reader.read(topic, 0, 0, 1_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000 + 3 * MAX_WAIT_MS));
    const before = proxy.fetches;
    await new Promise((resolve) => setTimeout(resolve, 3 * MAX_WAIT_MS));
    expect(proxy.fetches).toBe(before);
  });

  it('reads on after its connections were cut', async () => {
    await append(0, 'a');
    expect(await reader.read(topic, 0, 0, 10_000)).toHaveLength(1);
    proxy.cut();
    const waiting = reader.read(topic, 0, 1, 30_000);
    await append(0, 'b');
    proxy.mend();
    expect(await waiting).toHaveLength(1);
    expect(await reader.end(topic, 0)).toBe(2);
  });

  it('says that a topic or a partition does not exist', async () => {
    await expect(reader.read(aTopicName('nowhere'), 0, 0, 10_000)).rejects.toThrow(UnknownPartitionError);
    await expect(reader.end(topic, PARTITIONS)).rejects.toThrow(UnknownPartitionError);
  });

  it('lets nobody wait for it once it is closed', async () => {
    const waiting = expect(reader.read(topic, 0, 0, 30_000)).rejects.toThrow(ReaderClosedError);
    await reader.begin(topic, 0);
    await reader.close();
    await waiting;
    await expect(reader.read(topic, 0, 0, 0)).rejects.toThrow(ReaderClosedError);
  });
});
