import * as fc from 'fast-check';
import type { MetricDefinition } from '../metrics/definition';
import type { Row } from '../metrics/testing/evaluate-row';
import type { LogEntry } from '../metrics/testing/partition-log';
import { PartitionLog } from '../metrics/testing/partition-log';
import { plainResults } from '../metrics/testing/plain-results';
import { applyInBatches, newAggregator } from '../metrics/testing/run-aggregator';
import type { SessionsDefinition } from './definition';
import type { ClosedSession } from './session';
import { SessionBook } from './session-book';
import type { ToldVisits } from './testing/run-book';
import { applyVisits } from './testing/run-book';
import { sessionsSchema, testSessions, visitLogs } from './testing/session-arbitraries';
import { Published, VisitStore, liveVisits } from './testing/visit-store';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Sessions of the shop: half an hour apart, a day long, ten seconds out of order. */
const shop: SessionsDefinition = {
  ...testSessions,
  gapMs: 30 * MINUTE_MS,
  maxDurationMs: 24 * HOUR_MS,
  outOfOrdernessMs: 10_000,
};

/** What a book tells of records of rows, those of one user by their times; at last the watermark passes everything. */
function tellOf(
  records: readonly (readonly (number | Row)[])[],
  sessions: SessionsDefinition,
  ends = true,
): ToldVisits {
  const rows = (events: readonly (number | Row)[]): Row[] =>
    events.map((event) => (typeof event === 'number' ? { user: 'ann', at: event, kind: 'view' } : event));
  const entries = records.map((times, offset): LogEntry => ({ offset, appendMs: 1e14, rows: rows(times) }));
  const end: LogEntry = { offset: 1e6, appendMs: 1e14, rows: [], advanceToMs: 1e13 };
  const log = new PartitionLog(sessionsSchema, 0, ends ? [...entries, end] : entries);
  const told = applyVisits(new SessionBook(sessionsSchema, sessions, -Infinity), log, []);
  // Users who are put to sleep after each record come to the same.
  const published = new Published();
  const step = { entries: 1, commit: 'whole', restart: false } as const;
  liveVisits(
    new VisitStore(log, sessions, sessionsSchema),
    log,
    log.entries.map(() => step),
    published,
  );
  expect([...published.closed.values()]).toEqual(told.closed);
  expect([...published.late.values()]).toEqual(told.late);
  return told;
}

/** First event, last event and number of events of the sessions that are told. */
function sessionsOf(records: readonly (readonly number[])[], sketch: Partial<SessionsDefinition> = {}): unknown[] {
  const { closed } = tellOf(records, { ...testSessions, outOfOrdernessMs: 1000, ...sketch });
  return closed.map(({ startMs, endMs, events }) => [startMs, endMs, events]);
}

