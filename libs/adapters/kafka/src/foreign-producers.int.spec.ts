import { spawnSync } from 'node:child_process';
import type { LogRecord } from '@tillstream/engine';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaAdmin } from './admin/kafka-admin';
import { KafkaLogReader } from './reader/kafka-log-reader';
import { aTopicName, kafkaForTests } from './testing/kafka-for-tests';

const kafka = kafkaForTests();
const PYTHON = process.env['TILLSTREAM_PYTHON'] ?? 'python3';
const MODULES = 'import kafka, snappy, lz4.frame, zstandard';
const hasPython = spawnSync(PYTHON, ['-c', MODULES]).status === 0;
if (!hasPython) {
  process.stderr.write(
    `skipped: records of kafka-python, for "${PYTHON} -c '${MODULES}'" fails (set TILLSTREAM_PYTHON)\n`,
  );
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

describe('records of foreign producers', () => {
  const admin = new KafkaAdmin(kafka);
  const reader = new KafkaLogReader(kafka);
  let topic: string;

  beforeEach(async () => {
    topic = aTopicName('foreign');
    await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
  });
  afterAll(async () => {
    await Promise.all([reader.close(), admin.close()]);
  });

  const readTo = async (end: number, from = 0): Promise<LogRecord[]> => {
    const all: LogRecord[] = [];
    for (let at = from; at < end;) {
      const some = await reader.read(topic, 0, at, 300);
      if (some.length === 0) break; // what is left is markers
      all.push(...some);
      at = (all.at(-1)?.offset ?? end) + 1;
    }
    return all;
  };

  it('are seen when their transaction has committed, and never when it was aborted', async () => {
    const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
    const producer = client.producer({ transactionalId: `${topic}.tx`, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const inTransaction = async (value: string, end: 'commit' | 'abort'): Promise<void> => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value, partition: 0 }] });
      await (end === 'commit' ? transaction.commit() : transaction.abort());
    };
    await inTransaction('committed 1', 'commit');
    await inTransaction('aborted', 'abort');
    await inTransaction('committed 2', 'commit');

    const open = await producer.transaction();
    await open.send({ topic, messages: [{ value: 'open', partition: 0 }] });
    expect(await reader.end(topic, 0)).toBe(6);
    expect((await readTo(6)).map(({ value }) => textOf(value))).toEqual(['committed 1', 'committed 2']);
    await open.abort();
    // The coordinator answers before it has written the marker.
    while ((await reader.end(topic, 0)) < 8);
    expect(await reader.read(topic, 0, 6, 50)).toEqual([]);
    await producer.disconnect();
  });

  const withPython = hasPython ? it : it.skip;

  withPython.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'are read as kafka-python writes them, compressed with %s',
    async (compression) => {
      const script = `
from kafka import KafkaProducer
producer = KafkaProducer(bootstrap_servers='${kafka.brokers.join(',')}', compression_type='${compression}', linger_ms=200)
for i in range(500):
    producer.send('${topic}', partition=0, key=b'k%d' % i, value=(b'value %d ' % i) * 20, headers=[('n', b'%d' % i)], timestamp_ms=1700000000000 + i)
producer.flush()
`;
      const { status, stderr } = spawnSync(PYTHON, ['-c', script], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      const records = await readTo(500);
      expect(
        records.map(({ offset, key, value, headers, timestampMs }) => [
          offset,
          textOf(key),
          textOf(value),
          textOf(headers['n'] ?? null),
          timestampMs,
        ]),
      ).toEqual(
        Array.from({ length: 500 }, (_, i) => [i, `k${i}`, `value ${i} `.repeat(20), `${i}`, 1_700_000_000_000 + i]),
      );
      expect((await readTo(500, 321)).length).toBe(179);
    },
  );
});
