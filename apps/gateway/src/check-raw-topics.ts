import { kafkaFault, type KafkaAdmin } from '@tillstream/adapter-kafka';
import { explainKafkaFault } from '@tillstream/config';
import { checkTopic, topicSpecs } from '@tillstream/contracts';
import type { StreamDefinition } from '@tillstream/contracts';
import { verifyDefinition } from '@tillstream/engine';
import type { Clock, LogReader } from '@tillstream/engine';
import type { ServiceLogger } from '@tillstream/nest-runtime';

export interface RawTopicPorts {
  readonly admin: Pick<KafkaAdmin, 'describeTopics'>;
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: ServiceLogger;
}

const RETRY_MS = 1000;

/**
 * Whether the raw topics are there, have the partitions and settings that events need, and were created for these very stream
 * files. Waits for a log that does not answer; `signal` ends the waiting.
 *
 * @returns reasons not to start, one sentence each
 */
export async function checkRawTopics(
  definitions: readonly StreamDefinition[],
  ports: RawTopicPorts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  ports.logger.info({ topics: definitions.map(({ topics }) => topics.raw) }, 'checking_topics');
  while (!signal.aborted) {
    try {
      const problems = await Promise.all(definitions.map((definition) => checkRawTopic(definition, ports)));
      return problems.flat();
    } catch (error) {
      ports.logger.warn({ error, reason: explainKafkaFault(kafkaFault(error)) }, 'log_not_reachable');
      await ports.clock.sleep(RETRY_MS);
    }
  }
  return [];
}

async function checkRawTopic(
  definition: StreamDefinition,
  { admin, reader, logger }: RawTopicPorts,
): Promise<string[]> {
  const { raw } = definition.topics;
  const [actual] = await admin.describeTopics([raw]);
  // How many replicas a topic has is its owner's decision.
  const replicationFactor = actual?.replication ?? 1;
  const spec = topicSpecs(definition, replicationFactor).find(({ name }) => name === raw);
  if (spec === undefined) throw new Error(`${raw} is not among the topics of ${definition.schema.stream}`);
  const found = checkTopic(spec, actual === undefined ? null : { ...actual, replicationFactor });
  const problems = found
    .filter(({ severity }) => severity === 'stop')
    .map(({ topic, message }) => `${topic}: ${message}`);
  for (const { topic, message } of found.filter(({ severity }) => severity === 'warn')) {
    logger.warn({ topic, problem: message }, 'topic_setting');
  }
  if (problems.length > 0) return problems;
  const verified = await verifyDefinition(reader, definition);
  for (const warning of verified.warnings) logger.warn({ stream: definition.schema.stream, warning }, 'stream_file');
  return [...verified.problems];
}
