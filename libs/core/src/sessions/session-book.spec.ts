import * as fc from 'fast-check';
import { SessionBook } from './session-book';
import { sessionId } from './session';
import type { PlainLateVisit } from './testing/plain-sessions';
import { judgeVisits } from './testing/plain-sessions';
import { applyVisits } from './testing/run-book';
import { sessionsDefinitions, sessionsSchema as schema, visitLogs } from './testing/session-arbitraries';
import { Published, VisitStore, liveVisits } from './testing/visit-store';

const cuts = fc.array(fc.nat(60), { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b));

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
});
