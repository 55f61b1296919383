import { parseInstant as parseLogInstant, type StreamDefinition } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import {
  diagnose,
  findStarts,
  judgesOf,
  latePlaceAt,
  lateRowsFrom,
  LatenessSurvey,
  openFeeds,
  type DurationCounts,
  type LogReader,
  type Punctuality,
} from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { withKafka } from '../kafka/with-kafka';
import { advice, metricTable, punctualityTables, total } from '../late/describe-lateness';
import { parseInstant } from '../options/parse-options';
import { collect, instant, metricsNamed, windowSpan, type WindowSpan } from '../options/window-range';
import { Progress } from '../progress';
import { loadStream } from '../streams/load-stream-files';

interface LateOptions {
  readonly stream: string;
  readonly from?: number;
  readonly to?: number;
  readonly metric: readonly string[];
  readonly by?: string;
  readonly json?: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** Fields that usually say where an event comes from, the most telling first. */
const SOURCE_FIELDS = [
  'source',
  'producer',
  'app',
  'platform',
  'server_name',
  'host',
  'wiki',
  'device_type',
  'country',
];

/** `till late`: what was missed, and whose clock or delay is to blame. */
export const registerLate: RegisterCommand = (program, context) => {
  program
    .command('late')
    .description(
      'what came too late, by metric, and for sessions and attribution; which outOfOrderness would have caught it; whose clock or delay it was',
    )
    .option('--stream <name>', 'stream to look at', 'commerce')
    .option('--from <time>', 'events that happened at or after', parseInstant)
    .option('--to <time>', 'events that happened before', parseInstant)
    .option('--metric <name>', 'only this metric; may be given several times', collect, [])
    .option('--by <field>', 'field that says where a row comes from (default: the first of the usual ones there is)')
    .option('--json', 'one JSON object')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Reads the enriched log once more, from the first row of the range on, and the late ledger beside it.

  late        rows of the metric that missed a window; "in ledger": those that stand in the late topic
  for 99 %    the outOfOrderness with which 99 % of these would have missed nothing
  delay       from an event to its arrival in Kafka; below zero where a clock is ahead
  behind      how far the watermark of its partition was past an event as it came, before any bound`,
    )
    .action((options: LateOptions) => late(options, context));
};

async function late(options: LateOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  const metrics = metricsNamed(definition, judgesOf(definition), options.metric);
  const span = windowSpan(options);
  const sourceField = sourceFieldOf(definition, options.by);
  const survey = new LatenessSurvey({ schema: definition.schema, metrics, ...span, sourceField });
  const ledger = await withKafka(options.brokers, context, async ({ reader }) => {
    await surveyLog(reader, definition, survey, span, context);
    return countLedger(reader, definition, metrics, span);
  });
  if (options.json) {
    context.write(`${JSON.stringify(plain(survey, ledger, sourceField))}\n`);
    return;
  }
  const tables = [metricTable(survey, ledger), punctualityTables(survey, sourceField), advice(survey, sourceField)];
  context.write(tables.join('\n'));
}

/** @throws CliError for a field that the stream does not have */
function sourceFieldOf({ schema }: StreamDefinition, asked: string | undefined): string | null {
  const names = schema.fields.map(({ name }) => name);
  if (asked === undefined) return SOURCE_FIELDS.find((name) => names.includes(name)) ?? null;
  if (names.includes(asked)) return asked;
  throw new CliError(`stream ${schema.stream} has no field ${asked}`, `It has ${names.join(', ')}.`);
}

async function surveyLog(
  reader: LogReader,
  definition: StreamDefinition,
  survey: LatenessSurvey,
  { fromMs }: WindowSpan,
  context: CliContext,
): Promise<void> {
  const wanted = { reader, definition, source: 'enriched', fromMs } as const;
  const starts = await findStarts(wanted);
  if (starts.fromMs > fromMs) {
    context.note(`${definition.topics.enriched} holds all events only from ${instant(starts.fromMs)} on\n`);
  }
  const progress = new Progress(context, systemClock);
  const feeds = (await openFeeds(wanted, starts)).map(({ feed }) => feed);
  const startedMs = systemClock.monotonicMs();
  let rows = 0;
  for (const feed of feeds) {
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      context.signal.throwIfAborted();
      survey.add(batch);
      rows += batch.rows;
      progress.show(() => `partition ${feed.partition} of ${feeds.length}: ${rows.toLocaleString('en')} rows`);
    }
  }
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  progress.end(`${rows.toLocaleString('en')} rows of ${definition.topics.enriched} read in ${seconds.toFixed(1)} s`);
}

/** By identity: how many rows the late topic holds of the range. */
async function countLedger(
  reader: LogReader,
  definition: StreamDefinition,
  metrics: readonly MetricDefinition[],
  { fromMs, toMs }: WindowSpan,
): Promise<ReadonlyMap<string, number>> {
  const { schema, topics } = definition;
  const counts = new Map(metrics.map(({ identity }) => [identity, 0]));
  for (let partition = 0; partition < schema.partitions; partition += 1) {
    const place = await latePlaceAt(reader, definition, partition, 0);
    const end = await reader.end(topics.late, partition);
    for await (const { entry } of lateRowsFrom(reader, definition, partition, place, end)) {
      const known = entry && counts.get(entry.identity);
      if (!entry || known === undefined || known === null) continue;
      const row = JSON.parse(entry.json) as Readonly<Record<string, unknown>>;
      const eventMs = parseLogInstant(row[schema.eventTime.field]) ?? NaN;
      if (eventMs >= fromMs && eventMs < toMs) counts.set(entry.identity, known + 1);
    }
  }
  return counts;
}

function plain(survey: LatenessSurvey, ledger: ReadonlyMap<string, number>, sourceField: string | null): object {
  const all = total(survey);
  const boundMs = Math.min(...survey.metrics.map(({ metric }) => metric.outOfOrdernessMs));
  const quantiles = (counts: DurationCounts): object => ({
    p50_ms: counts.quantile(0.5),
    p99_ms: counts.quantile(0.99),
    p999_ms: counts.quantile(0.999),
    most_ms: counts.quantile(1),
  });
  const origin = (punctuality: Punctuality): object => ({
    rows: punctuality.rows,
    missed: punctuality.late,
    ahead: punctuality.ahead.count,
    delay: quantiles(punctuality.delay),
    behind: quantiles(punctuality.behind),
    ...diagnose(punctuality, all, boundMs),
  });
  return {
    metrics: survey.metrics.map(({ metric, rows, late: missed, needed, byFastClocks }) => ({
      metric: metric.name,
      rows,
      late: missed,
      in_ledger: ledger.get(metric.identity) ?? 0,
      by_fast_clocks: byFastClocks,
      out_of_orderness_ms: metric.outOfOrdernessMs,
      needed: quantiles(needed),
    })),
    partitions: [...survey.partitions].map(([partition, { punctuality }]) => ({ partition, ...origin(punctuality) })),
    source_field: sourceField,
    sources: [...survey.sources].map(([source, punctuality]) => ({ source, ...origin(punctuality) })),
  };
}
