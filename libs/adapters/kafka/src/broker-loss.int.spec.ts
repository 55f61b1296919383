import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AssignmentHandler, type PartitionSource, SourceRevokedError } from '@tillstream/engine';
import { startCluster } from '@tillstream/local';
import { KafkaAdmin } from './admin/kafka-admin';
import type { KafkaOptions } from './cluster/kafka-options';
import { KafkaGroupConsumer } from './group/kafka-group-consumer';
import { KafkaLogReader } from './reader/kafka-log-reader';
import { KafkaLogWriter } from './writer/kafka-log-writer';

const PARTITIONS = 6;
const RECORDS = 600;
const TOPIC = 'kept';

/** A task that reads its partition from the beginning and remembers the first occurrence of every value. */
class Follower implements AssignmentHandler {
  readonly #seen = new Map<number, Set<string>>();
  #wake: () => void = () => undefined;

  assigned(source: PartitionSource): void {
    this.#seen.set(source.partition, new Set());
    source.seek(0);
    void this.follow(source);
  }

  revoked(): Promise<void> {
    return Promise.resolve();
  }

  async complete(partition: number): Promise<string[]> {
    while ((this.#seen.get(partition)?.size ?? 0) < RECORDS)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return [...(this.#seen.get(partition) ?? [])];
  }

  private async follow(source: PartitionSource): Promise<void> {
    try {
      for (;;) {
        for (const { value } of (await source.next(10_000)) ?? []) {
          this.#seen.get(source.partition)?.add(Buffer.from(value ?? []).toString());
        }
        this.#wake();
      }
    } catch (error) {
      if (!(error instanceof SourceRevokedError)) throw error;
    }
  }
}

/**
 * A single broker cannot show what a change of leader does: an answer that covers a part of what was sent, leaders
 * that are still unknown, coordinators that move.
 */
describe('three brokers, one of which is killed', () => {
  jest.setTimeout(180_000);
  let directory: string;
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  let kafka: KafkaOptions;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tillstream-cluster-'));
    cluster = await startCluster({ dataDir: directory });
    kafka = { brokers: cluster.address.split(','), clientId: 'tillstream-test' };
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([
      { topic: TOPIC, partitions: PARTITIONS, replication: 3, configs: { 'min.insync.replicas': '2' } },
    ]);
    await admin.close();
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('keep what was acknowledged, in order, and a reader and a group follow it to the end', async () => {
    const writer = new KafkaLogWriter(kafka);
    const reader = new KafkaLogReader(kafka);
    const follower = new Follower();
    const group = new KafkaGroupConsumer({ ...kafka, groupId: 'followers', topics: [TOPIC], heartbeatIntervalMs: 200 });
    await group.start(follower);

    let killed: Promise<void> | undefined;
    const offsets = Array.from({ length: PARTITIONS }, () => new Array<number>(RECORDS));
    const appending = offsets.map(async (ofPartition, partition) => {
      const underWay = new Set<Promise<void>>();
      for (let i = 0; i < RECORDS; i++) {
        if (partition === 0 && i === RECORDS / 3) killed = cluster.brokers[0]?.kill();
        const append = writer.append(TOPIC, partition, [{ key: null, value: Buffer.from(`${i}`) }]).then((offset) => {
          ofPartition[i] = offset;
          underWay.delete(append);
        });
        underWay.add(append);
        if (underWay.size >= 3) await Promise.race(underWay);
      }
      await Promise.all(underWay);
    });
    const written = Array.from({ length: RECORDS }, (_, i) => `${i}`);
    const reading = offsets.map(async (_, partition) => {
      const values = new Map<number, string>();
      const firsts = new Set<string>();
      for (let from = 0; firsts.size < RECORDS;) {
        for (const { offset, value } of await reader.read(TOPIC, partition, from, 1_000)) {
          const text = Buffer.from(value ?? []).toString();
          values.set(offset, text);
          firsts.add(text);
          from = offset + 1;
        }
      }
      expect([...firsts]).toEqual(written);
      return values;
    });

    await Promise.all(appending);
    for (const [partition, values] of (await Promise.all(reading)).entries()) {
      expect(offsets[partition]?.map((offset) => values.get(offset))).toEqual(written);
      expect(await follower.complete(partition)).toEqual(written);
    }
    await killed;
    await group.stop();
    await Promise.all([writer.close(), reader.close()]);
  });
});
