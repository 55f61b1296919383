import { setImmediate as nextTurn } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import {
  backfillMetric,
  BackfillRangeError,
  FinalStandsError,
  NothingRetainedError,
  type Awaited,
  type BackfillProgress,
  type BackfillReport,
} from '@tillstream/engine';
import { sourceOf, type StreamDefinition } from '@tillstream/contracts';
import { isTotal, type MetricDefinition } from '@tillstream/core';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { liveDefinition } from '../definitions/live-definition';
import { withKafka } from '../kafka/with-kafka';
import { parseInstant } from '../options/parse-options';
import { allMetrics, instant, metricsNamed } from '../options/window-range';
import { Progress } from '../progress';
import { loadStream } from '../streams/load-stream-files';
import { percentText, plural } from '../words';

interface BackfillCommandOptions {
  readonly stream: string;
  readonly from: number;
  readonly wait: boolean;
  readonly json?: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

const EARLIEST = 'earliest';
const LOOK_AGAIN_MS = 2_000;
/** Not all is done: another code than for what has kept it from being begun. */
const UNFINISHED = 3;

/** `till backfill`: a metric's windows from before it was declared. */
export const registerBackfill: RegisterCommand = (program, context) => {
  program
    .command('backfill <metric>')
    .description('compute the windows of a metric from before it was declared, and publish what would have been told')
    .requiredOption('--from <time>', `windows that begin at or after; ${EARLIEST}: all that raw can give`, parseFrom)
    .option('--stream <name>', 'stream of the metric', 'commerce')
    .option('--no-wait', 'end when windows are still open that services do not tell; run it again later')
    .option('--json', 'one JSON object: what was done')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
The metric must have been put live. Its finals are computed from raw, off to the side, and published as if it had been
declared all the time; windows that services tell are left to them. It may be interrupted and run again at any time: what
stands is not published twice.

Exit code: 0 the metric is complete from there on, 3 not all is done yet, 1 it cannot be done.`,
    )
    .action((metric: string, options: BackfillCommandOptions) => backfill(metric, options, context));
};

function parseFrom(text: string): number {
  if (text === EARLIEST) return -Infinity;
  try {
    return parseInstant(text);
  } catch {
    throw new InvalidArgumentError(`a time looks like 2024-05-01T12:00:00Z; ${EARLIEST}: as far back as raw reaches`);
  }
}

async function backfill(name: string, options: BackfillCommandOptions, context: CliContext): Promise<void> {
  const file = loadStream(options.streamFiles, context.environment, options.stream);
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const waitForMore = async (awaited: Awaited): Promise<boolean> => {
    if (!options.wait) return false;
    progress.show(() => awaitedText(awaited));
    await systemClock.sleep(LOOK_AGAIN_MS, context.signal);
    context.signal.throwIfAborted();
    return true;
  };
  const report = await withKafka(options.brokers, context, async ({ reader, writer }) => {
    const definition = await liveDefinition(reader, file, context);
    const metric = metricWithFinals(definition, name);
    return backfillMetric({
      ...{ reader, writer, definition, metric, fromMs: options.from, waitForMore },
      breathe: async () => {
        await nextTurn();
        context.signal.throwIfAborted();
      },
      onProgress: (state) => {
        context.signal.throwIfAborted();
        progress.show(() => progressText(state));
      },
    });
  }).catch((error: unknown) => {
    throw refusal(error, file);
  });
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  progress.end(
    `${name}: ${plural(report.rows, 'row')} of raw in ${seconds.toFixed(1)} s, ${plural(report.windows, 'window')}`,
  );
  context.write(options.json ? `${JSON.stringify(plain(report))}\n` : sentence(name, report));
  if (report.completeFromMs === null) {
    throw new CliError(
      `not all is done: ${report.awaited ? awaitedText(report.awaited) : ''}`,
      'Run it again.',
      UNFINISHED,
    );
  }
}

/** @throws CliError for one that there is not, or that has no finals */
function metricWithFinals(definition: StreamDefinition, name: string): MetricDefinition {
  const [metric] = metricsNamed(definition, allMetrics(definition), [name]);
  if (!metric) throw new CliError(`stream ${definition.schema.stream} has no metric ${name}`);
  const of = sourceOf(definition, metric);
  if (of !== null) {
    throw new CliError(
      `${name} is over ${of}, and only metrics over events can be computed for the time before they were declared`,
      `\`till try ${definition.file}\` shows what it would have been.`,
    );
  }
  if (isTotal(metric.window)) {
    throw new CliError(
      `${name} is a running total: it has no finals, and counts from where it was put live`,
      'A metric with windows can be filled up, and its windows be added up.',
    );
  }
  return metric;
}

/** What a person can do something about. */
function refusal(error: unknown, { topics }: StreamDefinition): unknown {
  if (error instanceof BackfillRangeError) {
    return new CliError(
      `${topics.raw} no longer holds all rows of the windows before ${instant(error.earliestMs)}`,
      `--from ${instant(error.earliestMs)} is the earliest that can be computed now; --from ${EARLIEST} means it.`,
    );
  }
  if (error instanceof NothingRetainedError) return new CliError(error.message, 'Not one window can be computed.');
  if (error instanceof FinalStandsError) return new CliError(error.message, '`till verify` shows which one is right.');
  return error;
}

function progressText({ published, standing, windows, rawDone, rawTotal, rows }: BackfillProgress): string {
  const stood = standing > 0 ? `, ${standing.toLocaleString('en')} stood there` : '';
  return (
    `computing: ${percentText(rawDone, rawTotal)} of raw, ${plural(rows, 'row')}, ${plural(windows, 'window')}, ` +
    `${plural(published, 'final')} published${stood}`
  );
}

function awaitedText(awaited: Awaited): string {
  return awaited.kind === 'services'
    ? `waiting for partitions ${awaited.partitions.join(', ')} to come to where the metric was put live`
    : `waiting for windows that begin before ${instant(awaited.untilMs)} to be closed`;
}

function sentence(name: string, { published, standing, completeFromMs, toldFromMs }: BackfillReport): string {
  if (completeFromMs === null) return `${plural(published, 'final')} of ${name} published so far.\n`;
  const from = completeFromMs === -Infinity ? 'from the beginning' : `from ${instant(completeFromMs)}`;
  if (toldFromMs === -Infinity || completeFromMs >= toldFromMs) return `${name} is complete ${from} already.\n`;
  const stood = standing > 0 ? `, ${standing.toLocaleString('en')} stood there already` : '';
  return `${plural(published, 'final')} of ${name} published${stood}: it is complete ${from}.\n`;
}

function plain({ completeFromMs, toldFromMs, ...rest }: BackfillReport): object {
  const text = (ms: number | null): string | null => (ms !== null && Number.isFinite(ms) ? instant(ms) : null);
  return { ...rest, done: completeFromMs !== null, completeFrom: text(completeFromMs), toldFrom: text(toldFromMs) };
}
