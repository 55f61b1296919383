import { setTimeout } from 'node:timers/promises';
import type { PartitionLag } from '@tillstream/adapter-kafka';
import { keptName, streamsOf, type StreamDefinition } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER, sinkGroup, sinkInputs, trackerInputs } from '@tillstream/engine';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { loadStreamFiles } from '../streams/load-stream-files';
import { table } from '../table';

interface LagOptions {
  readonly streamFiles?: string;
  readonly brokers?: string;
  readonly json: boolean;
}

const ATTEMPTS = 20;
const PAUSE_MS = 250;

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
  const { topics } = definition;
  const name = keptName(definition);
  const aggregated = streamsOf(definition).flatMap((stream) => [stream.topics.enriched, stream.topics.parts]);
  const groups = [
    { group: `${name}.${ENRICHER}`, reads: [topics.raw] },
    { group: `${name}.${AGGREGATOR}`, reads: aggregated },
    ...(definition.derived ? [{ group: `${name}.session-tracker`, reads: trackerInputs(definition) }] : []),
    ...(definition.sinks ?? []).map((sink) => ({
      group: sinkGroup(definition, sink),
      reads: sinkInputs(definition, sink),
    })),
  ];
  const read = groups.flatMap(({ reads }) => reads);
  const existing = (await admin.describeTopics(read)).map(({ topic }) => topic);
  const missing = read.filter((topic) => !existing.includes(topic));
  if (missing.length > 0) {
    throw new CliError(
      `there is no topic ${missing.join(', ')}`,
      'till topics --create creates the topics of a stream.',
    );
  }
  const lags = groups.map(async ({ group, reads }) =>
    (await groupLag(admin, group, reads)).map(({ topic, partition, end, committed, lag: behind }) => ({
      group,
      topic,
      partition,
      end,
      committed,
      lag: behind,
    })),
  );
  return (await Promise.all(lags)).flat();
}

/** Where a group is kept takes a broker a moment to know after its start, and after another broker has left. */
async function groupLag(
  admin: KafkaAccess['admin'],
  group: string,
  topics: readonly string[],
): Promise<PartitionLag[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await admin.groupLag(group, topics);
    } catch (error) {
      if (attempt >= ATTEMPTS || (error as { readonly retriable?: boolean }).retriable !== true) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}
