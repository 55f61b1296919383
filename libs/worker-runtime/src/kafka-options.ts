import type { KafkaLogger, KafkaOptions } from '@tillstream/adapter-kafka';
import type { KafkaConfig } from '@tillstream/config';

/** How the adapters reach the cluster that the configuration names. */
export function kafkaOptions(config: KafkaConfig, clientId: string, logger: KafkaLogger): KafkaOptions {
  return { ...config, clientId, logger };
}
