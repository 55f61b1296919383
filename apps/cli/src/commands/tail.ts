import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { withKafka } from '../kafka/with-kafka';
import { parseDuration, wholeNumber } from '../options/parse-options';
import { loadStream } from '../streams/load-stream-files';
import { tailCounts, tailEvents } from '../tail/run-tail';
import { StreamTail } from '../tail/stream-tail';

interface TailOptions {
  readonly counts?: number;
  readonly fromTheBeginning: boolean;
  readonly count?: number;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** `till tail STREAM`: the events of a stream as they come, or how many. */
export const registerTail: RegisterCommand = (program, context) => {
  program
    .command('tail')
    .description('the events of a stream as they count, one JSON object a line, or how many; until Ctrl-C')
    .argument('<stream>')
    .option('--counts <duration>', 'how many came instead, every so often, such as 5s', parseDuration)
    .option('--from-the-beginning', 'from the oldest event that is retained on, instead of the newest', false)
    .option('--count <n>', 'stop after so many lines', wholeNumber(1))
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Reads what the enricher has written, beside the services.

  events        that count, since the line before; "in all" since the beginning of the tail
  left out      events that were right and did not count: nearly always because they had come before
  dead letters  what could not be read as an event
  behind        raw records that the enricher has not come to`,
    )
    .action((stream: string, options: TailOptions) => tail(stream, options, context));
};

async function tail(stream: string, options: TailOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, stream);
  const most = options.count ?? Infinity;
  const { enriched, deadLetters, raw } = definition.topics;
  await withKafka(options.brokers, context, async ({ reader, admin }) => {
    const there = (await admin.describeTopics([raw, enriched, deadLetters])).map(({ topic }) => topic);
    const missing = [raw, enriched, deadLetters].filter((topic) => !there.includes(topic));
    if (missing.length > 0) {
      throw new CliError(
        `there is no topic ${missing.join(', ')}`,
        'till topics --create creates the topics of a stream.',
      );
    }
    const opened = await StreamTail.open(reader, definition, options.fromTheBeginning ? 'begin' : 'end');
    if (options.counts === undefined) await tailEvents(opened, most, context, systemClock);
    else await tailCounts(opened, { everyMs: options.counts, most }, context, systemClock);
  });
}
