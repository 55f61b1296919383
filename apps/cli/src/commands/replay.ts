import { statSync } from 'node:fs';
import { formatDuration, type StreamDefinition } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { GatewayClient } from '../gateway/gateway-client';
import { connectKafka } from '../kafka/kafka-access';
import { parseDuration, parseSpeed, wholeNumber } from '../options/parse-options';
import { Progress } from '../progress';
import { checkNotBehind } from '../replay/check-not-behind';
import { sourceName } from '../replay/csv-file';
import { decideEverywhere } from '../replay/raw-partitions';
import { rees46Rows, shiftToNow } from '../replay/rees46-files';
import { replayBodies } from '../replay/replay-bodies';
import { defaultStatePath, type ReplayState, ReplayStateFile, stateToResume } from '../replay/replay-state';
import { type ReplayCounts, type ReplayOutcome, type ReplayPorts, runReplay } from '../replay/run-replay';
import { loadStreamFiles, streamNamed } from '../streams/load-stream-files';

interface ReplayOptions {
  readonly to: string;
  readonly stream: string;
  readonly streamFiles?: string;
  readonly brokers?: string;
  readonly key?: string;
  readonly speed: number;
  readonly shiftToNow: boolean;
  readonly finish: boolean;
  readonly resume: boolean;
  readonly state?: string;
  readonly allowLate: boolean;
  readonly batch: number;
  readonly giveUpAfter: number;
}

/** At a finite speed bodies are sent about so often. */
const BODY_EVERY_MS = 250;
const MAX_ROWS = 1_000;

/** `till replay rees46 FILE…`: what happened in a shop, once more. */
export const registerReplay: RegisterCommand = (program, context) => {
  program
    .command('replay')
    .description('send recorded events once more')
    .command('rees46')
    .description('CSV files of a REES46 shop, sorted by time; plain, .gz or .zst')
    .argument('<file...>')
    .option('--to <address>', 'gateway', 'http://127.0.0.1:8080')
    .option('--stream <name>', 'stream to send to', 'commerce')
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
    .option('--give-up-after <duration>', 'how long a body is tried again', parseDuration, 120_000)
    .action((files: string[], options: ReplayOptions) => replay(files, options, context));
};

async function replay(paths: readonly string[], options: ReplayOptions, context: CliContext): Promise<void> {
  const { environment, signal } = context;
  const definition = streamNamed(loadStreamFiles(options.streamFiles, environment), options.stream);
  const files = paths.map((path) => ({ path, name: sourceName(path), size: sizeOf(path) }));
  const stateFile = new ReplayStateFile(
    options.state ?? defaultStatePath(environment['TILLSTREAM_DATA_DIR'], options.stream),
  );
  const note = (text: string): void => context.note(`till: ${text}\n`);
  const about = { stream: options.stream, files: files.map(({ name, size }) => ({ name, size })) };
  const before = stateToResume(stateFile, options.resume, about, note);
  if (before !== null) warnIfForgotten(before, definition, note);
  const shiftMs =
    before?.shiftMs ?? (options.shiftToNow ? await shiftToNow(paths, options.speed, systemClock.nowMs()) : 0);

  const kafka = connectKafka(options.brokers, environment);
  const client = new GatewayClient({
    address: new URL(options.to),
    key: options.key ?? environment['TILLSTREAM_WRITE_KEY'] ?? null,
    clock: systemClock,
    signal,
    connections: 1,
    giveUpAfterMs: options.giveUpAfter,
    onRetry: (problem, pauseMs) => context.note(`till: ${problem}; once more in ${pauseMs / 1000} s\n`),
  });
  const source = rees46Rows(files);
  const start = before ?? { file: 0, rowsDone: 0 };
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const ports: ReplayPorts = {
    publish: (body) => client.publish(options.stream, body),
    decide: (decision) => decideEverywhere(kafka.writer, definition, decision),
    checkNotBehind: (timeMs) =>
      options.allowLate ? Promise.resolve() : checkNotBehind(kafka.reader, definition, timeMs, note),
    acknowledged: (body, counts) => {
      const last = body.rows.at(-1);
      if (last === undefined) return;
      const { file, number: rowsDone } = last;
      const savedAtMs = systemClock.nowMs();
      stateFile.save({ ...about, file, rowsDone, shiftMs, lastMs: counts.lastMs, savedAtMs });
      progress.show(() => describe(counts, source.readShare(), systemClock.monotonicMs() - startedMs, context));
    },
  };
  try {
    const outcome = await runReplay(
      replayBodies(
        source.rows(start, shiftMs),
        Math.min(options.batch, MAX_ROWS),
        options.speed === Infinity ? Infinity : BODY_EVERY_MS * options.speed,
      ),
      {
        definition,
        speed: options.speed,
        finish: options.finish,
        resumed: before !== null,
        lastMs: before?.lastMs ?? null,
      },
      ports,
      systemClock,
      signal,
    );
    progress.end(summary(outcome, systemClock.monotonicMs() - startedMs));
    if (!outcome.interrupted) stateFile.remove();
  } catch (error) {
    if (stateFile.exists()) note('--resume goes on after the last event that was acknowledged');
    throw error;
  } finally {
    client.close();
    await kafka.close();
  }
}

/** Ids are remembered only for a while: after that, what was under way when a replay was killed may be there twice. */
function warnIfForgotten(state: ReplayState, { schema }: StreamDefinition, note: (text: string) => void): void {
  const { withinMs } = schema.dedupe;
  if (systemClock.nowMs() - state.savedAtMs <= withinMs) return;
  note(
    `ids are remembered for ${formatDuration(withinMs)}, and the replay stopped longer ago: if it was killed while a ` +
      'body was under way, those events may be there twice',
  );
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

const BAR_WIDTH = 24;

function describe(counts: ReplayCounts, share: number, elapsedMs: number, context: CliContext): string {
  const filled = Math.round(share * BAR_WIDTH);
  const bar = context.isTerminal ? `[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ` : '';
  const perSecond = Math.round((counts.rows * 1000) / Math.max(1, elapsedMs));
  const reached = counts.lastMs === null ? '' : `, ${new Date(counts.lastMs).toISOString().slice(0, 19)}`;
  return `${bar}${(100 * share).toFixed(0)} %, ${counts.rows} events (${perSecond}/s)${reached}`;
}

function summary(outcome: ReplayOutcome, elapsedMs: number): string {
  const refused = Object.entries(outcome.rejected).map(([code, times]) => `${code} ${times}`);
  const parts = [
    `${outcome.rows} events in ${(elapsedMs / 1000).toFixed(1)} s, ${outcome.accepted} accepted`,
    ...(refused.length === 0 ? [] : [`rejected: ${refused.join(', ')}`]),
    ...(outcome.lastMs === null ? [] : [`up to ${new Date(outcome.lastMs).toISOString()}`]),
    ...(outcome.interrupted ? ['interrupted: --resume goes on from here'] : []),
  ];
  return parts.join('; ');
}
