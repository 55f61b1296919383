import { isAbsolute } from 'node:path';
import type { SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { durationSetting, readSinkSettings, sinkProblem } from '@tillstream/contracts';
import type { OpenedSink, SinkEnvironment, SinkKind } from '@tillstream/engine';
import { addressOf } from '@tillstream/engine';
import { z } from 'zod';
import { ConsoleSink } from './console-sink';
import type { TextOutput } from './text-output';
import { FileOutput, StreamOutput } from './text-output';

const MINUTE_MS = 60_000;
const FLUSH_ROWS = 1_000;
const FLUSH_BYTES = 4 * 1024 * 1024;

const MODES = ['update', 'complete'] as const;

const settings = z.strictObject({
  mode: z.enum(MODES, `must be one of ${MODES.join(', ')}`).default('update'),
  /** Most rows of a table. */
  rows: z.int().min(1).max(10_000).default(20),
  /** Most characters of a cell. */
  width: z.int().min(4).max(10_000).default(32),
  ids: z.boolean().default(false),
  /** Of each metric, with `mode: complete`. */
  windows: z.int().min(1).max(1_000).default(10),
  every: durationSetting(10, 10 * MINUTE_MS).prefault('1s'),
});

/** Tables in the terminal, for those who look what goes by. */
export const consoleSinkKind: SinkKind = { type: 'console', open };

function open(sink: SinkDefinition, definition: StreamDefinition, environment: SinkEnvironment): OpenedSink {
  const read = readSinkSettings(sink, settings);
  const where = addressOf(sink, environment) ?? 'stdout';
  const output = outputAt(where);
  const problems = [
    ...(read.ok ? [] : read.problems),
    ...(output === null ? [sinkProblem(sink, ['where'], 'must be stdout, stderr, or the whole path of a file')] : []),
  ];
  if (!read.ok || output === null) return { ok: false, problems };
  const { every, ...look } = read.settings;
  const bounds = { rows: FLUSH_ROWS, bytes: FLUSH_BYTES, ageMs: every };
  return { ok: true, sink: new ConsoleSink(output, definition, { ...look, bounds }) };
}

function outputAt(where: string): TextOutput | null {
  if (where === 'stdout') return new StreamOutput(process.stdout);
  if (where === 'stderr') return new StreamOutput(process.stderr);
  return isAbsolute(where) ? new FileOutput(where) : null;
}
