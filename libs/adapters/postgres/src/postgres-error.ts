import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';

/** What a statement failed with, as `cause`. */
export class StatementError extends Error {
  override readonly name = 'StatementError';

  constructor(override readonly cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Where an error came from, for messages. */
export interface ErrorContext {
  /** `postgres://host:port/database` */
  readonly address: string;
  readonly user: string | null;
  /** `TILLSTREAM_SINK_<NAME>_` */
  readonly variables: string;
}

/** The five characters by which PostgreSQL says what is wrong; null for errors that it did not send. */
export function sqlState(error: unknown): string | null {
  const cause = error instanceof StatementError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (cause as object) ? code : null;
}

/** There is such a row already: of this id, or of what somebody has declared to be unique. */
export const UNIQUE_VIOLATION = '23505';

/** It is a row that is wrong, or one of several: data, a constraint or a trigger of somebody's, too long for an index. */
export function isAboutRows(cause: unknown): boolean {
  const state = sqlState(cause);
  return state !== null && !isAboutShape(cause) && (/^(22|23)/.test(state) || state === '54000' || state === 'P0001');
}

/** A table or column has gone, or is another than was made: bytes of the type it had are none of the type it has. */
const SHAPE = ['42P01', '42703', '42804', '3F000', '22P03'];

export function isAboutShape(cause: unknown): boolean {
  return SHAPE.includes(sqlState(cause) ?? '');
}

/** What an error of pg or PostgreSQL means to a sink. */
export function sinkError(error: unknown, { address, user, variables }: ErrorContext): Error {
  const cause = error instanceof StatementError ? error.cause : error;
  if (!(cause instanceof Error)) return new SinkUnavailableError(`${address}: ${String(cause)}`);
  const words = cause.message || ('code' in cause ? String(cause.code) : cause.name);
  const state = sqlState(cause);
  if (state === null && !/password must be a|does not support SSL|SASL|certificate/i.test(words)) {
    return new SinkUnavailableError(`${address} does not answer: ${words}`, null, { cause });
  }
  const remedy = remedyFor(state, user, variables);
  if (remedy === null) return new SinkUnavailableError(`${address}: ${words}`, null, { cause });
  return new SinkRefusedError(`${address}: ${words}: ${remedy}`, { cause });
}

/** What somebody has to do; null: it may pass by itself. */
function remedyFor(state: string | null, user: string | null, variables: string): string | null {
  switch (state) {
    case null:
      return `check ${variables}USER, ${variables}PASSWORD and sslmode in the address`;
    case '28P01':
    case '28000':
      return `check ${variables}USER and ${variables}PASSWORD, and pg_hba.conf`;
    case '3D000':
      return 'create the database, or name another one in the address';
    case '42501':
      return `grant ${user ?? 'the user'} what it lacks: it must own the tables it writes, or create them itself`;
    default:
      if (SHAPE.includes(state)) return 'the table is not as it was made, and making it again has not helped';
      // Resources, locks, restarts, time-outs, a deadlock, a disk: all these pass. What else there is does not.
      return /^(08|25|40|53|55|57|58|XX)/.test(state) ? null : 'this is not expected of it';
  }
}
