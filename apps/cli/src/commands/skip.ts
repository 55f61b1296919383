import type { StreamDefinition } from '@tillstream/contracts';
import { FEED_ROLES, encodeGap } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER, TRACKER, sinkService } from '@tillstream/engine';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { withKafka } from '../kafka/with-kafka';
import { wholeNumber } from '../options/parse-options';
import { loadStream } from '../streams/load-stream-files';

/** The aggregator passes over events and over what is derived from them one by one. */
const SKIPPING = [ENRICHER, AGGREGATOR, `${AGGREGATOR}:sessions`, `${AGGREGATOR}:attributions`, TRACKER];

interface SkipOptions {
  readonly streamFiles?: string;
  readonly brokers?: string;
  readonly reason: string;
  readonly yes: boolean;
}

interface SkipRange {
  readonly service: string;
  readonly stream: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Who may pass over records of this stream, and in which topic they stand. */
function skippersOf({ topics, sinks = [] }: StreamDefinition): ReadonlyMap<string, string> {
  const ofSinks = sinks.flatMap(({ name, feeds }) =>
    feeds.map(({ feed }): [string, string] => {
      // Sinks count events by where they stand in raw, and everything else by where it stands in its own topic.
      return [sinkService(name, feed), feed === 'events' ? topics.raw : topics[FEED_ROLES[feed]]];
    }),
  );
  return new Map([...SKIPPING.map((service): [string, string] => [service, topics.raw]), ...ofSinks]);
}

/** `till skip`: accepts a hole that has stopped a partition. */
export const registerSkip: RegisterCommand = (program, context) => {
  program
    .command('skip')
    .description(
      'let a service, or a sink, pass over records that have stopped it; what they hold is not counted, or not stored',
    )
    .argument('<service>', `who may pass: ${SKIPPING.join(', ')}, or as a sink says when it stops, sink-writer:NAME`)
    .argument('<stream>')
    .argument('<partition>', 'raw partition', wholeNumber(0))
    .argument('<from>', 'first raw offset to pass over', wholeNumber(0))
    .argument('<to>', 'first raw offset after it', wholeNumber(0))
    .option('--reason <text>', 'why, for those who find the hole later', '')
    .option('--yes', 'do it: it cannot be counted again later', false)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((service: string, stream: string, partition: number, from: number, to: number, options: SkipOptions) =>
      skip({ service, stream, partition, from, to }, options, context),
    );
};

async function skip(range: SkipRange, options: SkipOptions, context: CliContext): Promise<void> {
  const { service, stream, partition, from, to } = range;
  const definition = loadStream(options.streamFiles, context.environment, stream);
  const { schema, topics } = definition;
  const skippers = skippersOf(definition);
  const topic = skippers.get(service);
  if (topic === undefined) {
    throw new CliError(`nobody called ${service} reads ${stream}`, `One of ${[...skippers.keys()].join(', ')}.`);
  }
  if (partition >= schema.partitions) throw new CliError(`${stream} has ${schema.partitions} partitions, from 0`);
  if (from >= to)
    throw new CliError(`the range [${from}, ${to}) is empty`, 'The second offset is the first that is kept.');
  await withKafka(options.brokers, context, async ({ reader, writer }) => {
    const end = await reader.end(topic, partition);
    if (to > end) {
      throw new CliError(
        `${topic}/${partition} ends at ${end}: events that are still to come must not be passed over`,
        `At most: till skip ${service} ${stream} ${partition} ${from} ${end}`,
      );
    }
    const what = `${service} passes over ${to - from} records of ${topic}/${partition}, offsets ${from} to ${to - 1}`;
    if (!options.yes)
      throw new CliError(
        `not done: ${what}`,
        SKIPPING.includes(service)
          ? 'Their events will be missing in all results. Add --yes to do it.'
          : 'What they hold will be missing in the store. Add --yes to do it.',
      );
    await writer.append(topics.gaps, 0, [encodeGap({ service, partition, from, to, reason: options.reason })]);
    context.write(`${what}. Restart the service, or wait until it tries again.\n`);
  });
}
