export { kafkaFault, type KafkaFault } from './cluster/connection-fault';
export { KAFKA_OPERATIONS } from './cluster/kafka-options';
export type { KafkaLogger, KafkaLogin, KafkaOperation, KafkaOptions } from './cluster/kafka-options';
export {
  AppendRefusedError,
  AppendTimeoutError,
  BrokerError,
  CorruptBatchError,
  ReaderClosedError,
  UnknownPartitionError,
  WriterClosedError,
  WriterFullError,
} from './errors';
export type { Compression } from './protocol/compression';
export { KafkaLogReader, type KafkaLogReaderOptions } from './reader/kafka-log-reader';
export { KafkaLogWriter, type KafkaLogWriterOptions } from './writer/kafka-log-writer';
export { KafkaAdmin, type PartitionLag, type TopicDescription, type TopicSpec } from './admin/kafka-admin';
export { KafkaGroupConsumer, type KafkaGroupConsumerOptions } from './group/kafka-group-consumer';
