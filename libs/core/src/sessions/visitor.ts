import type { SessionRow } from './session-row';
import { Stretch } from './stretch';

/** Where sessions end and are cut. */
export interface SessionBounds {
  readonly gapMs: number;
  /** Sessions that go on and on are cut at multiples of this. */
  readonly linesMs: number;
}

/** What is remembered of a closed session: rows that come too late for it, and whether the next one goes on where it was cut. */
export interface Over {
  readonly startMs: number;
  readonly lastMs: number;
  /** A row up to here is too late. */
  readonly throughMs: number;
  readonly isCut: boolean;
}

/** A session that is open, or about to be closed. */
export interface OpenSession {
  readonly startMs: number;
  readonly lastMs: number;
  /** It is made of the first so many stretches behind the session before it. */
  readonly stretches: number;
  readonly isCut: boolean;
  /** Behind it everything is open. */
  readonly throughMs: number;
  /** The watermark that closes it. */
  readonly closesAtMs: number;
}

/**
 * A user, or the part of their events that `by` takes together: the stretches of rows that are not in a closed session, in order, and the
 * newest session that was closed.
 *
 * Stretches are never longer than from one line to the next, so whether a session has to be cut at a line, which depends on
 * where it begins, is found out when it is closed, and nothing is ever taken apart.
 */
export class Visitor {
  constructor(
    /** Id of a text; NO_TEXT: their events are not divided. */
    readonly part: number,
    readonly stretches: Stretch[] = [],
    public over: Over | null = null,
  ) {}

  add(row: SessionRow, { gapMs, linesMs }: SessionBounds): void {
    const { stretches } = this;
    const { timeMs } = row;
    const line = Math.floor(timeMs / linesMs);
    // Those before `place` have begun at the row's time or before.
    let place = stretches.length;
    while (place > 0 && (stretches[place - 1] as Stretch).firstMs > timeMs) place--;
    const isNear = (stretch: Stretch | undefined): stretch is Stretch =>
      stretch !== undefined &&
      timeMs - stretch.lastMs <= gapMs &&
      stretch.firstMs - timeMs <= gapMs &&
      Math.floor(stretch.firstMs / linesMs) === line;
    const before = stretches[place - 1];
    const after = stretches[place];
    if (isNear(before)) {
      before.add(row);
      if (!isNear(after)) return;
      before.absorb(after);
      stretches.splice(place, 1);
    } else if (isNear(after)) after.add(row);
    else {
      const stretch = new Stretch(timeMs);
      stretch.add(row);
      stretches.splice(place, 0, stretch);
    }
  }

  /** The oldest open session; null: none is open. */
  oldest(bounds: SessionBounds): OpenSession | null {
    return this.sessionFrom(0, this.over, bounds);
  }

  openCount(bounds: SessionBounds): number {
    return this.stretches.length <= 1 ? this.stretches.length : this.open(bounds).length;
  }

  /** The open sessions, oldest first, as they would be closed if nothing came any more. */
  open(bounds: SessionBounds): OpenSession[] {
    const sessions: OpenSession[] = [];
    let from = 0;
    for (let next = this.oldest(bounds); next !== null;) {
      sessions.push(next);
      from += next.stretches;
      next = this.sessionFrom(from, next, bounds);
    }
    return sessions;
  }

  /** Takes the rows of the oldest session, and remembers that it is closed. */
  close({ startMs, lastMs, stretches, isCut, throughMs }: OpenSession): Stretch {
    const first = this.stretches.shift() as Stretch;
    for (let left = stretches - 1; left > 0; left--) first.absorb(this.stretches.shift() as Stretch);
    this.over = { startMs, lastMs, throughMs, isCut };
    return first;
  }

  /** The watermark from which on there is something to do: to close the oldest session, or to forget the visitor. */
  dueMs(bounds: SessionBounds): number {
    const oldest = this.oldest(bounds);
    if (oldest !== null) return oldest.closesAtMs;
    // Whatever comes behind that is too old by itself where it is near the session, too late for it or going on behind it.
    return this.over === null ? -Infinity : this.over.lastMs + 2 * bounds.gapMs + 1;
  }

  private sessionFrom(
    at: number,
    before: Pick<Over, 'lastMs' | 'isCut'> | null,
    { gapMs, linesMs }: SessionBounds,
  ): OpenSession | null {
    const first = this.stretches[at];
    if (first === undefined) return null;
    const { firstMs } = first;
    // It has crossed the line at which the one before it was cut; else it has to cross the next line first.
    const isContinued = before?.isCut === true && firstMs - before.lastMs <= gapMs;
    const lineMs = (Math.floor(firstMs / linesMs) + (isContinued ? 1 : 2)) * linesMs;
    let end = at + 1;
    let { lastMs } = first;
    for (; end < this.stretches.length; end++) {
      const next = this.stretches[end] as Stretch;
      if (next.firstMs - lastMs > gapMs || next.firstMs >= lineMs) break;
      lastMs = next.lastMs;
    }
    const isCut = lastMs + gapMs >= lineMs;
    return {
      startMs: firstMs,
      lastMs,
      stretches: end - at,
      isCut,
      throughMs: isCut ? lineMs - 1 : lastMs + gapMs,
      closesAtMs: isCut ? lineMs : lastMs + gapMs + 1,
    };
  }
}
