import type { StreamDefinition } from '@tillstream/contracts';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { groupsOf, lagOfGroup } from '../kafka/group-lag';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { loadStreamFiles } from '../streams/load-stream-files';
import { table } from '../table';

interface LagOptions {
  readonly streamFiles?: string;
  readonly brokers?: string;
  readonly json: boolean;
}

/** How far one service, or one sink, is behind in one partition. */
interface LagRow {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
  /** Null: nothing has been committed. A hint only: services know better where they are. */
  readonly committed: number | null;
  readonly lag: number;
}

/** `till lag`: how far each service is behind. */
export const registerLag: RegisterCommand = (program, context) => {
  program
    .command('lag')
    .description('how far each service, and each store outside, is behind, by partition')
    .option('--json', 'one JSON object a line', false)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((options: LagOptions) => lag(options, context));
};

async function lag(options: LagOptions, context: CliContext): Promise<void> {
  const definitions = loadStreamFiles(options.streamFiles, context.environment);
  await withKafka(options.brokers, context, async (kafka) => {
    const rows = (await Promise.all(definitions.map((definition) => lagOf(kafka, definition)))).flat();
    if (options.json) {
      for (const row of rows) context.write(`${JSON.stringify(row)}\n`);
      return;
    }
    context.write(
      table(
        ['group', 'topic', 'partition', 'end', 'committed', 'lag'],
        rows.map(({ group, topic, partition, end, committed, lag: behind }) => [
          group,
          topic,
          partition,
          end,
          committed ?? '–',
          behind,
        ]),
      ),
    );
  });
}

async function lagOf({ admin }: KafkaAccess, definition: StreamDefinition): Promise<LagRow[]> {
  const groups = groupsOf(definition);
  const read = groups.flatMap(({ reads }) => reads);
  const existing = (await admin.describeTopics(read)).map(({ topic }) => topic);
  const missing = read.filter((topic) => !existing.includes(topic));
  if (missing.length > 0) {
    throw new CliError(
      `there is no topic ${missing.join(', ')}`,
      'till topics --create creates the topics of a stream.',
    );
  }
  const lags = groups.map(async (one) =>
    (await lagOfGroup(admin, one)).map(({ topic, partition, end, committed, lag: behind }) => ({
      ...{ group: one.group, topic, partition, end, committed, lag: behind },
    })),
  );
  return (await Promise.all(lags)).flat();
}
