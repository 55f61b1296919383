import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ExportFormat } from '@tillstream/adapter-lake';
import { FEEDS, feedsOf, type Feed, type StreamDefinition } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { Argument, InvalidArgumentError } from 'commander';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { columnsNamed, exportColumns } from '../lake/export-columns';
import { existingTable, LAKE_OPTION, withLake } from '../lake/open-lake';
import { parseInstant } from '../options/parse-options';
import { allMetrics, metricsNamed, windowSpan } from '../options/window-range';
import { loadStream } from '../streams/load-stream-files';
import { plural } from '../words';

interface ExportOptions {
  readonly stream: string;
  readonly from?: number;
  readonly to?: number;
  readonly metric?: string;
  readonly columns: readonly string[];
  readonly format?: ExportFormat;
  readonly lake?: string;
  readonly streamFiles?: string;
}

/** By what a file's name ends with. */
const ENDINGS: readonly (readonly [RegExp, ExportFormat])[] = [
  [/\.csv(\.gz|\.zst)?$/, 'csv'],
  [/\.(ndjson|jsonl)(\.gz|\.zst)?$/, 'ndjson'],
  [/\.parquet$/, 'parquet'],
];
const FORMATS: readonly ExportFormat[] = ['csv', 'ndjson', 'parquet'];

/** `till export`: what the lake holds, as a file. */
export const registerExport: RegisterCommand = (program, context) => {
  program
    .command('export')
    .description('write a feed of the lake, or a range of it, into a CSV, JSON or Parquet file')
    .addArgument(new Argument('<feed>', 'what is exported').choices(FEEDS))
    .argument('<file>', 'must not be there; .csv, .ndjson or .parquet, the first two also with .gz behind it')
    .option('--stream <name>', 'stream whose feed it is', 'commerce')
    .option(
      '--from <time>',
      'at or after: event time; of finals the start of the window, of sessions their end',
      parseInstant,
    )
    .option('--to <time>', 'before', parseInstant)
    .option('--metric <name>', 'of finals: only this metric, with its groups and measures as columns')
    .option(
      '--columns <names>',
      'only these, such as user_id,price',
      (names) => names.split(',').map((name) => name.trim()),
      [],
    )
    .option('--format <format>', `one of ${FORMATS.join(', ')} (default: as the file’s name ends)`, parseFormat)
    .option(...LAKE_OPTION)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .addHelpText(
      'after',
      `
Rows are in the order of time. The file appears when it is complete. In CSV and JSON instants are in UTC, amounts keep their
digits, and what is neither text nor number is JSON.`,
    )
    .action((feed: Feed, file: string, options: ExportOptions) => exportFeed(feed, file, options, context));
};

function parseFormat(text: string): ExportFormat {
  const found = FORMATS.find((format) => format === text);
  if (found === undefined) throw new InvalidArgumentError(`must be one of ${FORMATS.join(', ')}`);
  return found;
}

async function exportFeed(feed: Feed, file: string, options: ExportOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  if (!feedsOf(definition).includes(feed)) throw new CliError(`the stream ${options.stream} declares no ${feed}`);
  const format = options.format ?? ENDINGS.find(([ending]) => ending.test(file))?.[1];
  if (format === undefined)
    throw new CliError(`${file} does not say its format`, `Name it with --format ${FORMATS.join('|')}.`);
  if (existsSync(file)) throw new CliError(`${file} is there already`, 'Name another file, or remove it.');
  const metric = metricOf(definition, feed, options);
  const span = windowSpan(options);
  const startedMs = systemClock.monotonicMs();
  const rows = await withLake(definition, options, context, async (lake) => {
    const { table, snapshot } = await existingTable(lake, feed);
    const { exportTable, metricColumn, timeColumn } = lake.library;
    const holder = metric === null ? null : metricColumn(metric.identity);
    const columns = columnsNamed(exportColumns(definition, feed, metric, snapshot, holder), options.columns);
    const time = timeColumn(definition, { feed });
    return exportTable({
      ...{ session: lake.session, table, snapshot, columns, format, file: resolve(file), signal: context.signal },
      span: { column: time, ...span },
      having: holder,
      orderBy: [time, '_partition', '_offset', '_index'],
    });
  });
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  context.note(`${plural(rows, 'row')} of ${feed} in ${file}, ${seconds.toFixed(1)} s\n`);
}

function metricOf(definition: StreamDefinition, feed: Feed, { metric }: ExportOptions): MetricDefinition | null {
  if (metric === undefined) return null;
  if (feed !== 'finals') throw new CliError(`--metric is about finals, and ${feed} are of no metric`);
  return metricsNamed(definition, allMetrics(definition), [metric])[0] ?? null;
}
