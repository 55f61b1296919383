import { KafkaAdmin, type KafkaLogReader, type KafkaOptions } from '@tillstream/adapter-kafka';
import type { StreamDefinition } from '@tillstream/contracts';
import { checkTopic, topicSpecs } from '@tillstream/contracts';
import { verifyDefinition } from '@tillstream/engine';

/** What a start found out: the first keeps the service from starting, the second is logged. */
export interface StartupReport {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Compares the topics with what the stream files need: they exist, have the partitions and settings that exactly-once rests
 * on, and were created for these very files.
 * @throws when no broker answers.
 */
export async function checkStreams(
  options: KafkaOptions,
  reader: KafkaLogReader,
  definitions: readonly StreamDefinition[],
): Promise<StartupReport> {
  const admin = new KafkaAdmin(options);
  try {
    const reports = await Promise.all(definitions.map((definition) => checkStream(admin, reader, definition)));
    return {
      problems: reports.flatMap(({ problems }) => problems),
      warnings: reports.flatMap(({ warnings }) => warnings),
    };
  } finally {
    await admin.close();
  }
}

async function checkStream(
  admin: KafkaAdmin,
  reader: KafkaLogReader,
  definition: StreamDefinition,
): Promise<StartupReport> {
  const specs = topicSpecs(definition, 1);
  const described = await admin.describeTopics(specs.map(({ name }) => name));
  const found = specs.flatMap((spec) => {
    const actual = described.find(({ topic }) => topic === spec.name);
    const topic = actual && { ...actual, replicationFactor: actual.replication };
    return checkTopic({ ...spec, replicationFactor: actual?.replication ?? spec.replicationFactor }, topic ?? null);
  });
  const text = ({ topic, message }: (typeof found)[number]): string => `${topic}: ${message}`;
  const problems = found.filter(({ severity }) => severity === 'stop').map(text);
  const warnings = found.filter(({ severity }) => severity === 'warn').map(text);
  // A topic that is missing or has other partitions cannot be asked what it was created for.
  if (problems.length === 0) {
    const verified = await verifyDefinition(reader, definition);
    problems.push(...verified.problems);
    warnings.push(...verified.warnings);
  }
  return { problems, warnings };
}
