import { kafkaFault } from '@tillstream/adapter-kafka';
import { explainKafkaFault } from '@tillstream/config';
import type { CliContext } from '../cli-context';
import { CliError } from '../cli-context';
import { type ConnectKafka, connectKafka, type KafkaAccess } from './kafka-access';

/** Works with the cluster of `--brokers` or the environment, and leaves it in order. */
export async function withKafka<T>(
  brokers: string | undefined,
  context: CliContext,
  work: (kafka: KafkaAccess) => Promise<T>,
  connect: ConnectKafka = connectKafka,
): Promise<T> {
  const kafka = connect(brokers, context.environment);
  try {
    await kafka.admin.ping().catch((error: unknown) => {
      const reason = explainKafkaFault(kafkaFault(error));
      if (reason !== null) throw new CliError(reason);
      throw new CliError(`Kafka does not answer: ${(error as Error).message}`, 'Is --brokers (KAFKA_BROKERS) right?');
    });
    return await work(kafka);
  } finally {
    await kafka.close();
  }
}
