import { Option } from 'commander';
import { basename } from 'node:path';
import type { StreamDefinition } from '@tillstream/contracts';
import { NothingRetainedError } from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { withKafka } from '../kafka/with-kafka';
import { parseInstant, wholeNumber } from '../options/parse-options';
import { allMetrics, collect, instant, metricsNamed, windowSpan } from '../options/window-range';
import { Progress } from '../progress';
import { csvRows } from '../replay/csv-rows';
import { REES46 } from '../replay/rees46-row';
import { RETAIL } from '../replay/retail-row';
import { fileAt, recordedEvents, recordedFiles } from '../replay/recorded-files';
import type { ReplayRows } from '../replay/replay-source';
import { loadStreamFile } from '../streams/load-stream-files';
import { TriedResults } from '../try/describe-tried';
import { EventLog } from '../try/event-log';
import { type ReadEvents, readEvents } from '../try/read-events';
import { TriedSinks } from '../try/tried-sinks';
import { percentText } from '../words';
import { tryMetrics, type TriedRows, type TryOptions } from '../try/try-metrics';

interface TryCommandOptions {
  readonly events?: readonly string[];
  readonly as: keyof typeof FORMS;
  readonly metric: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly rows: number;
  readonly json?: boolean;
  readonly brokers?: string;
}

/** How recorded events are written; null: as JSON objects, one a line. */
const FORMS = { json: null, rees46: REES46, retail: RETAIL } as const;

/** `till try`: what would a stream file make of past events? */
export const registerTry: RegisterCommand = (program, context) => {
  program
    .command('try')
    .description('compute the metrics of a stream file over past events, and write nothing')
    .argument('<file>', 'stream file; it need not be live')
    .option(
      '--events <paths...>',
      'recorded events; plain, .gz or .zst; - for standard input (default: what the raw topic of the stream holds)',
    )
    .addOption(
      new Option(
        '--as <form>',
        'how they are written: JSON objects, one a line, or CSV files as `till replay` reads them',
      )
        .choices(Object.keys(FORMS))
        .default('json'),
    )
    .option('--metric <name>', 'only this metric; may be given several times', collect, [])
    .option('--from <time>', 'windows that begin at or after', parseInstant)
    .option('--to <time>', 'windows that begin before', parseInstant)
    .option('--rows <n>', 'results shown of each metric, the newest', wholeNumber(0), 5)
    .option('--json', 'every result, one JSON object a line')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
The numbers are those that the services would give: events are checked, told apart by their ids, put in windows and counted
by the same code. With --events nothing else need run. \`till plan\` and \`till apply\` put the file live.`,
    )
    .action((path: string, options: TryCommandOptions) => tryFile(path, options, context));
};

async function tryFile(path: string, options: TryCommandOptions, context: CliContext): Promise<void> {
  const definition = loadStreamFile(path);
  if (options.events === undefined) {
    await withKafka(options.brokers, context, async ({ admin, reader }) => {
      const { raw } = definition.topics;
      const [topic] = await admin.describeTopics([raw]);
      if (topic?.partitions !== definition.schema.partitions) {
        throw new CliError(
          topic === undefined
            ? `topic ${raw} does not exist`
            : `${raw} has ${topic.partitions} partitions, and ${path} declares ${definition.schema.partitions}`,
          'Name recorded events with --events.',
        );
      }
      await compute(definition, reader, options, context, null);
    });
    return;
  }
  const progress = new Progress(context, systemClock);
  const log = new EventLog(definition, systemClock.nowMs());
  const csv = FORMS[options.as];
  const source: ReplayRows =
    csv === null ? recordedEvents(recordedFiles(options.events), definition) : csvRows(csv, options.events.map(fileAt));
  const read = await readEvents(source, log, (rows) => {
    context.signal.throwIfAborted();
    progress.show(() => `reading events: ${rows.toLocaleString('en')}, ${Math.floor(100 * source.readShare())} %`);
  });
  await compute(definition, log, options, context, read);
}

async function compute(
  definition: StreamDefinition,
  reader: TryOptions['reader'],
  options: TryCommandOptions,
  context: CliContext,
  read: ReadEvents | null,
): Promise<void> {
  const metrics = metricsNamed(definition, allMetrics(definition), options.metric);
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const results = new TriedResults(metrics, options.rows);
  const sinks = new TriedSinks(definition);
  const onProgress = (done: number, total: number): void => {
    context.signal.throwIfAborted();
    progress.show(() => `computing: ${percentText(done, total)} of raw`);
  };
  const { rows, completeFromMs } = await tryMetrics(
    { reader, definition, metrics, span: windowSpan(options), sinks, onProgress },
    async (_metric, result) => {
      if (!options.json) results.note(result);
      else if (!context.write(`${JSON.stringify(plainOf(result))}\n`)) await context.drained();
    },
  ).catch((error: unknown) => {
    throw error instanceof NothingRetainedError
      ? new CliError(error.message, 'Name recorded events with --events.')
      : error;
  });
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  progress.end(`${definition.schema.stream}: ${describeRows(rows, read)}; computed in ${seconds.toFixed(1)} s`);
  for (const { file, row, event } of read?.examples ?? []) {
    const name = basename(options.events?.[file] ?? '');
    context.note(`  ${name}:${row} refused, ${event.code}: ${event.message}\n`);
  }
  if (completeFromMs > -Infinity) {
    context.note(
      `Raw no longer holds all rows of windows that begin before ${instant(completeFromMs)}: these are left out.\n`,
    );
  }
  if (options.json) return;
  context.write(results.describe(rows));
  const given = sinks.describe();
  if (given !== '') context.write(`\nSinks would be given so many rows:\n${given}`);
}

/** Every event, by what became of it. */
function describeRows(rows: TriedRows, read: ReadEvents | null): string {
  const refused = new Map(read?.refused ?? []);
  for (const [code, count] of rows.refused) refused.set(code, (refused.get(code) ?? 0) + count);
  const all = read?.rows ?? rows.rowsIn;
  return [
    `${all.toLocaleString('en')} events, ${rows.accepted.toLocaleString('en')} count`,
    ...(rows.duplicates === 0 ? [] : [`${rows.duplicates.toLocaleString('en')} were there before`]),
    ...[...refused].map(([code, count]) => `${count.toLocaleString('en')} refused (${code})`),
  ].join(', ');
}

function plainOf({
  metric,
  startMs,
  endMs,
  group,
  measures,
  final,
  truncated,
}: Parameters<TriedResults['note']>[0]): object {
  return {
    metric,
    window_start: instant(startMs),
    window_end: instant(endMs),
    group,
    measures,
    final,
    ...(truncated ? { truncated } : {}),
  };
}
