import { decodeText } from '../batch/column-access';
import type { EventBatch } from '../batch/event-batch';
import type { SessionsDefinition } from '../sessions/definition';
import type { ClosedSession } from '../sessions/session';
import type { FieldChanges, FieldPut, LateVisit } from '../sessions/session-book';
import { SessionBook } from '../sessions/session-book';
import { SESSION_FIELDS } from '../sessions/session-fields';
import type { StreamSchema } from '../stream/schema';
import { RowsChain } from './rows-chain';
import type { Said, TrackBook, TrackOrigin, Under } from './track';
import { Track, firstInputMs } from './track';
import type { TrackStart } from './track-start';
import { originOf, rowsEndOf } from './track-start';
import { decodeUserField, encodeUserField, userFieldHead } from './user-field';

/** A session that is over, and the settings under which it was one. */
export type FoundSession = Under<SessionsDefinition, ClosedSession>;

/** About what a user takes in a checkpoint. */
const USER_BYTES = 512;

/** The sessions of a partition, and their rows. */
export class SessionTrack {
  private readonly book: SessionBook | null = null;
  private earlier: SessionBook | null = null;
  private readonly track: Track<FoundSession, LateVisit, ClosedSession> | null = null;
  private readonly origin: TrackOrigin;
  /** Fields of the checkpoint that nobody needs. */
  private readonly stale: Uint8Array[] = [];

  /** Users of the checkpoint are still to be taken in. */
  constructor(
    schema: StreamSchema,
    private readonly start: TrackStart<SessionsDefinition>,
  ) {
    const { declared, earlier, partition } = start;
    this.origin = originOf(start);
    if (declared) this.book = new SessionBook(schema, declared, -Infinity);
    if (earlier) this.earlier = new SessionBook(schema, earlier, -Infinity);
    const settings = declared ?? earlier;
    if (!settings) return;
    const kind = { stream: `${schema.stream}.sessions`, partition, fields: SESSION_FIELDS, timeOf: endOf };
    const rows = { offsetOf: closedBy, rowsOf, chain: new RowsChain(kind, rowsEndOf(start, this.origin.sinceMs)) };
    const { sinceMs } = this.origin;
    const books = [
      this.book && declared && found(this.book, declared),
      this.earlier && earlier && ended(this.earlier, earlier),
    ] as const;
    this.track = new Track(rows, sinceMs, delayOf(settings), ...books);
  }

  /** Takes in users of the checkpoint. @throws RangeError as `SessionBook.restore` */
  restore(fields: Iterable<FieldPut>): void {
    const { saved, next } = this.start;
    for (const { field, bytes } of fields) {
      const user = decodeUserField(bytes);
      const book = user.epoch === this.origin.epoch ? this.book : user.epoch === saved.epoch ? this.earlier : null;
      if (book) book.restore(field, user.bytes, next);
      else this.stale.push(field);
    }
  }

  /** All users of the checkpoint are taken in. */
  restored(): void {
    const { declared, earlier, saved, position } = this.start;
    if (this.earlier && earlier)
      this.earlier.restored(firstInputMs(saved, position.watermarkInputMs, delayOf(earlier)));
    if (this.book && declared) {
      this.book.restored(firstInputMs(this.origin, position.watermarkInputMs, delayOf(declared)));
    }
  }

  get openCount(): number {
    return this.track?.isUnchanged ? (this.earlier?.openCount ?? 0) : (this.book?.openCount ?? 0);
  }

  /** As a checkpoint tells it. */
  get savedOrigin(): TrackOrigin {
    return this.track?.isUnchanged ? this.start.saved : this.origin;
  }

  begin(batch: EventBatch): void {
    this.track?.begin(batch);
  }

  record(from: number, to: number, rawOffset: number, inputAfterMs: number): void {
    this.track?.record(from, to, rawOffset, inputAfterMs);
  }

  end(batch: EventBatch, firstRecord: number): Said<FoundSession, LateVisit> | null {
    return this.track?.end(batch, firstRecord) ?? null;
  }

  dirtyBytes(): number {
    return USER_BYTES * (this.book?.dirtyCount ?? 0);
  }

  takeChanges(next: number): FieldChanges {
    const head = userFieldHead(this.origin.epoch);
    const { puts, drops } = this.book?.takeChanges(next) ?? { puts: [], drops: [] };
    const gone = [...this.stale.splice(0), ...this.takeEnded(next)];
    const kept = new Set(gone.length > 0 ? puts.map(({ field }) => nameOf(field)) : []);
    return {
      puts: puts.map(({ field, bytes }) => ({ field, bytes: encodeUserField(head, bytes) })),
      // A field that is written anew under the settings in force stays.
      drops: [...drops, ...gone.filter((field) => !kept.has(nameOf(field)))],
    };
  }

  /** Fields of users whose sessions a change of settings has ended. */
  private takeEnded(next: number): readonly Uint8Array[] {
    if (this.earlier === null || this.track?.isUnchanged !== false) return [];
    const { drops } = this.earlier.takeChanges(next);
    this.earlier = null;
    return drops;
  }
}

function delayOf({ outOfOrdernessMs, gapMs }: SessionsDefinition): number {
  return outOfOrdernessMs + gapMs;
}

function found(book: SessionBook, settings: SessionsDefinition): TrackBook<FoundSession, LateVisit> {
  return {
    begin: (batch) => book.begin(batch),
    add: (from, to, rawOffset) => book.add(from, to, rawOffset),
    advance: (inputMs, rawOffset) => book.advance(inputMs, rawOffset),
    takeTold: () => book.takeClosed().map((told) => ({ settings, told })),
    takeLate: () => book.takeLate(),
  };
}

/** Sessions that are ended by a change of settings are cut: whoever is there has not left. */
function ended(book: SessionBook, settings: SessionsDefinition): TrackBook<FoundSession, LateVisit> {
  const takeTold = (): FoundSession[] =>
    book.takeClosed().map((told) => ({ settings, told: { ...told, isCut: true } }));
  return { ...found(book, settings), takeTold };
}

function endOf({ endMs }: ClosedSession): number {
  return endMs;
}

function closedBy({ told }: FoundSession): number {
  return told.closedBy;
}

function rowsOf({ told }: FoundSession): readonly ClosedSession[] {
  return [told];
}

function nameOf(field: Uint8Array): string {
  return decodeText(field, 0, field.length);
}
