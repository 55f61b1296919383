import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { withKafka } from '../kafka/with-kafka';
import { decideEverywhere } from '../replay/raw-partitions';
import { loadStream } from '../streams/load-stream-files';

interface ReleaseOptions {
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** `till release`: after a replay that could not do it itself. */
export const registerRelease: RegisterCommand = (program, context) => {
  program
    .command('release')
    .description('let quiet partitions of a stream no longer hold back its windows, after a replay that was killed')
    .argument('<stream>')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((stream: string, options: ReleaseOptions) => release(stream, options, context));
};

async function release(stream: string, options: ReleaseOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, stream);
  await withKafka(options.brokers, context, async ({ writer }) => {
    await decideEverywhere(writer, definition, { kind: 'release' });
    context.write(`released ${definition.schema.partitions} partitions of ${definition.topics.raw}\n`);
  });
}
