/** What a command may touch of the outside world; tests bring their own. */
export interface CliContext {
  /** Writes to standard output. False: the reader is slow; await `drained` before writing more. */
  write(text: string): boolean;
  drained(): Promise<void>;
  /** Writes to standard error: progress and problems, never results. */
  note(text: string): void;
  /** Standard output is a terminal that can be redrawn in place. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns: number;
  /** Height of the terminal in lines. */
  readonly lines: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted on Ctrl-C: a command stops at its next step and leaves things in order. */
  readonly signal: AbortSignal;
}

/** A problem a user can do something about: printed without a stack, with what would help. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code = 'CLI_ERROR';

  constructor(
    message: string,
    /** What to do about it, as a sentence or a command. */
    readonly remedy: string | null = null,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
