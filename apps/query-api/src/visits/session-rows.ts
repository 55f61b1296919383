import { decodeSession } from '@tillstream/contracts';
import { isAbandoned, sessionId, type ClosedSession } from '@tillstream/core';
import type { LogRecord } from '@tillstream/engine';
import type { RecentRow } from '../view/recent-rows';

/** A session that is over, as the view holds it: what it is found by, and its record. `timeMs` is its end. */
export interface SessionRow extends RecentRow {
  /** Empty: the user's events are not divided. */
  readonly part: string;
  readonly startMs: number;
  readonly isConverted: boolean;
  readonly isAbandoned: boolean;
  /** As text, which takes a third of what its values would. */
  readonly record: string;
}

/** Reads the records of a topic of sessions. */
export class SessionRows {
  constructor(private readonly moneyExponent: number) {}

  /** Null: the record tells of no session. */
  read(partition: number, { value, timestampMs, offset }: LogRecord): SessionRow | null {
    const session = decodeSession({ value }, this.moneyExponent);
    if (value === null || session === null) return null;
    const { user, part, startMs, endMs, purchases } = session;
    return {
      ...{ id: sessionId(session), timeMs: endMs, appendMs: timestampMs, keys: [user] },
      ...{
        partition,
        offset,
        part: part ?? '',
        startMs,
        isConverted: purchases > 0,
        isAbandoned: isAbandoned(session),
      },
      record: Buffer.from(value).toString(),
    };
  }

  sessionOf({ record }: SessionRow): ClosedSession {
    const session = decodeSession({ value: Buffer.from(record) }, this.moneyExponent);
    if (session === null) throw new Error('a record that could be read cannot be read any more');
    return session;
  }
}
