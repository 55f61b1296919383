import {
  checkTopic,
  encodeControl,
  encodeDefinition,
  type StreamDefinition,
  type TopicProblem,
  type TopicSpec,
  topicSpecs,
} from '@tillstream/contracts';
import { definitionInLog, readDefinitions } from '@tillstream/engine';
import type { KafkaAccess } from '../kafka/kafka-access';

/** A topic of a stream, with everything about it that is not as it must be. */
export interface CheckedTopic {
  readonly spec: TopicSpec;
  readonly problems: readonly TopicProblem[];
}

/** Three copies of everything, or as many as there are brokers. */
const MOST_REPLICAS = 3;

/** Compares all topics of a stream with what they must be. */
export async function checkTopics(
  { admin }: KafkaAccess,
  definition: StreamDefinition,
  replication: number | null,
): Promise<CheckedTopic[]> {
  const specs = topicSpecs(definition, replication ?? Math.min(MOST_REPLICAS, await admin.ping()));
  const actual = await admin.describeTopics(specs.map(({ name }) => name));
  return specs.map((spec) => {
    const found = actual.find(({ topic }) => topic === spec.name);
    const { partitions = 0, replication: replicationFactor = 0, configs = {} } = found ?? {};
    const problems = checkTopic(spec, found === undefined ? null : { partitions, replicationFactor, configs });
    return { spec, problems };
  });
}

/** Creates the topics that do not exist. Returns their names. */
export function createMissing({ admin }: KafkaAccess, topics: readonly CheckedTopic[]): Promise<string[]> {
  return admin.createTopics(
    topics
      .filter(({ problems }) => problems.some(isMissing))
      .map(({ spec }) => ({
        topic: spec.name,
        partitions: spec.partitions,
        replication: spec.replicationFactor,
        configs: spec.configs,
      })),
  );
}

/** Sets the settings that are wrong and can be set. Returns what was set, as `topic: setting=value`. */
export async function fixSettings({ admin }: KafkaAccess, topics: readonly CheckedTopic[]): Promise<string[]> {
  const fixed: string[] = [];
  for (const { spec, problems } of topics) {
    const wrong = problems.filter((problem) => problem.fixable && !isMissing(problem));
    const configs = Object.fromEntries(
      wrong.flatMap(({ setting }) => {
        const value = spec.configs[setting];
        return value === undefined ? [] : [[setting, value] as const];
      }),
    );
    if (Object.keys(configs).length === 0) continue;
    await admin.alterConfigs(spec.name, configs);
    fixed.push(...Object.entries(configs).map(([setting, value]) => `${spec.name}: ${setting}=${value}`));
  }
  return fixed;
}

/**
 * Keeps the stream file that the topics are for, if that was not done yet, and writes which one it is into every raw partition
 * that does not say so.
 *
 * @returns how many partitions did not
 */
export async function writeDefinition({ reader, writer }: KafkaAccess, definition: StreamDefinition): Promise<number> {
  const { sha256, schema, topics } = definition;
  const history = await readDefinitions(reader, definition);
  if (!history.wasApplied(sha256)) await writer.append(topics.definitions, 0, [encodeDefinition(definition)]);
  const partitions = Array.from({ length: schema.partitions }, (_, partition) => partition);
  const written = await Promise.all(
    partitions.map(async (partition) => {
      if ((await definitionInLog(reader, definition, partition)) !== '') return 0;
      await writer.append(topics.raw, partition, [encodeControl({ kind: 'definition', sha256 })]);
      return 1;
    }),
  );
  return written.reduce<number>((sum, count) => sum + count, 0);
}

function isMissing({ setting }: TopicProblem): boolean {
  return setting === 'topic';
}
