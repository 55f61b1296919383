import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AssignmentHandler,
  type LogRecord,
  OffsetOutOfRangeError,
  type PartitionSource,
  SourceRevokedError,
} from '@tillstream/engine';
import { KafkaAdmin } from '../admin/kafka-admin';
import { FaultyProxy } from '../testing/faulty-proxy';
import { aTopicName, kafkaForTests } from '../testing/kafka-for-tests';
import { KafkaLogWriter } from '../writer/kafka-log-writer';
import { KafkaGroupConsumer, type KafkaGroupConsumerOptions } from './kafka-group-consumer';

const kafka = kafkaForTests();

/** Remembers what it was given, and lets a test wait for it. */
class Assignments implements AssignmentHandler {
  readonly sources = new Map<string, PartitionSource>();
  readonly history: string[] = [];
  readonly #waiting = new Set<() => void>();

  assigned(source: PartitionSource): void {
    const name = `${source.topic}/${source.partition}`;
    if (this.sources.has(name)) throw new Error(`${name} was assigned twice`);
    this.sources.set(name, source);
    this.history.push(`+${source.partition}`);
    this.changed();
  }

  revoked(topic: string, partition: number): Promise<void> {
    this.sources.delete(`${topic}/${partition}`);
    this.history.push(`-${partition}`);
    this.changed();
    return Promise.resolve();
  }

  partitions(): number[] {
    return [...this.sources.values()].map(({ partition }) => partition).sort((a, b) => a - b);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  private changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

const textOf = ({ value }: LogRecord): string => Buffer.from(value ?? []).toString();

async function take(source: PartitionSource, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) texts.push(...((await source.next(10_000)) ?? []).map(textOf));
  return texts;
}

describe('the Kafka group consumer', () => {
  const admin = new KafkaAdmin(kafka);
  const writer = new KafkaLogWriter(kafka);
  let consumers: KafkaGroupConsumer[] = [];
  let topic: string;

  beforeEach(async () => {
    topic = aTopicName('group');
    await admin.createTopics([{ topic, partitions: 4, replication: 1, configs: { 'retention.ms': '-1' } }]);
  });
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    consumers = [];
  });
  afterAll(async () => {
    await Promise.all([writer.close(), admin.close()]);
  });

