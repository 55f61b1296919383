import * as fc from 'fast-check';
import { compareBytes } from '../expression/compare-bytes';
import type { LogEntry } from '../metrics/testing/partition-log';
import { PartitionLog } from '../metrics/testing/partition-log';
import { SessionBook, decodeOpenSessions } from './session-book';
import { sessionId } from './session';
import type { PlainLateVisit } from './testing/plain-sessions';
import { judgeVisits } from './testing/plain-sessions';
import type { ToldVisits } from './testing/run-book';
import { applyEntries, applyVisits } from './testing/run-book';
import { sessionsDefinitions, sessionsSchema as schema, visitLogs, visitRows } from './testing/session-arbitraries';
import { Published, VisitStore, liveVisits } from './testing/visit-store';

const cuts = fc.array(fc.nat(60), { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b));

/** As many orders as there are of them. */
function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => ordersOf(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

/** So that what is a while of time for a book has many milliseconds. */
const SLOWER = 100;

function slower({ rows, appendMs, advanceToMs, ...entry }: LogEntry): LogEntry {
  return {
    ...{ ...entry, appendMs: SLOWER * appendMs },
    rows: rows.map((row) => ({ ...row, at: SLOWER * Number(row['at']) })),
    ...(advanceToMs !== undefined && { advanceToMs: SLOWER * advanceToMs }),
  };
}

/** Closes everything, and makes everybody forgotten. */
const END: LogEntry = { offset: 1000, appendMs: 1e9, rows: [], advanceToMs: 1e8 };

describe('the sessions of a partition', () => {
  it('are those that sorting all rows of each user gives, with all that is told of them, wherever batches are cut', () => {
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, cuts, (sessions, log, ends) => {
        const book = new SessionBook(schema, sessions, -Infinity);
        const { closed, late } = applyVisits(book, log, ends);
        const expected = judgeVisits(log, sessions, schema);
        expect(closed).toEqual(expected.closed);
        expect(late.map(({ json: _, ...visit }) => visit)).toEqual(expected.late);
        expect(book.openCount).toBe(expected.open.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('are so too where users are looked at a while before their time, and may be due twice when it leaps', () => {
    const logs = visitLogs.map(({ entries }) => new PartitionLog(schema, 0, entries.map(slower)));
    fc.assert(
      fc.property(sessionsDefinitions, logs, cuts, (definition, log, ends) => {
        const { gapMs, maxDurationMs, outOfOrdernessMs } = definition;
        const times = { gapMs: SLOWER * gapMs, maxDurationMs: SLOWER * maxDurationMs };
        const sessions = { ...definition, ...times, outOfOrdernessMs: SLOWER * outOfOrdernessMs };
        const book = new SessionBook(schema, sessions, -Infinity);
        expect(applyVisits(book, log, ends).closed).toEqual(judgeVisits(log, sessions, schema).closed);
      }),
      { numRuns: 500 },
    );
  });

  it('come out the same whatever is saved and restored when, and however far commits get', () => {
    const commits = fc.constantFrom(null, 'whole', 'some puts', 'all puts', 'without drops' as const);
    const steps = fc.array(fc.record({ entries: fc.nat(4), commit: commits, restart: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, steps, (sessions, log, life) => {
        const published = new Published();
        const book = liveVisits(new VisitStore(log, sessions, schema), log, life, published);
        const expected = judgeVisits(log, sessions, schema);
        const byId = <T>(items: readonly T[], id: (item: T) => string): Map<string, T> =>
          new Map(items.map((item) => [id(item), item]));
        expect(published.closed).toEqual(byId(expected.closed, sessionId));
        const late = [...published.late.values()].map(({ json: _, ...visit }) => visit);
        const place = ({ rawOffset, index }: PlainLateVisit): string => `${rawOffset}|${index}`;
        expect(byId(late, place)).toEqual(byId(expected.late, place));
        expect(book.openCount).toBe(expected.open.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same in whatever order the rows of a small history come', () => {
    const rows = fc.uniqueArray(visitRows, { minLength: 1, maxLength: 5, selector: ({ at }) => at });
    fc.assert(
      fc.property(sessionsDefinitions, rows, fc.nat(4), (definition, history, cut) => {
        const sessions = { ...definition, outOfOrdernessMs: 1000 };
        const told = ordersOf(history).map((order) => {
          const entries = order.map((row, offset): LogEntry => ({ offset, appendMs: 1e6, rows: [row] }));
          const log = new PartitionLog(schema, 0, [...entries, END]);
          // Some of them are saved and restored half-way.
          const store = new VisitStore(log, sessions, schema);
          const published = new Published();
          liveVisits(store, log, [{ entries: cut, commit: 'whole', restart: order[0] !== history[0] }], published);
          return [...published.closed.values()];
        });
        for (const other of told) expect(other).toEqual(told[0]);
      }),
      { numRuns: 100 },
    );
  });

  it('are told when no row before can be part of them, where the rows before are not known', () => {
    fc.assert(
      fc.property(
        sessionsDefinitions,
        visitLogs,
        cuts,
        fc.integer({ min: -200, max: 300 }),
        (sessions, log, ends, knownFromMs) => {
          const all = applyVisits(new SessionBook(schema, sessions, -Infinity), log, ends);
          const some = applyVisits(new SessionBook(schema, sessions, knownFromMs), log, ends);
          const isSure = (startMs: number): boolean => startMs - 2 * sessions.gapMs >= knownFromMs;
          expect(some.closed).toEqual(all.closed.filter(({ startMs }) => isSure(startMs)));
          expect(some.late).toEqual(
            all.late.filter(({ missedStartMs }) => missedStartMs === null || isSure(missedStartMs)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('come out the same when reading begins late enough before them', () => {
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, fc.nat(60), (definition, log, begin) => {
        const sessions = { ...definition, maxDurationMs: 10_000 * definition.gapMs };
        const from = Math.min(begin, log.entries.length);
        const before = log.before(from);
        const knownFromMs = before.maxEventTimeMs + 1;
        const book = new SessionBook(schema, sessions, knownFromMs);
        book.restored(before.watermarkInputMs);
        const told: ToldVisits = { closed: [], late: [] };
        applyEntries(book, log, from, log.entries.length, told);
        const all = applyVisits(new SessionBook(schema, sessions, -Infinity), log, []);
        const isSure = (startMs: number): boolean => startMs - 2 * sessions.gapMs >= knownFromMs;
        expect(told.closed).toEqual(all.closed.filter(({ startMs }) => isSure(startMs)));
      }),
      { numRuns: 300 },
    );
  });

  it('can be read from what was saved of a user while they are open', () => {
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, fc.nat(60), (sessions, log, end) => {
        const to = Math.min(end, log.entries.length);
        const store = new VisitStore(log, sessions, schema);
        const book = store.restore();
        applyEntries(book, log, 0, to, { closed: [], late: [] });
        store.commit(book.takeChanges(log.rawFrom(to)), to, 'whole');
        const fields = [...store.fields.values()].sort((a, b) =>
          compareBytes(a.field, 0, a.field.length, b.field, 0, b.field.length),
        );
        const open = fields.flatMap(({ field, bytes }) => {
          return decodeOpenSessions(new TextDecoder().decode(field), bytes, sessions);
        });
        expect(open).toEqual(judgeVisits(log, sessions, schema, to).open);
      }),
      { numRuns: 300 },
    );
  });

  it('leave nothing behind once they are over', () => {
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, fc.nat(60), (sessions, log, end) => {
        const finished = new PartitionLog(schema, 0, [...log.entries, END]);
        const store = new VisitStore(finished, sessions, schema);
        const half = { entries: Math.min(end, log.entries.length), commit: 'whole', restart: false } as const;
        const book = liveVisits(store, finished, [half], new Published());
        expect([book.openCount, book.size()]).toEqual([0, { users: 0, stateBytes: 0 }]);
        store.commit(book.takeChanges(1001), finished.entries.length, 'whole');
        expect([book.dirtyCount, store.fields.size]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['cut short', 'of another version', 'longer than it is'])('refuses a state that is %s', (which) => {
    fc.assert(
      fc.property(sessionsDefinitions, visitLogs, (sessions, log) => {
        const book = new SessionBook(schema, sessions, -Infinity);
        applyVisits(book, log, []);
        for (const { field, bytes } of book.takeChanges(100).puts) {
          const spoilt = {
            'cut short': bytes.subarray(0, bytes.length - 1),
            'of another version': Uint8Array.of(99, ...bytes.subarray(1)),
            'longer than it is': Uint8Array.of(...bytes, 0),
          }[which] as Uint8Array;
          const read = (): void => {
            const other = new SessionBook(schema, sessions, -Infinity);
            other.restore(field, spoilt, 100);
            decodeOpenSessions('', spoilt, sessions);
          };
          expect(read).toThrow(RangeError);
        }
      }),
      { numRuns: 20 },
    );
  });
});
