import { describeLog } from '@tillstream/engine/testing';
import { KafkaAdmin } from './admin/kafka-admin';
import type { Compression } from './protocol/compression';
import { KafkaLogReader } from './reader/kafka-log-reader';
import { aTopicName, kafkaForTests } from './testing/kafka-for-tests';
import { KafkaLogWriter } from './writer/kafka-log-writer';

const compressions: readonly Compression[] = ['none', 'zstd'];

for (const compression of compressions) {
  describeLog(`Kafka with ${compression} compression`, () => {
    const kafka = kafkaForTests();
    const admin = new KafkaAdmin(kafka);
    const writer = new KafkaLogWriter({ ...kafka, compression });
    const reader = new KafkaLogReader(kafka);
    return Promise.resolve({
      writer,
      reader,
      createTopic: async ({ partitions, timestamps }) => {
        const topic = aTopicName('log');
        const configs = {
          'retention.ms': '-1',
          'message.timestamp.type': timestamps === 'append' ? 'LogAppendTime' : 'CreateTime',
        };
        await admin.createTopics([{ topic, partitions, replication: 1, configs }]);
        return topic;
      },
      expire: (topic, partition, offset) => admin.deleteRecordsBefore(topic, partition, offset),
      close: async () => {
        await Promise.all([writer.close(), reader.close(), admin.close()]);
      },
    });
  });
}
