import type { PartitionLog } from '../../metrics/testing/partition-log';
import type { StreamSchema } from '../../stream/schema';
import type { SessionsDefinition } from '../definition';
import { sessionId } from '../session';
import type { ClosedSession } from '../session';
import type { LateVisit } from '../session-book';
import { SessionBook } from '../session-book';
import type { FieldChanges } from '../user-states';
import type { ToldVisits } from './run-book';
import { applyEntries } from './run-book';

/** How far a commit gets. */
export type CommitEnd = 'whole' | 'some puts' | 'all puts' | 'without drops';

/** A checkpoint as a store keeps it: fields, and a position that moves behind them. */
export class VisitStore {
  readonly fields = new Map<string, { readonly field: Uint8Array; readonly bytes: Uint8Array }>();
  /** Entries of the log that are behind the position. */
  entries = 0;

  constructor(
    private readonly log: PartitionLog,
    private readonly sessions: SessionsDefinition,
    private readonly schema: StreamSchema,
  ) {}

  commit({ puts, drops }: FieldChanges, entries: number, end: CommitEnd): void {
    const written = end === 'some puts' ? puts.filter((_, i) => i % 2 === 0) : puts;
    // Whoever takes changes may go on with what they are made of.
    for (const { field, bytes } of written)
      this.fields.set(field.toString(), { field: field.slice(), bytes: bytes.slice() });
    if (end === 'some puts' || end === 'all puts') return;
    this.entries = entries;
    if (end === 'without drops') return;
    for (const field of drops) this.fields.delete(field.toString());
  }

  restore(): SessionBook {
    const book = new SessionBook(this.schema, this.sessions, -Infinity);
    for (const { field, bytes } of this.fields.values()) book.restore(field, bytes, this.log.rawFrom(this.entries));
    book.restored(this.log.before(this.entries).watermarkInputMs);
    return book;
  }
}

/** What was published: by id, whoever said it and how often. */
export class Published {
  readonly closed = new Map<string, ClosedSession>();
  readonly late = new Map<string, LateVisit>();

  /** What is said again has to be the same. */
  add({ closed, late }: ToldVisits): void {
    for (const session of closed) this.addTo(this.closed, sessionId(session), session);
    for (const row of late) this.addTo(this.late, `${row.rawOffset}|${row.index}`, row);
  }

  private addTo<T>(known: Map<string, T>, id: string, item: T): void {
    if (known.has(id)) expect(item).toEqual(known.get(id));
    known.set(id, item);
  }
}

/** A piece of a task's life. */
export interface VisitStep {
  readonly entries: number;
  readonly commit: CommitEnd | null;
  readonly restart: boolean;
}

/** A life of tasks, one after the other, over a whole log; the last step ends it. Returns the book at its end. */
export function liveVisits(
  store: VisitStore,
  log: PartitionLog,
  steps: readonly VisitStep[],
  published: Published,
): SessionBook {
  let book = store.restore();
  let at = store.entries;
  for (const { entries, commit, restart } of [...steps, { entries: Infinity, commit: null, restart: false }]) {
    const to = Math.min(at + entries, log.entries.length);
    const told: ToldVisits = { closed: [], late: [] };
    applyEntries(book, log, at, to, told);
    published.add(told);
    at = to;
    if (commit !== null) store.commit(book.takeChanges(log.rawFrom(at)), at, commit);
    // Who does not know how far a commit got begins anew.
    if (!restart && (commit === null || commit === 'whole')) continue;
    book = store.restore();
    at = store.entries;
  }
  return book;
}
