import { decodeText } from '../batch/column-access';
import type { EventBatch } from '../batch/event-batch';
import { rowToJson } from '../batch/row-to-json';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { KeyInterner } from '../metrics/groups/key-interner';
import type { StreamSchema } from '../stream/schema';
import { TimerQueue } from '../windowing/timer-queue';
import { gapsBetweenCuts, unsureMs } from '../windowing/window-spec';
import type { SessionsDefinition } from './definition';
import type { ClosedSession, Session } from './session';
import { SessionRows } from './session-rows';
import { tellSession } from './tell-session';
import { TextTable } from './text-table';
import { UserCodec, readHead } from './user-codec';
import { UserVisits } from './user-visits';
import { VisitParts } from './visit-parts';
import type { SessionBounds, Visitor } from './visitor';
import { NO_USER, VisitorKeys } from './visitor-keys';

/** What is known of a user, for a checkpoint: one field of a hash. */
export interface FieldPut {
  /** The event key's text. */
  readonly field: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What has changed since the last checkpoint. */
export interface FieldChanges {
  /** To be written before the checkpoint's position moves. */
  readonly puts: readonly FieldPut[];
  /** To be removed when it has moved. */
  readonly drops: readonly Uint8Array[];
}

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

/**
 * The sessions of one partition. What they are is a function of its rows in raw order: where batches are cut, how often they are
 * saved and restored never changes one.
 *
 * A user is asleep, in the bytes that stand in the checkpoint too, until a row of theirs comes or the watermark has passed them;
 * and awake until the next checkpoint.
 *
 * No clock and no I/O. Not re-entrant.
 */
export class SessionBook {
  private readonly bounds: SessionBounds;
  private readonly users = new KeyInterner();
  private readonly texts = new TextTable();
  private readonly codec = new UserCodec(this.texts);
  private readonly rows: SessionRows;
  private readonly keys: VisitorKeys;
  private readonly parts: VisitParts;
  private readonly timers = new TimerQueue();
  private watermarkMs = -Infinity;
  /** By user: the state that was saved, or restored, last. */
  private readonly asleep = new Map<number, Uint8Array>();
  private readonly awake = new Map<number, UserVisits>();
  private readonly changed = new Set<number>();
  /** Open sessions by user. */
  private readonly openCounts = new Map<number, number>();
  /** Users of whom rows are counted beyond the position of the checkpoint: up to where. */
  private readonly aheadTo = new Map<number, number>();
  /** Users of the checkpoint who were forgotten since. */
  private readonly dropped = new Set<number>();
  private closed: ClosedSession[] = [];
  private late: LateVisit[] = [];
  private open = 0;

  /** @param completeFromMs of all events from here on is known; sessions of which something may be missing are not told */
  constructor(
    private readonly schema: StreamSchema,
    private readonly sessions: SessionsDefinition,
    private readonly completeFromMs: number,
  ) {
    this.bounds = boundsOf(sessions);
    this.rows = new SessionRows(schema, sessions, this.texts);
    this.keys = new VisitorKeys(schema, this.users);
    this.parts = new VisitParts(schema, sessions, this.texts);
  }

  /** Open sessions. */
  get openCount(): number {
    return this.open;
  }

  /** Users of whom something has changed since the last checkpoint. */
  get dirtyCount(): number {
    return this.changed.size;
  }

  /** Binds the columns of a batch, and evaluates conditions, once. */
  begin(batch: EventBatch): void {
    this.users.sweep();
    this.rows.begin(batch);
    this.keys.begin(batch);
    this.parts.begin(batch);
  }

  /** Rows [from, to) of the bound batch: those of one raw record, judged by the watermark before it. */
  add(from: number, to: number, rawOffset: number): void {
    const { ids } = this.keys;
    const { times } = this.rows;
    const oldestMs = this.watermarkMs - this.bounds.gapMs;
    for (let row = from; row < to; row++) {
      const user = ids[row] as number;
      const timeMs = times[row] as number;
      if (user === NO_USER || Number.isNaN(timeMs) || this.isCounted(user, rawOffset)) continue;
      if (timeMs < oldestMs) this.noteLate(row, rawOffset, null);
      else this.addRow(user, row, rawOffset);
    }
  }

