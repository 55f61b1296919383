import { type StreamDefinition, type TopicSpec, topicSpecs } from '@tillstream/contracts';
import { stringify } from 'yaml';

/** Who is to create the topics: the Helm chart, or whoever applies objects of Strimzi's operator. */
export const TOPIC_FORMS = ['values', 'strimzi'] as const;
export type TopicForm = (typeof TOPIC_FORMS)[number];

export interface PrintedTopics {
  readonly form: TopicForm;
  /** Copies of each partition. */
  readonly replication?: number;
  /** Name of Strimzi's Kafka object. */
  readonly cluster?: string;
}

const USUAL_REPLICATION = 3;

/** What the topics of streams must be, for something else than this command line to create them. */
export function printTopics(definitions: readonly StreamDefinition[], printed: PrintedTopics): string {
  const specs = definitions.flatMap((definition) => topicSpecs(definition, printed.replication ?? USUAL_REPLICATION));
  if (printed.form === 'strimzi') {
    return specs.map((spec) => stringify(kafkaTopic(spec, printed.cluster ?? 'kafka'))).join('---\n');
  }
  const topics = specs.map(({ name, partitions, replicationFactor, configs }) => ({
    name,
    partitions,
    replicas: replicationFactor,
    config: configs,
  }));
  return stringify({ topics: { create: 'strimzi', strimzi: { topics } } });
}

function kafkaTopic({ name, partitions, replicationFactor, configs }: TopicSpec, cluster: string): object {
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: { name: objectName(name), labels: { 'strimzi.io/cluster': cluster } },
    spec: { topicName: name, partitions, replicas: replicationFactor, config: configs },
  };
}

/** Names of objects have no capitals and no `_`, names of topics may. */
const objectName = (topic: string): string => topic.toLowerCase().replaceAll('_', '-');
