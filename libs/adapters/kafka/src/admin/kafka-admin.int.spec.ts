import { aTopicName, kafkaForTests } from '../testing/kafka-for-tests';
import { KafkaAdmin } from './kafka-admin';

describe('the Kafka admin', () => {
  const admin = new KafkaAdmin(kafkaForTests());
  let topic: string;

  beforeEach(() => {
    topic = aTopicName('admin');
  });
  afterAll(() => admin.close());

  it('creates what is missing and leaves alone what is there', async () => {
    const spec = { topic, partitions: 3, replication: 1, configs: { 'retention.ms': '60000' } };
    const other = { topic: `${topic}.other`, partitions: 1, replication: 1 };
    expect(await admin.createTopics([spec])).toEqual([topic]);
    expect(await admin.createTopics([{ ...spec, partitions: 5 }, other])).toEqual([other.topic]);
    const [described] = await admin.describeTopics([topic]);
    expect(described).toMatchObject({ topic, partitions: 3, replication: 1 });
    expect(described?.configs).toMatchObject({ 'retention.ms': '60000', 'cleanup.policy': 'delete' });
  });

  it('describes nothing for a topic that is not there', async () => {
    expect(await admin.describeTopics([topic])).toEqual([]);
  });

  it('changes one setting and keeps the others', async () => {
    await admin.createTopics([
      { topic, partitions: 1, replication: 1, configs: { 'retention.ms': '60000', 'segment.ms': '70000' } },
    ]);
    await admin.alterConfigs(topic, { 'retention.ms': '80000', 'message.timestamp.type': 'LogAppendTime' });
    const [described] = await admin.describeTopics([topic]);
    expect(described?.configs).toMatchObject({
      'retention.ms': '80000',
      'segment.ms': '70000',
      'message.timestamp.type': 'LogAppendTime',
    });
  });

  it('knows the lag of a group that never was', async () => {
    await admin.createTopics([{ topic, partitions: 2, replication: 1 }]);
    expect(await admin.groupLag(`${topic}.nobody`, [topic])).toEqual(
      [0, 1].map((partition) => ({ topic, partition, committed: null, begin: 0, end: 0, lag: 0 })),
    );
    expect(await admin.groupMembers(`${topic}.nobody`)).toEqual([]);
  });

  it('deletes topics', async () => {
    await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
    await admin.deleteTopics([topic]);
    // A broker hears of it a moment after its controller has answered; without it the test runs into its time limit.
    let names = await admin.listTopics();
    while (names.includes(topic)) names = await admin.listTopics();
    expect(names).not.toContain(topic);
  });

  it('counts the brokers that are up, and says when none is', async () => {
    expect(await admin.ping()).toBeGreaterThanOrEqual(1);
    const nobody = new KafkaAdmin({ brokers: ['127.0.0.1:1'], clientId: 'test', connectionTimeoutMs: 200 });
    await expect(nobody.ping()).rejects.toThrow();
    await nobody.close();
  }, 20_000);
});
