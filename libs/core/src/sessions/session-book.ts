import type { EventBatch } from '../batch/event-batch';
import { rowToJson } from '../batch/row-to-json';
import type { StreamSchema } from '../stream/schema';
import { gapsBetweenCuts, unsureMs } from '../windowing/window-spec';
import type { SessionsDefinition } from './definition';
import { DueUsers } from './due-users';
import { RowAppender } from './row-appender';
import type { ClosedSession, Session } from './session';
import { SessionRows } from './session-rows';
import { tellSession } from './tell-session';
import { NO_TEXT, TextTable } from './text-table';
import { UserCodec } from './user-codec';
import type { FieldChanges } from './user-states';
import { UserStates } from './user-states';
import { VisitParts } from './visit-parts';
import type { SessionBounds, Visitor } from './visitor';
import { NO_USER, VisitorKeys } from './visitor-keys';

export type { FieldChanges, FieldPut } from './user-states';

/** So many rows of a batch are looked ahead. */
const TOUCHED_ROWS = 64;
const WHILES_IN_GAP = 32;

/** A row that came too late for sessions. */
export interface LateVisit {
  readonly rawOffset: number;
  readonly index: number;
  /** Start of the closed session that it should have been part of; null: it is older than any that is remembered. */
  readonly missedStartMs: number | null;
  /** Watermark − event time. */
  readonly latenessMs: number;
  readonly json: string;
}

/** How much a book holds. */
export interface SessionsSize {
  /** Users of whom something is known. */
  readonly users: number;
  /** What is known of those who are asleep takes so much. */
  readonly stateBytes: number;
}

/**
 * The sessions of one partition. What they are is a function of its rows in raw order: where batches are cut, how often they are
 * saved and restored never changes one.
 *
 * No clock and no I/O. Not re-entrant.
 */
export class SessionBook {
  private readonly bounds: SessionBounds;
  private readonly texts = new TextTable();
  private readonly users: UserStates;
  private readonly rows: SessionRows;
  private readonly keys: VisitorKeys;
  private readonly parts: VisitParts;
  private readonly appender: RowAppender;
  private readonly due: DueUsers;
  private watermarkMs = -Infinity;
  /** Rows of the batch whose users have been looked at. */
  private touchedTo = 0;
  private closed: ClosedSession[] = [];
  private late: LateVisit[] = [];

  /**
   * @param completeFromMs all events from here on are known: sessions of which something may be missing are not told
   * @throws RangeError for fields that the schema does not declare
   */
  constructor(
    private readonly schema: StreamSchema,
    private readonly sessions: SessionsDefinition,
    private readonly completeFromMs: number,
  ) {
    this.bounds = boundsOf(sessions);
    this.due = new DueUsers(Math.ceil(sessions.gapMs / WHILES_IN_GAP));
    this.users = new UserStates(this.texts, this.bounds);
    this.rows = new SessionRows(schema, sessions, this.texts);
    this.keys = new VisitorKeys(schema, this.users.keys);
    this.parts = new VisitParts(schema, sessions, this.texts);
    this.appender = new RowAppender(this.users.arena, this.rows, this.bounds);
  }

  /** Open sessions. */
  get openCount(): number {
    return this.users.openCount;
  }

  /** Users of whom something has changed since the last checkpoint. */
  get dirtyCount(): number {
    return this.users.changedCount;
  }

  /** How much it holds. Everything goes back to 0 once all sessions are forgotten. */
  size(): SessionsSize {
    return { users: this.users.count, stateBytes: this.users.arena.usedBytes };
  }

  /** Binds the columns of a batch, and evaluates conditions, once. */
  begin(batch: EventBatch): void {
    this.users.keys.sweep();
    if (this.users.areAllAsleep) this.forgetTexts();
    this.rows.begin(batch);
    this.keys.begin(batch);
    this.users.reserve();
    this.touchedTo = 0;
    this.parts.begin(batch);
  }

  /** Rows [from, to) of the bound batch: those of one raw record, judged by the watermark before it. */
  add(from: number, to: number, rawOffset: number): void {
    const { ids } = this.keys;
    const { times } = this.rows;
    const oldestMs = this.watermarkMs - this.bounds.gapMs;
    for (let row = from; row < to; row++) {
      if (row >= this.touchedTo) this.touchFrom(row);
      const user = ids[row] as number;
      const timeMs = times[row] as number;
      if (user === NO_USER || Number.isNaN(timeMs) || this.users.isCounted(user, rawOffset)) continue;
      if (timeMs < oldestMs) this.noteLate(row, rawOffset, null);
      else if (!this.append(user, row)) this.addAwake(user, row, rawOffset);
    }
  }

  /** The end of a raw record: closes what the watermark input has passed, by user, part and start. */
  advance(watermarkInputMs: number, rawOffset: number): void {
    this.watermarkMs = Math.max(this.watermarkMs, watermarkInputMs - this.sessions.outOfOrdernessMs);
    if (this.due.hasDue(this.watermarkMs)) this.closePassed(rawOffset);
  }

  /** Sessions closed since the last call, in the order in which they were. */
  takeClosed(): ClosedSession[] {
    const taken = this.closed;
    this.closed = [];
    return taken;
  }

  /** Rows that came too late since the last call, in raw order. */
  takeLate(): LateVisit[] {
    const taken = this.late;
    this.late = [];
    return taken;
  }

  /** What has changed since the last call, for a checkpoint at `next`. */
  takeChanges(next: number): FieldChanges {
    return this.users.takeChanges(next);
  }

