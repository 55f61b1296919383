import type { StreamDefinition } from '@tillstream/contracts';
import { Option } from 'commander';
import { verifyDefinition, type VerifiedDefinition } from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { wholeNumber } from '../options/parse-options';
import { loadStreamFiles } from '../streams/load-stream-files';
import { applyChanged } from '../topics/apply-changed';
import { printTopics, TOPIC_FORMS, type TopicForm } from '../topics/print-topics';
import { type CheckedTopic, checkTopics, createMissing, fixSettings, writeDefinition } from '../topics/stream-topics';

interface TopicsOptions {
  readonly streamFiles?: string;
  readonly brokers?: string;
  readonly create: boolean;
  readonly fix: boolean;
  readonly define: boolean;
  readonly apply: boolean;
  readonly print?: TopicForm;
  readonly cluster?: string;
  readonly replication?: number;
}

const ATTEMPTS = 20;
const PAUSE_MS = 100;

/** `till topics`: are the topics of the stream files as they must be? */
export const registerTopics: RegisterCommand = (program, context) => {
  program
    .command('topics')
    .description('list the topics of the stream files with what is wrong; create them, put them right')
    .option('--create', 'create those that do not exist', false)
    .option('--fix', 'create those that do not exist, and set the settings that are wrong', false)
    .option('--define', 'write the stream file into topics that somebody else has created, and create none', false)
    .option('--apply', 'with these: put a stream file live that is another than the one in force', false)
    .addOption(
      new Option(
        '--print <form>',
        'ask no broker, and print what the topics must be, as values of the Helm chart or as KafkaTopic objects of Strimzi',
      ).choices(TOPIC_FORMS),
    )
    .option('--cluster <name>', 'with --print strimzi: name of the Kafka object', 'kafka')
    .option(
      '--replication <n>',
      'copies of each partition (default: 3, or as many as there are brokers)',
      wholeNumber(1),
    )
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((options: TopicsOptions) => topics(options, context));
};

async function topics(options: TopicsOptions, context: CliContext): Promise<void> {
  const definitions = loadStreamFiles(options.streamFiles, context.environment);
  if (options.print !== undefined) {
    context.write(printTopics(definitions, { form: options.print, ...options }));
    return;
  }
  await withKafka(options.brokers, context, async (kafka) => {
    let stops = 0;
    for (const definition of definitions) stops += await topicsOfStream(kafka, definition, options, context);
    if (stops > 0)
      throw new CliError(`${stops} ${stops === 1 ? 'problem keeps' : 'problems keep'} services from starting`);
  });
}

/** Returns how many problems are left that keep services from starting. */
async function topicsOfStream(
  kafka: KafkaAccess,
  definition: StreamDefinition,
  options: TopicsOptions,
  context: CliContext,
): Promise<number> {
  const replication = options.replication ?? null;
  let checked = await checkTopics(kafka, definition, replication);
  if (options.create || options.fix) {
    const created = await createMissing(kafka, checked);
    for (const topic of created) context.note(`created ${topic}\n`);
    const fixed = options.fix ? await fixSettings(kafka, checked) : [];
    for (const setting of fixed) context.note(`set ${setting}\n`);
    if (created.length + fixed.length > 0) checked = await checkAgain(kafka, definition, replication, options, context);
  }
  context.write(describe(definition, checked));
  const exist = !checked.some(({ problems }) => problems.some(({ setting }) => /^(topic|partitions)$/.test(setting)));
  const inForce = exist ? await putInOrder(kafka, definition, options, context) : { problems: [], warnings: [] };
  for (const warning of inForce.warnings) context.write(`  warn  ${warning}\n`);
  for (const problem of inForce.problems) context.write(`  stop  ${problem}\n`);
  if (exist && inForce.problems.length === 0 && (options.create || options.fix || options.define)) {
    const partitions = await writeDefinition(kafka, definition);
    if (partitions > 0)
      context.note(`wrote the definition into ${partitions} partitions of ${definition.topics.raw}\n`);
  }
  const stopping = checked.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'stop'));
  return stopping.length + inForce.problems.length;
}

/** What is to be said of the stream file in force, once another one has been put live, where that is wanted. */
async function putInOrder(
  kafka: KafkaAccess,
  definition: StreamDefinition,
  { apply }: TopicsOptions,
  context: CliContext,
): Promise<Pick<VerifiedDefinition, 'problems' | 'warnings'>> {
  const verified = await verifyDefinition(kafka.reader, definition);
  const applied = apply && (await applyChanged(kafka, definition, verified, context));
  return applied ? { problems: [], warnings: [] } : verified;
}

/** A broker describes a topic as it was for a moment after it has been changed: what should be right gets some time. */
async function checkAgain(
  kafka: KafkaAccess,
  definition: StreamDefinition,
  replication: number | null,
  { fix }: TopicsOptions,
  { signal }: CliContext,
): Promise<CheckedTopic[]> {
  for (let attempt = 1; ; attempt += 1) {
    const checked = await checkTopics(kafka, definition, replication);
    const shouldBeGone = checked.some(({ problems }) =>
      problems.some(({ fixable, setting }) => fixable && (fix || setting === 'topic')),
    );
    if (!shouldBeGone || attempt === ATTEMPTS || signal.aborted) return checked;
    await systemClock.sleep(PAUSE_MS, signal);
  }
}

function describe(definition: StreamDefinition, topicsOfStream: readonly CheckedTopic[]): string {
  const lines = [`${definition.schema.stream} (${definition.file})`];
  for (const { spec, problems } of topicsOfStream) {
    if (problems.length === 0) lines.push(`  ok    ${spec.name}, ${spec.partitions} partitions`);
    for (const { severity, message } of problems) lines.push(`  ${severity}  ${message}`);
  }
  return `${lines.join('\n')}\n`;
}