  /** The end of a raw record: closes what the watermark input has passed, by user, part and start. */
  advance(watermarkInputMs: number, rawOffset: number): void {
    this.watermarkMs = Math.max(this.watermarkMs, watermarkInputMs - this.sessions.outOfOrdernessMs);
    if (this.timers.nextMs <= this.watermarkMs) this.closePassed(rawOffset);
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

  /** What has changed since the last call, for a checkpoint at `next`. Users go to sleep. */
  takeChanges(next: number): FieldChanges {
    const puts = [...this.changed].map((user) => this.put(user, next));
    const drops = this.takeDrops();
    this.changed.clear();
    this.awake.clear();
    this.texts.clear();
    this.codec.forgetTexts();
    this.rows.forgetTexts();
    this.parts.forgetTexts();
    for (const [user, through] of this.aheadTo) if (through <= next) this.aheadTo.delete(user);
    return { puts, drops };
  }

  /**
   * Takes in what a checkpoint at `next` has of a user. Nothing but its head is looked at.
   *
   * @throws RangeError for what is no state of a user, or was written by a later version
   */
  restore(field: Uint8Array, bytes: Uint8Array, next: number): void {
    const user = this.users.intern(field, 0, field.length);
    const { dueMs, through, openCount } = readHead(bytes);
    this.users.retain(user);
    this.asleep.set(user, bytes);
    this.setOpen(user, openCount);
    // The store was interrupted after it had written this, and before its position moved.
    if (through > next) this.aheadTo.set(user, through);
    this.timers.advance(user, dueMs);
  }

  /** To be called when everything is restored. What the watermark had closed was told: the store may still have some of it. */
  restored(watermarkInputMs: number): void {
    this.watermarkMs = watermarkInputMs - this.sessions.outOfOrdernessMs;
    if (this.timers.nextMs <= this.watermarkMs) this.closePassed(NaN);
    this.closed = [];
  }

  private isCounted(user: number, rawOffset: number): boolean {
    return this.aheadTo.size > 0 && rawOffset < (this.aheadTo.get(user) ?? 0);
  }

  private addRow(user: number, row: number, rawOffset: number): void {
    const visits = this.wake(user);
    const part = this.parts.partOf(row, this.keys.fields[row] as number);
    const timeMs = this.rows.times[row] as number;
    const over = visits?.find(part)?.over;
    if (over && timeMs <= over.throughMs) {
      if (this.isTold(over.startMs)) this.noteLate(row, rawOffset, over.startMs);
      return;
    }
    const known = visits ?? this.admit(user);
    known.visitor(part).add(this.rows.read(row), this.bounds);
    this.noteChange(user, known);
  }

  private admit(user: number): UserVisits {
    const visits = new UserVisits();
    this.users.retain(user);
    this.awake.set(user, visits);
    return visits;
  }

  /** Null: nothing is known of the user. */
  private wake(user: number): UserVisits | null {
    const awake = this.awake.get(user);
    if (awake) return awake;
    const bytes = this.asleep.get(user);
    if (!bytes) return null;
    const visits = new UserVisits(this.codec.read(bytes));
    this.awake.set(user, visits);
    return visits;
  }

  private noteChange(user: number, visits: UserVisits): void {
    this.changed.add(user);
    this.setOpen(user, visits.openCount(this.bounds));
    this.timers.advance(user, visits.dueMs(this.bounds));
  }

  private setOpen(user: number, count: number): void {
    this.open += count - (this.openCounts.get(user) ?? 0);
    if (count === 0) this.openCounts.delete(user);
    else this.openCounts.set(user, count);
  }

  private closePassed(rawOffset: number): void {
    const due: number[] = [];
    while (this.timers.nextMs <= this.watermarkMs) due.push(this.timers.takeNext());
    for (const user of due.sort((a, b) => this.users.compare(a, b))) this.closeOf(user, rawOffset);
  }

  private closeOf(user: number, rawOffset: number): void {
    const visits = this.wake(user);
    if (visits === null) return; // it was forgotten, and the time was that of an earlier one
    const { bounds, watermarkMs } = this;
    if (visits.dueMs(bounds) > watermarkMs) return this.timers.advance(user, visits.dueMs(bounds));
    visits.visitors.sort((a, b) => this.texts.compare(a.part, b.part));
    for (const visitor of visits.visitors) this.closeVisitor(user, visitor, rawOffset);
    visits.forgetPast(watermarkMs, bounds);
    if (visits.visitors.length > 0) this.noteChange(user, visits);
    else this.forget(user);
  }

  private closeVisitor(user: number, visitor: Visitor, rawOffset: number): void {
    for (;;) {
      const session = visitor.oldest(this.bounds);
      if (session === null || session.closesAtMs > this.watermarkMs) return;
      const stretch = visitor.close(session);
      if (!this.isTold(session.startMs)) continue;
      const told = tellSession(this.textOf(user), this.texts.textOf(visitor.part), stretch, this.texts);
      this.closed.push({ ...told, isCut: session.isCut, closedBy: rawOffset });
    }
  }

  private forget(user: number): void {
    this.setOpen(user, 0);
    this.awake.delete(user);
    this.changed.delete(user);
    this.aheadTo.delete(user);
    // Its id stays its own until the checkpoint is without it: who comes back before must not be dropped.
    if (this.asleep.delete(user)) this.dropped.add(user);
    else this.users.release(user);
  }

  private takeDrops(): Uint8Array[] {
    const drops: Uint8Array[] = [];
    for (const user of this.dropped) {
      if (!this.awake.has(user)) drops.push(this.fieldOf(user));
      this.users.release(user);
    }
    this.dropped.clear();
    return drops;
  }

  private put(user: number, next: number): FieldPut {
    const visits = this.awake.get(user) as UserVisits;
    const through = Math.max(next, this.aheadTo.get(user) ?? 0);
    const writer = new ByteWriter();
    const head = { dueMs: visits.dueMs(this.bounds), through, openCount: visits.openCount(this.bounds) };
    this.codec.write(visits.visitors, head, writer);
    const bytes = writer.toBytes();
    this.asleep.set(user, bytes);
    return { field: this.fieldOf(user), bytes };
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

  private fieldOf(user: number): Uint8Array {
    return this.users.bytesOf(user).slice(0, this.users.length(user));
  }

  private textOf(user: number): string {
    return decodeText(this.users.bytesOf(user), 0, this.users.length(user));
  }
}

/** Open sessions as one field of a checkpoint has them: by part, oldest first. @throws RangeError as `SessionBook.restore` */
export function decodeOpenSessions(user: string, bytes: Uint8Array, sessions: SessionsDefinition): Session[] {
  const texts = new TextTable();
  const bounds = boundsOf(sessions);
  const visitors = new UserCodec(texts).read(bytes).sort((a, b) => texts.compare(a.part, b.part));
  return visitors.flatMap((visitor) => {
    const part = texts.textOf(visitor.part);
    return visitor.open(bounds).map((session) => tellSession(user, part, visitor.close(session), texts));
  });
}

function boundsOf(sessions: SessionsDefinition): SessionBounds {
  return { gapMs: sessions.gapMs, linesMs: gapsBetweenCuts(sessions) * sessions.gapMs };
}