  /**
   * Takes in what a checkpoint at `next` has of a user. Nothing but its head is looked at. If that counts rows beyond `next` (the store
   * was interrupted while it wrote), they will not be counted again.
   *
   * @throws RangeError for what is no state of a user, or was written by a later version
   */
  restore(field: Uint8Array, bytes: Uint8Array, next: number): void {
    const user = this.users.restore(field, bytes, next);
    this.due.advance(user, this.users.dueMs(user));
  }

  /** To be called when everything is restored. What the watermark had closed was told: the store may still have some of it. */
  restored(watermarkInputMs: number): void {
    this.watermarkMs = watermarkInputMs - this.sessions.outOfOrdernessMs;
    if (this.due.hasDue(this.watermarkMs)) this.closePassed(NaN);
    this.closed = [];
  }

  /** Nearly all rows do not have to wake their user; false: this one has. */
  private append(user: number, row: number): boolean {
    const { users, appender } = this;
    if (users.isAwake(user) || this.partOf(row) !== NO_TEXT) return false;
    if (users.arena.has(user)) {
      if (!appender.append(user, row)) return false;
    } else {
      if (!appender.begin(user, row)) return false;
      users.admitAsleep(user);
      this.due.advance(user, users.dueMs(user));
    }
    users.noteChange(user);
    return true;
  }

  private touchFrom(row: number): void {
    const to = Math.min(row + TOUCHED_ROWS, this.rows.batch.rows);
    this.touchedTo = this.users.arena.touch(this.keys.ids, row, to);
  }

  private addAwake(user: number, row: number, rawOffset: number): void {
    const { users } = this;
    const visits = users.wake(user);
    const part = this.partOf(row);
    const over = visits?.find(part)?.over;
    if (over && (this.rows.times[row] as number) <= over.throughMs) {
      if (this.isTold(over.startMs)) this.noteLate(row, rawOffset, over.startMs);
      return;
    }
    const known = visits ?? users.admit(user);
    known.visitor(part).add(this.rows.read(row), this.bounds);
    users.noteChange(user);
    this.due.advance(user, known.dueMs(this.bounds));
  }

  private partOf(row: number): number {
    const { parts } = this;
    return parts.areDivided ? parts.partOf(row, this.keys.fields[row] as number) : NO_TEXT;
  }

  private closePassed(rawOffset: number): void {
    const { due, users, watermarkMs } = this;
    const passed: number[] = [];
    while (due.hasDue(watermarkMs)) {
      const user = due.takeDue();
      const dueMs = users.dueMs(user);
      if (dueMs <= watermarkMs) passed.push(user);
      else if (dueMs < Infinity) due.advance(user, dueMs);
    }
    for (const user of passed.sort((a, b) => users.keys.compare(a, b))) this.closeOf(user, rawOffset);
  }

  private closeOf(user: number, rawOffset: number): void {
    const { users, bounds } = this;
    // Who is due here and there is looked at once: by then nothing may be known of them.
    if (users.dueMs(user) > this.watermarkMs) return;
    if (users.isResting(user)) return users.forget(user);
    const isAwake = users.isAwake(user);
    const visits = isAwake ? users.wake(user) : users.read(user);
    if (visits === null) return;
    if (visits.visitors.length > 1) visits.visitors.sort((a, b) => this.texts.compare(a.part, b.part));
    for (const visitor of visits.visitors) this.closeVisitor(user, visitor, rawOffset);
    visits.forgetPast(this.watermarkMs, bounds);
    if (!isAwake) users.sleep(user, visits);
    users.noteChange(user);
    if (visits.visitors.length === 0) return users.forget(user);
    // Whoever rests is only to be forgotten, and no row notices when that is.
    if (visits.open === 0) this.due.advanceLoosely(user, visits.dueMs(bounds));
    else this.due.advance(user, visits.dueMs(bounds));
  }

  private closeVisitor(user: number, visitor: Visitor, rawOffset: number): void {
    for (;;) {
      const session = visitor.oldest(this.bounds);
      if (session === null || session.closesAtMs > this.watermarkMs) return;
      const stretch = visitor.close(session);
      if (!this.isTold(session.startMs)) continue;
      const told = tellSession(this.users.keyText(user), this.texts.textOf(visitor.part), stretch, this.texts);
      this.closed.push(Object.assign(told, { isCut: session.isCut, closedBy: rawOffset }));
    }
  }

  private forgetTexts(): void {
    this.texts.clear();
    this.users.forgetTexts();
    this.rows.forgetTexts();
    this.parts.forgetTexts();
  }

  private noteLate(row: number, rawOffset: number, missedStartMs: number | null): void {
    const { batch, times } = this.rows;
    this.late.push({
      rawOffset,
      index: batch.rowIndexes[row] as number,
      missedStartMs,
      latenessMs: this.watermarkMs - (times[row] as number),
      json: rowToJson(this.schema, batch, row),
    });
  }

  /** Near where rows may be missing nobody knows where a session began. */
  private isTold(startMs: number): boolean {
    return startMs - unsureMs(this.sessions) >= this.completeFromMs;
  }
}

/** Open sessions as one field of a checkpoint has them: by part, oldest first. @throws RangeError as `SessionBook.restore` */
export function decodeOpenSessions(user: string, bytes: Uint8Array, sessions: SessionsDefinition): Session[] {
  const texts = new TextTable();
  const bounds = boundsOf(sessions);
  const visitors = new UserCodec(texts).read(bytes, 0, bytes.length).sort((a, b) => texts.compare(a.part, b.part));
  return visitors.flatMap((visitor) => {
    const part = texts.textOf(visitor.part);
    return visitor.open(bounds).map((session) => tellSession(user, part, visitor.close(session), texts));
  });
}

function boundsOf(sessions: SessionsDefinition): SessionBounds {
  return { gapMs: sessions.gapMs, linesMs: gapsBetweenCuts(sessions) * sessions.gapMs };
}
