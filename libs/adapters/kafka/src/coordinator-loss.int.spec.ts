import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AssignmentHandler, PartitionSource } from '@tillstream/engine';
import { startBroker } from '@tillstream/local';
import { KafkaAdmin } from './admin/kafka-admin';
import { KafkaGroupConsumer } from './group/kafka-group-consumer';

const PARTITIONS = 4;
const TOPIC = 'shared';

/** Counts the partitions it has, and lets a test wait for a number. */
class Share implements AssignmentHandler {
  private size = 0;
  private wake: () => void = () => undefined;

  assigned(source: PartitionSource): void {
    source.seek(0);
    this.size += 1;
    this.wake();
  }

  revoked(): Promise<void> {
    this.size -= 1;
    this.wake();
    return Promise.resolve();
  }

  async until(size: number): Promise<void> {
    while (this.size !== size) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

/** The coordinator knows its groups again when it comes back, and gives every member a new session. */
describe('a member whose coordinator was away for longer than a session', () => {
  jest.setTimeout(180_000);
  let directory: string;
  let broker: Awaited<ReturnType<typeof startBroker>>;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tillstream-coordinator-'));
    broker = await startBroker({ dataDir: directory });
  });
  afterAll(async () => {
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives up its partitions, and gets them again', async () => {
    const kafka = { brokers: [broker.address], clientId: 'tillstream-test' };
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([{ topic: TOPIC, partitions: PARTITIONS, replication: 1 }]);
    await admin.close();
    const share = new Share();
    const consumer = new KafkaGroupConsumer({
      ...kafka,
      groupId: 'members',
      topics: [TOPIC],
      sessionTimeoutMs: 1_000,
      heartbeatIntervalMs: 100,
    });
    await consumer.start(share);
    await share.until(PARTITIONS);
    await broker.kill();
    await share.until(0);
    await broker.restart();
    await share.until(PARTITIONS);
    await consumer.stop();
  });
});
