import type { Command } from 'commander';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseDuration, parseSpeed, wholeNumber } from '../options/parse-options';
import { withTlsOptions } from '../options/tls-options';
import { STANDARD_INPUT } from '../replay/event-files';
import type { CsvKind } from '../replay/csv-kind';
import { csvRows, shiftToNow } from '../replay/csv-rows';
import { fileAt, recordedEvents, recordedFiles } from '../replay/recorded-files';
import { REES46 } from '../replay/rees46-row';
import { MAX_ROWS, type ReplayOptions, replayFrom } from '../replay/replay-from';
import { RETAIL } from '../replay/retail-row';
import { loadStream } from '../streams/load-stream-files';

/** `till replay STREAM FILE…`, `till replay rees46 FILE…` and `till replay retail FILE…`: what happened once, once more. */
export const registerReplay: RegisterCommand = (program, context) => {
  const replay = program
    .command('replay')
    .description('send recorded events once more: JSON objects, one a line; plain, .gz or .zst')
    // What stands behind `rees46` or `retail` belongs to it.
    .enablePositionalOptions()
    .argument('<stream>', 'stream to send to, such as wikimedia')
    .argument('<file...>', '- for standard input');
  withReplayOptions(replay).action((stream: string, paths: string[], options: ReplayOptions) =>
    replayEvents(paths, { ...options, stream }, context),
  );
  const csv = (name: string, description: string, stream: string, kind: CsvKind): void => {
    const command = replay
      .command(name)
      .description(`${description}; plain, .gz or .zst`)
      .argument('<file...>')
      .option('--stream <name>', 'stream to send to', stream);
    withReplayOptions(command).action((paths: string[], options: ReplayOptions) =>
      replayCsv(kind, paths, options, context),
    );
  };
  csv('rees46', 'CSV files of a REES46 shop, sorted by time', 'commerce', REES46);
  csv('retail', 'the CSV file of UCI’s Online Retail, sorted by time', 'retail', RETAIL);
};

function withReplayOptions(command: Command): Command {
  return withTlsOptions(command)
    .option('--to <address>', 'gateway', 'http://127.0.0.1:8080')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers, for control records (default: KAFKA_BROKERS)')
    .option('--key <text>', 'write key of the gateway (default: TILLSTREAM_WRITE_KEY)')
    .option('--speed <speed>', 'max, or how much faster than it happened, as 60x or 1x', parseSpeed, Infinity)
    .option('--shift-to-now', 'move all times so that the last event happens as it is sent', false)
    .option('--finish', 'close every window that holds a replayed event, at the end', false)
    .option('--resume', 'go on where an earlier replay of the same files stopped', false)
    .option('--state <file>', 'where to keep how far it has come (default: in the data directory)')
    .option('--allow-late', 'send even what is behind the time the stream has come to', false)
    .option('--batch <n>', `most events in one body, up to ${MAX_ROWS}`, wholeNumber(1), MAX_ROWS)
    .option('--give-up-after <duration>', 'how long a body is tried again', parseDuration, 120_000);
}

function replayCsv(
  kind: CsvKind,
  paths: readonly string[],
  options: ReplayOptions,
  context: CliContext,
): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  const files = paths.map(fileAt);
  const source = {
    ...csvRows(kind, files),
    shiftToNow: (speed: number, nowMs: number) => shiftToNow(kind, paths, speed, nowMs),
  };
  return replayFrom(source, files, definition, options, context);
}

async function replayEvents(paths: readonly string[], options: ReplayOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  const files = recordedFiles(paths);
  const fromInput = paths.includes(STANDARD_INPUT);
  if (fromInput && (options.resume || options.shiftToNow)) {
    const option = options.resume ? '--resume' : '--shift-to-now';
    throw new CliError(`standard input can be read only once: ${option} needs files`, 'Write it to a file first.');
  }
  await replayFrom(recordedEvents(files, definition), fromInput ? null : files, definition, options, context);
}
