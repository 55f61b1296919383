import { formatDuration, type StreamDefinition } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import type { CliContext } from '../cli-context';
import { GatewayClient } from '../gateway/gateway-client';
import { connectKafka } from '../kafka/kafka-access';
import { Progress } from '../progress';
import { checkNotBehind } from './check-not-behind';
import { decideEverywhere } from './raw-partitions';
import type { RecordedFile } from './recorded-files';
import { tlsOf, type TlsOptions } from '../options/tls-options';
import { replayBodies } from './replay-bodies';
import type { ReplaySource } from './replay-source';
import { defaultStatePath, type ReplayState, ReplayStateFile, stateToResume } from './replay-state';
import { type ReplayCounts, type ReplayOutcome, type ReplayPorts, runReplay } from './run-replay';

/** How a replay goes, as the command line says. */
export interface ReplayOptions extends TlsOptions {
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
/** Most events in one body. */
export const MAX_ROWS = 1_000;

/**
 * Sends what a source has through a gateway.
 *
 * @param files null: what is read cannot be read again, and nothing is kept to go on with
 */
export async function replayFrom(
  source: ReplaySource,
  files: readonly RecordedFile[] | null,
  definition: StreamDefinition,
  options: ReplayOptions,
  context: CliContext,
): Promise<void> {
  const { environment, signal } = context;
  const stateFile = new ReplayStateFile(
    options.state ?? defaultStatePath(environment['TILLSTREAM_DATA_DIR'], options.stream),
  );
  const note = (text: string): void => context.note(`till: ${text}\n`);
  const about = { stream: options.stream, files: (files ?? []).map(({ name, size }) => ({ name, size })) };
  const before = files === null ? null : stateToResume(stateFile, options.resume, about, note);
  if (before !== null) warnIfForgotten(before, definition, note);
  const shiftMs =
    before?.shiftMs ?? (options.shiftToNow ? await source.shiftToNow(options.speed, systemClock.nowMs()) : 0);

  const kafka = connectKafka(options.brokers, environment);
  const client = new GatewayClient({
    address: new URL(options.to),
    key: options.key ?? environment['TILLSTREAM_WRITE_KEY'] ?? null,
    tls: tlsOf(options, { environment }),
    clock: systemClock,
    signal,
    connections: 1,
    giveUpAfterMs: options.giveUpAfter,
    onRetry: (problem, pauseMs) => context.note(`till: ${problem}; once more in ${pauseMs / 1000} s\n`),
  });
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
      if (files !== null) stateFile.save({ ...about, file, rowsDone, shiftMs, lastMs: counts.lastMs, savedAtMs });
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
    if (files !== null && !outcome.interrupted) stateFile.remove();
  } catch (error) {
    if (files !== null && stateFile.exists()) note('--resume goes on after the last event that was acknowledged');
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

const BAR_WIDTH = 24;

function describe(counts: ReplayCounts, share: number, elapsedMs: number, context: CliContext): string {
  const filled = Math.round(share * BAR_WIDTH);
  const bar = context.isTerminal && share > 0 ? `[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ` : '';
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