  const joining = async (
    handler: AssignmentHandler,
    more: Partial<KafkaGroupConsumerOptions> = {},
  ): Promise<KafkaGroupConsumer> => {
    const timing = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 100, maxWaitMs: 100 };
    const consumer = new KafkaGroupConsumer({
      ...kafka,
      ...timing,
      groupId: `${topic}.group`,
      topics: [topic],
      ...more,
    });
    consumers.push(consumer);
    await consumer.start(handler);
    return consumer;
  };

  const append = (partition: number, ...values: string[]): Promise<number> =>
    writer.append(
      topic,
      partition,
      values.map((value) => ({ key: null, value: Buffer.from(value) })),
    );

  const aloneOn = async (partition: number): Promise<PartitionSource> => {
    const alone = new Assignments();
    await joining(alone);
    await alone.until(() => alone.sources.size === 4);
    const source = alone.sources.get(`${topic}/${partition}`);
    if (source === undefined) throw new Error('not assigned');
    return source;
  };

  it('gives a lone member everything', async () => {
    const alone = new Assignments();
    const consumer = await joining(alone);
    await alone.until(() => alone.sources.size === 4);
    expect(alone.partitions()).toEqual([0, 1, 2, 3]);
    expect(consumer.isMember).toBe(true);
  });

  it('moves half to a second member and back, and leaves the rest undisturbed', async () => {
    const [first, second] = [new Assignments(), new Assignments()];
    await joining(first);
    await first.until(() => first.sources.size === 4);
    const secondConsumer = await joining(second);
    await second.until(() => second.sources.size === 2);
    await first.until(() => first.sources.size === 2);
    expect([...first.partitions(), ...second.partitions()].sort()).toEqual([0, 1, 2, 3]);
    const [kept] = first.sources.values();
    await secondConsumer.stop();
    await first.until(() => first.sources.size === 4);
    expect(second.history.filter((event) => event.startsWith('-'))).toHaveLength(2);
    expect(first.history).toHaveLength(8); // four came, two went, two came back
    expect(kept?.isRevoked()).toBe(false);
  });

  it('delivers nothing before a seek, and nothing below the offset sought', async () => {
    await append(0, 'a', 'b', 'c', 'd');
    const source = await aloneOn(0);
    await expect(source.next(0)).rejects.toThrow('seek');
    source.seek(2);
    expect(await take(source, 2)).toEqual(['c', 'd']);
    expect(source.logEndOffset()).toBe(4);
    source.seek(1);
    expect(await take(source, 3)).toEqual(['b', 'c', 'd']);
  });

  it('waits for records, and says so when none come', async () => {
    const source = await aloneOn(0);
    source.seek(0);
    expect(await source.next(50)).toBeNull();
    const waiting = take(source, 1);
    await append(0, 'a');
    expect(await waiting).toEqual(['a']);
  });

  it('throws from the source of a partition that was taken away, also in the middle of a wait', async () => {
    const first = new Assignments();
    await joining(first);
    await first.until(() => first.sources.size === 4);
    const before = [...first.sources.values()];
    for (const source of before) source.seek(0);
    const outcomes = before.map(async (source) => {
      while ((await source.next(10_000)) !== undefined);
    });
    const rejections = outcomes.map((outcome) => outcome.catch((error: unknown) => error));
    await joining(new Assignments());
    await first.until(() => first.sources.size === 2);
    const gone = before.filter((source) => source.isRevoked());
    expect(gone).toHaveLength(2);
    for (const source of gone) {
      expect(await rejections[before.indexOf(source)]).toBeInstanceOf(SourceRevokedError);
      await expect(source.next(0)).rejects.toThrow(SourceRevokedError);
    }
    await consumers[0]?.stop();
    expect(before.every((source) => source.isRevoked())).toBe(true);
    await Promise.all(rejections);
  });

  it('says that an offset is out of range, and goes nowhere by itself', async () => {
    await append(0, 'a', 'b', 'c');
    await admin.deleteRecordsBefore(topic, 0, 2);
    const source = await aloneOn(0);
    source.seek(1);
    await expect(source.next(10_000)).rejects.toThrow(new OffsetOutOfRangeError(topic, 0, 1, 2, 3));
    await expect(source.next(0)).rejects.toThrow(OffsetOutOfRangeError);
    source.seek(99);
    await expect(source.next(10_000)).rejects.toThrow(new OffsetOutOfRangeError(topic, 0, 99, 2, 3));
    source.seek(2);
    expect(await take(source, 1)).toEqual(['c']);
  });

  it('serves a partition whose neighbour is not being read', async () => {
    const block = 'x'.repeat(500_000);
    for (let i = 0; i < 30; i++) await append(0, block);
    const all = new Assignments();
    await joining(all);
    await all.until(() => all.sources.size === 4);
    const stalled = all.sources.get(`${topic}/0`);
    const lively = all.sources.get(`${topic}/1`);
    stalled?.seek(0);
    lively?.seek(0);
    for (let i = 0; i < 20; i++) {
      await append(1, `${i}`);
      expect(await take(lively as PartitionSource, 1)).toEqual([`${i}`]);
    }
    expect(await take(stalled as PartitionSource, 30)).toHaveLength(30);
  });

  it('keeps its hints for lag tools: one at the first seek, the last when it stops', async () => {
    await append(0, 'a', 'b', 'c');
    const source = await aloneOn(0);
    const [consumer] = consumers;
    expect(await consumer?.committed(topic, 0)).toBeNull();
    source.seek(1);
    while ((await consumer?.committed(topic, 0)) === null) await sleep(50);
    expect(await consumer?.committed(topic, 0)).toBe(1);
    source.commit(3);
    await consumer?.stop();
    const lag = await admin.groupLag(`${topic}.group`, [topic]);
    expect(lag[0]).toEqual({ topic, partition: 0, committed: 3, begin: 0, end: 3, lag: 0 });
    expect(lag[1]).toMatchObject({ committed: null, lag: 0 });
  });

  it('leaves at once when it has no time left for work that does not stop', async () => {
    const [member, heir] = [new Assignments(), new Assignments()];
    const leaving = await joining(member, { sessionTimeoutMs: 60_000 });
    await member.until(() => member.sources.size === 4);
    member.revoked = () => new Promise(() => {});
    await leaving.stop(AbortSignal.abort());
    await joining(heir);
    await heir.until(() => heir.sources.size === 4);
  });

  it('reads several topics', async () => {
    const other = aTopicName('group');
    await admin.createTopics([{ topic: other, partitions: 2, replication: 1 }]);
    const all = new Assignments();
    await joining(all, { topics: [topic, other] });
    await all.until(() => all.sources.size === 6);
    await writer.append(other, 1, [{ key: null, value: Buffer.from('there') }]);
    const source = all.sources.get(`${other}/1`);
    source?.seek(0);
    expect(await take(source as PartitionSource, 1)).toEqual(['there']);
  });

  it('takes over from a member that is gone without a word', async () => {
    const proxy = await FaultyProxy.before(kafka.brokers[0] ?? '');
    const [first, second] = [new Assignments(), new Assignments()];
    await joining(first, { socketFactory: proxy.socketFactory, sessionTimeoutMs: 1_500 });
    await first.until(() => first.sources.size === 4);
    await joining(second, { sessionTimeoutMs: 1_500 });
    await second.until(() => second.sources.size === 2);
    const kept = [...second.sources.values()];
    proxy.cut();
    await second.until(() => second.sources.size === 4);
    expect(kept.every((source) => !source.isRevoked())).toBe(true);
    await first.until(() => first.sources.size === 0); // it finds out by itself
    proxy.mend();
    await first.until(() => first.sources.size === 2);
    await proxy.close();
  });

  it('gets everything at once after a death without a word, and leaves other members their own', async () => {
    const proxy = await FaultyProxy.before(kafka.brokers[0] ?? '');
    // Nobody could wait for such a session to time out.
    const timing = { sessionTimeoutMs: 120_000, rebalanceTimeoutMs: 120_000 };
    const [earlier, other, later] = [new Assignments(), new Assignments(), new Assignments()];
    await joining(earlier, { ...timing, socketFactory: proxy.socketFactory, instance: 'here:1' });
    await earlier.until(() => earlier.sources.size === 4);
    proxy.cut();
    await joining(later, { ...timing, instance: 'here:1' });
    await later.until(() => later.sources.size === 4);

    await joining(other, { ...timing, instance: 'here:2' });
    await other.until(() => other.sources.size === 2);
    await later.until(() => later.sources.size === 2);
    expect(other.history).toHaveLength(2);
    await proxy.close();
  });

  it('comes to rest when two that live have one name: each is sent away once at most', async () => {
    const [one, two, other] = [new Assignments(), new Assignments(), new Assignments()];
    await joining(one, { instance: 'here:1' });
    await one.until(() => one.sources.size === 4);
    await joining(two, { instance: 'here:1' });
    await two.until(() => two.sources.size === 2);
    await one.until(() => one.sources.size === 2);
    await joining(other, { instance: 'here:2' });
    await other.until(() => other.sources.size === 1);
    const hasGiven = (): boolean => one.sources.size + two.sources.size === 3;
    await Promise.race([one.until(hasGiven), two.until(hasGiven)]);
    expect([...one.partitions(), ...two.partitions(), ...other.partitions()].sort()).toEqual([0, 1, 2, 3]);
  });

  it('keeps its partitions through a short loss of the connection, and reads on', async () => {
    const proxy = await FaultyProxy.before(kafka.brokers[0] ?? '');
    const alone = new Assignments();
    await joining(alone, { socketFactory: proxy.socketFactory, sessionTimeoutMs: 30_000 });
    await alone.until(() => alone.sources.size === 4);
    const source = alone.sources.get(`${topic}/0`) as PartitionSource;
    source.seek(0);
    await append(0, 'before');
    expect(await take(source, 1)).toEqual(['before']);
    proxy.cut();
    await append(0, 'meanwhile');
    proxy.mend();
    expect(await take(source, 1)).toEqual(['meanwhile']);
    expect(alone.history).toHaveLength(4);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await proxy.close();
  });
});