describe('sessions', () => {
  it('join across exactly the gap, and not across one millisecond more', () => {
    expect(sessionsOf([[100], [110], [121]])).toEqual([
      [100, 110, 2],
      [121, 121, 1],
    ]);
    expect(sessionsOf([[121], [100], [110]])).toEqual([
      [100, 110, 2],
      [121, 121, 1],
    ]);
  });

  it('become one by a row between them that comes out of order', () => {
    expect(sessionsOf([[60, 76], [68]], { maxDurationMs: 1000 })).toEqual([[60, 76, 3]]);
    expect(sessionsOf([[60, 76], [50], [68]], { maxDurationMs: 1000 })).toEqual([[50, 76, 4]]);
  });

  it('end when the watermark has passed their last row by more than the gap', () => {
    const told = (watermarkMs: number): number => {
      const sessions = { ...testSessions, outOfOrdernessMs: 0, by: ['visit'] };
      const entries: LogEntry[] = [
        { offset: 0, appendMs: 1e6, rows: [{ user: 'ann', at: 110 }] },
        { offset: 1, appendMs: 1e6, rows: [], advanceToMs: watermarkMs },
      ];
      const log = new PartitionLog(sessionsSchema, 0, entries);
      return applyVisits(new SessionBook(sessionsSchema, sessions, -Infinity), log, []).closed.length;
    };
    expect([told(120), told(121)]).toEqual([0, 1]);
  });

  it('that go on and on are cut at every line once they have crossed one', () => {
    const times = Array.from({ length: 30 }, (_, i) => [95 + 10 * i]);
    // Lines are 20 ms apart: half of 40 ms in whole gaps.
    const { closed } = tellOf(times, { ...testSessions, outOfOrdernessMs: 1000 });
    expect(closed.slice(0, 3).map(({ startMs, endMs, events, isCut }) => [startMs, endMs, events, isCut])).toEqual([
      [95, 115, 3, true],
      [125, 135, 2, true],
      [145, 155, 2, true],
    ]);
  });

  it('are cut when the watermark is at the line, and not when they would have ended', () => {
    // At 125 the watermark is behind the line of 120. That of 140 is passed by somebody else.
    const records = [[95], [105], [115], [125], [135], [{ user: 'bob', at: 141 }], [{ user: 'bob', at: 142 }]];
    const { closed } = tellOf(records, { ...testSessions, outOfOrdernessMs: 0 });
    expect(closed.map(({ user, endMs, isCut, closedBy }) => [user, endMs, isCut, closedBy])).toEqual([
      ['ann', 115, true, 3],
      ['ann', 135, true, 5],
      ['bob', 142, false, 1e6],
    ]);
  });

  it('miss a row within the gap behind one that is over, but not the row behind it', () => {
    const sessions = { ...testSessions, outOfOrdernessMs: 0, maxDurationMs: 1000 };
    // The watermark is at 121 when they come.
    const lateAt = (timeMs: number): unknown[] =>
      tellOf([[100, 110], [121], [timeMs]], sessions, false).late.map(({ missedStartMs, latenessMs, rawOffset }) => {
        return [missedStartMs, latenessMs, rawOffset];
      });
    expect(lateAt(120)).toEqual([[100, 1, 2]]);
    expect(lateAt(121)).toEqual([]);
    // Just not too old by itself, and too old by itself.
    expect(lateAt(111)).toEqual([[100, 10, 2]]);
    expect(lateAt(110)).toEqual([[null, 11, 2]]);
  });

  it('go on where one was cut, whatever comes behind the line', () => {
    const sessions = { ...testSessions, outOfOrdernessMs: 0, maxDurationMs: 40 };
    // Cut at 140, with a watermark of 141.
    const told = tellOf([[105, 115, 125, 135], [141], [139], [140], [150]], sessions);
    expect(told.late.map(({ missedStartMs, rawOffset }) => [missedStartMs, rawOffset])).toEqual([[105, 2]]);
    expect(told.closed.map(({ startMs, endMs, isCut }) => [startMs, endMs, isCut])).toEqual([
      [105, 135, true],
      [140, 150, true],
    ]);
  });

  it('go on where one was cut for as long as a row can come that is near it', () => {
    const sessions = { ...testSessions, outOfOrdernessMs: 0, maxDurationMs: 40 };
    // Cut at 140, behind 139. When 143 comes, the watermark is at 152: what goes on there is cut at 160, the next line.
    const bobAt = (at: number): Row[] => [{ user: 'bob', at }];
    const { closed } = tellOf([[105, 115, 125, 135, 139], bobAt(152), [143], [153], [158], bobAt(165)], sessions);
    const ofAnn = closed.filter(({ user }) => user === 'ann');
    expect(ofAnn.map(({ startMs, endMs, isCut, closedBy }) => [startMs, endMs, isCut, closedBy])).toEqual([
      [105, 139, true, 1],
      [143, 158, true, 5],
    ]);
  });

  it('of a shop last over a pause of 30 minutes at midnight, and not over one of 40', () => {
    const at = Date.parse('2026-03-01T23:50:00Z');
    const visit = (pauseMs: number): unknown[] =>
      tellOf([[at - MINUTE_MS, at], [at + pauseMs], [at + pauseMs + MINUTE_MS]], shop).closed.map(
        ({ startMs, events, isCut }) => {
          return [startMs, events, isCut];
        },
      );
    expect(visit(30 * MINUTE_MS)).toEqual([[at - MINUTE_MS, 4, false]]);
    expect(visit(40 * MINUTE_MS)).toEqual([
      [at - MINUTE_MS, 2, false],
      [at + 40 * MINUTE_MS, 2, false],
    ]);
  });

  it('take a clock that jumps back for what it says: near it joins, far back it is too late', () => {
    const at = Date.parse('2026-03-01T12:00:00Z');
    const near = tellOf([[at], [at + MINUTE_MS], [at - 10 * MINUTE_MS], [at + 2 * MINUTE_MS]], shop);
    expect(near.closed.map(({ startMs, endMs, events }) => [startMs, endMs, events])).toEqual([
      [at - 10 * MINUTE_MS, at + 2 * MINUTE_MS, 4],
    ]);
    const far = tellOf([[at], [at - 31 * MINUTE_MS], [at + MINUTE_MS]], shop);
    expect(far.closed.map(({ startMs, events }) => [startMs, events])).toEqual([[at, 2]]);
    expect(far.late).toMatchObject([{ rawOffset: 1, missedStartMs: null, latenessMs: 31 * MINUTE_MS - 10_000 }]);
  });

  it('begin, end and count as the session windows of a metric do', () => {
    const schema = { ...sessionsSchema, key: ['user'] };
    const metric: MetricDefinition = {
      name: 'visits',
      identity: 'visits@0',
      where: null,
      groupBy: ['user'],
      window: { gapMs: 10, maxDurationMs: 60 },
      outOfOrdernessMs: 5,
      measures: [
        { kind: 'count', name: 'events', where: null },
        { kind: 'sum', name: 'revenue', field: 'amount', fieldType: 'money', where: testSessions.purchase },
      ],
      having: null,
      emit: { everyMs: 250, maxPerSecond: 1000 },
      local: true,
    };
    fc.assert(
      fc.property(visitLogs, fc.constantFrom(1, 10, 40), fc.constantFrom(4, 6, 1000), (log, gapMs, gaps) => {
        const window = { gapMs, maxDurationMs: gapMs * gaps };
        const windowed = { ...metric, window };
        const { closed, late } = applyInBatches(newAggregator(schema, [windowed], log), log, []);
        const windows = closed.flatMap(({ startMs, endMs, results }) =>
          (results ? plainResults(results, schema) : []).map(({ group, measures }) => {
            const { events, revenue } = measures;
            return { user: group[0], startMs, endMs, events, revenue: revenue ?? 0 };
          }),
        );
        const sessions = { ...testSessions, ...window, outOfOrdernessMs: 5 };
        const told = applyVisits(new SessionBook(schema, sessions, -Infinity), log, []);
        const linesMs = gapMs * Math.floor(gaps / 2);
        const asWindow = ({ user, startMs, endMs, events, revenue, isCut }: ClosedSession) => {
          const lineMs = Math.ceil((endMs + 1) / linesMs) * linesMs + 0; // -0 is 0
          const amount = Number.isNaN(revenue) ? 0 : revenue;
          return { user, startMs, endMs: isCut ? lineMs : endMs + gapMs, events, revenue: amount };
        };
        expect(inTextOrder(told.closed.map(asWindow))).toEqual(inTextOrder(windows));
        const places = (rows: readonly { readonly rawOffset: number; readonly index: number }[]): unknown[] =>
          rows.map(({ rawOffset, index }) => [rawOffset, index]);
        expect(places(told.late)).toEqual(places(late));
      }),
      { numRuns: 300 },
    );
  });
});

function inTextOrder<T>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
