import { FEED_ROLES, feedsOf, type Feed, type StreamDefinition } from '@tillstream/contracts';
import { OtherRecordStandsError, restoreRecords, type RestoreReport } from '@tillstream/engine';
import { Option } from 'commander';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { liveDefinition } from '../definitions/live-definition';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { LAKE_OPTION, withLake, type OpenedLake } from '../lake/open-lake';
import { restartChains } from '../lake/restart-chains';
import { parseInstant } from '../options/parse-options';
import { collect, windowSpan, type WindowSpan } from '../options/window-range';
import { Progress } from '../progress';
import { loadStream } from '../streams/load-stream-files';
import { percentText, plural } from '../words';

interface RestoreCommandOptions {
  readonly stream: string;
  readonly from: 'lake';
  readonly feed: readonly Feed[];
  readonly since?: number;
  readonly until?: number;
  readonly lake?: string;
  readonly json?: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** What is read from topics by whoever answers questions. */
const RESTORED: readonly Feed[] = ['finals', 'sessions', 'attributions'];

/** `till restore`: results that topics no longer hold. */
export const registerRestore: RegisterCommand = (program, context) => {
  program
    .command('restore')
    .description(
      'publish finals, sessions and attributions to their topics once more, byte for byte, where these have lost them',
    )
    .addOption(new Option('--from <store>', 'where they are kept').choices(['lake']).makeOptionMandatory())
    .option('--stream <name>', 'stream whose they are', 'commerce')
    .option('--feed <name>', `only this of ${RESTORED.join(', ')}; may be given several times`, collect, [])
    .option(
      '--since <time>',
      'only windows that begin, sessions that end, and purchases made at or after',
      parseInstant,
    )
    .option('--until <time>', 'only those before', parseInstant)
    .option(...LAKE_OPTION)
    .option('--json', 'one JSON object: how many of each')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Services may run: the query API shows what was restored at once. What stands in a topic is not published again, so an
interrupted restore is simply run again. Topics keep what was restored for as long as what is new.`,
    )
    .action((options: RestoreCommandOptions) => restore(options, context));
};

async function restore(options: RestoreCommandOptions, context: CliContext): Promise<void> {
  const file = loadStream(options.streamFiles, context.environment, options.stream);
  const span = windowSpan({
    ...(options.since === undefined ? {} : { from: options.since }),
    ...(options.until === undefined ? {} : { to: options.until }),
  });
  const feeds = feedsNamed(file, options.feed);
  const done: Record<string, RestoreReport> = {};
  await withLake(file, options, context, (lake) =>
    withKafka(options.brokers, context, async (kafka) => {
      const definition = await liveDefinition(kafka.reader, file, context);
      for (const feed of feeds) {
        const report = await restoreFeed(feed, { definition, lake, kafka, span, context });
        if (report !== null) done[feed] = report;
        else
          context.note(`${lake.store.address} has no table ${options.stream}/${feed}: nothing of it is kept there\n`);
      }
      if (Object.keys(done).length === 0) {
        throw new CliError(`${lake.store.address} keeps nothing of ${options.stream}`, 'Is it the right place?');
      }
    }),
  );
  if (options.json) context.write(`${JSON.stringify(done)}\n`);
  else for (const [feed, report] of Object.entries(done)) context.write(`${sentence(feed, report)}\n`);
}

interface Restoring {
  readonly definition: StreamDefinition;
  readonly lake: OpenedLake;
  readonly kafka: KafkaAccess;
  readonly span: WindowSpan;
  readonly context: CliContext;
}

/** Null: nothing of it is kept. */
async function restoreFeed(
  feed: Feed,
  { definition, lake, kafka, span, context }: Restoring,
): Promise<RestoreReport | null> {
  const table = lake.table(feed);
  const snapshot = await table.snapshot();
  if (snapshot === null) return null;
  const { reader, writer } = kafka;
  const topic = definition.topics[FEED_ROLES[feed]];
  const { partitions } = definition.schema;
  const kept = { session: lake.session, table, snapshot };
  const range = { column: lake.library.timeColumn(definition, { feed }), ...span };
  const total = await lake.library.countRecords(kept, range);
  const progress = new Progress(context, systemClock);
  await restartChains(feed, { lake, reader, topic, partitions });
  try {
    const report = await restoreRecords({
      ...{ reader, writer, topic, partitions },
      kept: (take) =>
        lake.library.keptRecords(kept, range, async (records) => {
          context.signal.throwIfAborted();
          await take(records);
        }),
      onProgress: ({ published, standing }) => {
        progress.show(
          () => `restoring ${feed}: ${percentText(published + standing, total)} of ${plural(total, 'record')}`,
        );
      },
    });
    progress.end(`${feed}: ${plural(total, 'record')} in ${lake.store.address}`);
    return report;
  } catch (error) {
    if (!(error instanceof OtherRecordStandsError)) throw error;
    throw new CliError(error.message, '`till verify` says which of the two is what raw gives.');
  }
}

/** @throws CliError for one that is not restored, or that the stream does not have */
function feedsNamed(definition: StreamDefinition, named: readonly Feed[]): readonly Feed[] {
  const there = RESTORED.filter((feed) => feedsOf(definition).includes(feed));
  const unknown = named.filter((feed) => !there.includes(feed));
  if (unknown.length > 0) {
    throw new CliError(`${unknown.join(', ')} cannot be restored`, `What can be: ${there.join(', ')}.`);
  }
  return named.length === 0 ? there : there.filter((feed) => named.includes(feed));
}

function sentence(feed: string, { published, standing }: RestoreReport): string {
  const stood = standing > 0 ? `, ${standing.toLocaleString('en')} stood there already` : '';
  return `${feed}: ${published.toLocaleString('en')} published${stood}.`;
}
