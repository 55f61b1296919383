import { randomBytes } from 'node:crypto';
import type { KafkaOptions } from '../cluster/kafka-options';

/** The broker that the environment names. @throws Error that says how to get one. */
export function kafkaForTests(): KafkaOptions {
  const brokers = process.env['KAFKA_BROKERS'];
  if (brokers === undefined || brokers === '') {
    throw new Error(
      'KAFKA_BROKERS is not set: tests of the Kafka adapter need a broker, for example KAFKA_BROKERS=127.0.0.1:19092',
    );
  }
  return { brokers: brokers.split(','), clientId: 'tillstream-test' };
}

/** A name that no other test has. */
export function aTopicName(what: string): string {
  return `test.${what}.${randomBytes(6).toString('hex')}`;
}
