import type { CliContext } from '../cli-context';

/** A context that remembers what was written, for specs. */
export interface RecordingContext extends CliContext {
  output(): string;
  notes(): string;
  /** What Ctrl-C does. */
  interrupt(): void;
}

export function recordingContext(
  options: {
    readonly isTerminal?: boolean;
    readonly lines?: number;
    readonly environment?: Record<string, string>;
  } = {},
): RecordingContext {
  const stop = new AbortController();
  let written = '';
  let noted = '';
  return {
    write: (text) => {
      written += text;
      return true;
    },
    drained: () => Promise.resolve(),
    note: (text) => {
      noted += text;
    },
    isTerminal: options.isTerminal ?? false,
    columns: 100,
    lines: options.lines ?? 40,
    environment: options.environment ?? {},
    signal: stop.signal,
    output: () => written,
    notes: () => noted,
    interrupt: () => stop.abort(),
  };
}
