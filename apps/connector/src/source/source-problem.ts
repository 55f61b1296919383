/**
 * - `unreachable`: no connection, or no answer in time;
 * - `refused`: an answer that is no stream of events: its status says why;
 * - `no-more`: 204, by which a source says that nobody shall connect again;
 * - `stalled`: nothing came for too long;
 * - `cut`: the connection broke;
 * - `event-too-large`: an event that never ends.
 */
export type SourceProblemKind = 'unreachable' | 'refused' | 'no-more' | 'stalled' | 'cut' | 'event-too-large';

/** Why a source cannot be read just now. */
export class SourceProblem extends Error {
  override readonly name = 'SourceProblem';
  readonly code = 'SOURCE_PROBLEM';

  constructor(
    readonly kind: SourceProblemKind,
    message: string,
    /** The source wants to be left alone for so long. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}
