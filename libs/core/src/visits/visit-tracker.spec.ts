import * as fc from 'fast-check';
import { attributionFields, eventPosition } from '../attribution/attribution-fields';
import type { AttributionDefinition } from '../attribution/definition';
import { judgeAttribution } from '../attribution/testing/attribution-oracle';
import type { EventBatch } from '../batch/event-batch';
import type { RowField } from '../batch/row-fields';
import { declareFields } from '../batch/row-fields';
import { rowToJson } from '../batch/row-to-json';
import { PartitionLog } from '../metrics/testing/partition-log';
import { sessionId } from '../sessions/session';
import { SESSION_FIELDS } from '../sessions/session-fields';
import { judgeVisits } from '../sessions/testing/plain-sessions';
import { sessionsDefinitions, sessionsSchema, testSessions, visitLogs } from '../sessions/testing/session-arbitraries';
import { lookbackMs } from '../windowing/window-spec';
import type { LifeStep, SettingsFrom } from './testing/tracker-life';
import { STEP_ENDS, SaidLog, TrackerLife } from './testing/tracker-life';
import type { VisitSettings } from './visit-tracker';
import { VisitTracker } from './visit-tracker';

const testAttribution: AttributionDefinition = {
  identity: 'attribution@00000000',
  from: testSessions.pageView as AttributionDefinition['from'],
  to: testSessions.purchase as AttributionDefinition['to'],
  on: ['product'],
  withinMs: 30,
  outOfOrdernessMs: 10,
  maxMatches: 2,
  ...{ category: 'category', device: 'browser', revenue: 'amount' },
};

const attributions: fc.Arbitrary<AttributionDefinition> = fc
  .record({
    on: fc.constantFrom(['product'], ['product', 'category'], ['category']),
    withinMs: fc.constantFrom(5, 30, 200),
    outOfOrdernessMs: fc.constantFrom(0, 10, 50),
  })
  .map((sketch) => ({ ...testAttribution, ...sketch }));

const settingsOf = (at: string): fc.Arbitrary<VisitSettings> =>
  fc.record({
    sessions: fc.option(
      sessionsDefinitions.map((sessions) => ({ ...sessions, identity: `sessions@${at}` })),
      { nil: null, freq: 5 },
    ),
    attribution: fc.option(
      attributions.map((attribution) => ({ ...attribution, identity: `attribution@${at}` })),
      { nil: null, freq: 5 },
    ),
  });

const lives: fc.Arbitrary<LifeStep[]> = fc.array(
  fc.record({ entries: fc.nat(8), end: fc.constantFrom(...STEP_ENDS), restart: fc.boolean() }),
  { maxLength: 25 },
);

/** Settings from the begin on, and others, or the same in part, from an entry on. */
const changes: fc.Arbitrary<SettingsFrom[]> = fc
  .tuple(settingsOf('1'), settingsOf('2'), fc.nat(25), fc.constantFrom('both', 'sessions', 'attribution'))
  .map(([first, second, entry, what]) => [
    { entry: 0, settings: first },
    {
      entry: entry + 1,
      settings: {
        sessions: what === 'attribution' ? first.sessions : second.sessions,
        attribution: what === 'sessions' ? first.attribution : second.attribution,
      },
    },
  ]);

function live(log: PartitionLog, history: readonly SettingsFrom[], steps: readonly LifeStep[]): SaidLog {
  const said = new SaidLog();
  new TrackerLife(sessionsSchema, log, history, said).run(steps);
  return said;
}

/** Rows of a chain as a reader takes them: where each stands, and what the watermark input was before and after its record. */
function readRows<Row>(batches: readonly EventBatch[], fields: readonly RowField<Row>[]): string[] {
  const schema = { ...sessionsSchema, fields: declareFields(fields) };
  const lines: string[] = [];
  let next = batches[0]?.rawFrom ?? 0;
  let inputMs = -Infinity;
  for (const batch of batches) {
    expect(batch.rawFrom).toBeLessThanOrEqual(next);
    let row = 0;
    for (let record = 0; record < batch.records.count; record++) {
      const offset = batch.records.offsets[record] as number;
      const end = row + (batch.records.rowCounts[record] as number);
      const afterMs = batch.records.inputAfterMs[record] as number;
      expect(offset).toBeGreaterThanOrEqual(batch.rawFrom);
      expect(offset).toBeLessThan(batch.rawNext);
      for (; row < end; row++) {
        if (offset >= next) lines.push(`${offset}|${batch.rowIndexes[row]} ${rowToJson(schema, batch, row)}`);
      }
      if (offset >= next) {
        expect(afterMs).toBeGreaterThanOrEqual(inputMs);
        lines.push(`${offset} moves from ${inputMs} to ${afterMs}`);
        inputMs = afterMs;
      }
    }
    expect(row).toBe(batch.rows);
    next = Math.max(next, batch.rawNext);
    expect(batch.after.watermarkInputMs).toBe(inputMs);
  }
  return lines;
}

function rowsOf(said: SaidLog, on: readonly string[] = []): string[][] {
  return [readRows(said.sessionRows, SESSION_FIELDS), readRows(said.attributionRows, attributionFields(on))];
}

describe('a tracker of visits', () => {
  it('tells the sessions and attributions that plain code finds in the rows', () => {
    fc.assert(
      fc.property(visitLogs, sessionsDefinitions, attributions, (log, sessions, attribution) => {
        const said = live(log, [{ entry: 0, settings: { sessions, attribution } }], []);
        const { closed } = judgeVisits(log, sessions, sessionsSchema);
        const { decided } = judgeAttribution(log, attribution, sessionsSchema);
        const idsOf = (what: string): string[] => [...said.ids.keys()].filter((id) => id.startsWith(what));
        expect(idsOf('session')).toEqual(closed.map((session) => `session ${sessionId(session)}`));
        expect(idsOf('purchase')).toEqual(decided.map((purchase) => `purchase ${eventPosition(0, purchase)}`));
      }),
    );
  });

  it('says the same wherever batches are cut, however often it begins anew, and whatever of a commit was written', () => {
    fc.assert(
      fc.property(visitLogs, settingsOf('1'), lives, (log, settings, steps) => {
        const history = [{ entry: 0, settings }];
        const smooth = live(log, history, []);
        const rough = live(log, history, steps);
        expect([...rough.ids].sort()).toEqual([...smooth.ids].sort());
        const { on } = settings.attribution ?? testAttribution;
        expect(rowsOf(rough, on)).toEqual(rowsOf(smooth, on));
      }),
      { numRuns: 300 },
    );
  });

  it('says the same of a change of settings, wherever it begins anew around it', () => {
    fc.assert(
      fc.property(visitLogs, changes, lives, (log, history, steps) => {
        const smooth = live(log, history, []);
        const rough = live(log, history, steps);
        expect([...rough.ids].sort()).toEqual([...smooth.ids].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('has each row of somebody in one session, or tells that it came too late, also when settings change', () => {
    fc.assert(
      fc.property(visitLogs, sessionsDefinitions, sessionsDefinitions, fc.nat(20), (log, first, second, entry) => {
        const last = { offset: (log.entries.at(-1)?.offset ?? -1) + 1, appendMs: 1e6, rows: [], advanceToMs: 1e6 };
        const ended = new PartitionLog(sessionsSchema, 0, [...log.entries, last]);
        const said = live(
          ended,
          [
            { entry: 0, settings: { sessions: { ...first, identity: 'sessions@1' }, attribution: null } },
            { entry: entry + 1, settings: { sessions: { ...second, identity: 'sessions@2' }, attribution: null } },
          ],
          [],
        );
        const who = (value: unknown): boolean => value !== null && value !== undefined && value !== '';
        const rows = log.entries
          .flatMap((one) => one.rows)
          .filter((row) => sessionsSchema.key.some((f) => who(row[f])));
        let events = 0;
        for (const [id, value] of said.ids) {
          events += id.startsWith('session') ? (value as { events: number }).events : 1;
        }
        expect(events).toBe(rows.length);
      }),
    );
  });

  it('tells no row that is older than its rows have promised', () => {
    fc.assert(
      fc.property(visitLogs, changes, (log, history) => {
        const said = live(log, history, []);
        for (const [batches, field] of [
          [said.sessionRows, SESSION_FIELDS.findIndex(({ name }) => name === 'ended') + 1],
          [said.attributionRows, attributionFields([]).findIndex(({ name }) => name === 'purchased') + 1],
        ] as const) {
          for (const { before, records, columns, rows } of batches) {
            const column = columns.get(field);
            let inputMs = before.watermarkInputMs;
            for (let record = 0, row = 0; record < records.count; record++) {
              for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
                const timeMs = column?.kind === 'number' ? (column.values[row] as number) : NaN;
                expect(timeMs).toBeGreaterThanOrEqual(inputMs);
              }
              inputMs = records.inputAfterMs[record] as number;
            }
            expect(rows).toBe(records.rowCounts.reduce((sum, count) => sum + count, 0));
          }
        }
      }),
    );
  });

  it('tells with its rows at which records their watermark moves', () => {
    fc.assert(
      fc.property(visitLogs, sessionsDefinitions, attributions, (log, sessions, attribution) => {
        const said = live(log, [{ entry: 0, settings: { sessions, attribution } }], []);
        const movesOf = (delayMs: number): string[] =>
          log.entries.flatMap(({ offset }, i) => {
            const [before, after] = [
              log.before(i).watermarkInputMs - delayMs,
              log.before(i + 1).watermarkInputMs - delayMs,
            ];
            return after > before ? [`${offset} moves from ${before} to ${after}`] : [];
          });
        const moves = rowsOf(said, attribution.on).map((lines) =>
          lines.filter((line) => / moves from (.*) to (?!\1$)/.test(line)),
        );
        expect(moves).toEqual([
          movesOf(sessions.outOfOrdernessMs + sessions.gapMs),
          movesOf(attribution.outOfOrdernessMs),
        ]);
      }),
    );
  });

  it('knows nothing of users of before a change of settings whose fields the store has not dropped', () => {
    const at = (atMs: number, user: string) => ({ kind: 'view', user, at: atMs });
    const rows = [at(100, 'ann'), at(101, 'bob'), at(103, 'ann'), at(200, 'bob')];
    const entries = rows.map((row, offset) => ({ offset, appendMs: 1_000, rows: [row] }));
    const log = new PartitionLog(sessionsSchema, 0, entries);
    const first = { ...testSessions, gapMs: 20, maxDurationMs: 400 };
    const history = ['sessions@1', 'sessions@2'].map((identity, i) => ({
      entry: i,
      settings: { sessions: { ...first, identity }, attribution: null },
    }));
    const steps: LifeStep[] = [
      { entries: 1, end: 'done', restart: true },
      { entries: 1, end: 'committed', restart: true },
    ];
    const said = live(log, history, steps);
    // Ann's visit under the first settings has ended at 100; what she does at 103 is another one.
    expect([...said.ids.keys()]).toEqual(['session ann|100', 'session ann|103', 'session bob|101']);
  });

  it('goes on from the log alone when it begins before everything that may be open where it was', () => {
    fc.assert(
      fc.property(visitLogs, settingsOf('1'), fc.nat(25), lives, (log, settings, reached, steps) => {
        const history = [{ entry: 0, settings }];
        const smooth = live(log, history, []);
        const said = new SaidLog();
        const until = Math.min(reached, log.entries.length);
        new TrackerLife(
          sessionsSchema,
          new PartitionLog(sessionsSchema, 0, log.entries.slice(0, until)),
          history,
          said,
        ).run([]);
        const { sessions, attribution } = settings;
        const oldestMs = Math.min(
          sessions
            ? (said.tails.sessions?.after.watermarkInputMs ?? -Infinity) - sessions.maxDurationMs - lookbackMs(sessions)
            : Infinity,
          attribution ? (said.tails.attribution?.after.watermarkInputMs ?? -Infinity) - attribution.withinMs : Infinity,
        );
        let entry = 0;
        while (entry < until && log.before(entry + 1).maxEventTimeMs < oldestMs) entry += 1;
        new TrackerLife(sessionsSchema, log, history, said, { entry, sinceMs: -Infinity }).run(steps);
        expect([...said.ids].sort()).toEqual([...smooth.ids].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('says with its first rows up to where some may be missing, when it begins behind events', () => {
    const log = new PartitionLog(sessionsSchema, 0, [{ offset: 5, appendMs: 900, rows: [], advanceToMs: 900 }]);
    const options = {
      ...{ schema: sessionsSchema, partition: 0, sessions: testSessions, attribution: testAttribution },
      tails: { sessions: null, attribution: null },
    };
    const tracker = VisitTracker.create(options, { next: 5, before: log.before(0), sinceMs: 777 });
    tracker.apply(log.batch(0, 1));
    const { sessionRows, attributionRows } = tracker.takeNews();
    expect(sessionRows[0]?.before).toMatchObject({ rowsSeen: 0, maxEventTimeMs: 777 });
    expect(attributionRows[0]?.before).toMatchObject({ rowsSeen: 0, maxEventTimeMs: 777 + testAttribution.withinMs });
  });

  it('keeps nothing once time has passed everything', () => {
    fc.assert(
      fc.property(visitLogs, changes, lives, (log, history, steps) => {
        const offset = (log.entries.at(-1)?.offset ?? -1) + 1;
        const ends = [1e6, 2e6].map((ms, i) => ({ offset: offset + i, appendMs: ms, rows: [], advanceToMs: ms }));
        const life = new TrackerLife(
          sessionsSchema,
          new PartitionLog(sessionsSchema, 0, [...log.entries, ...ends]),
          history,
          new SaidLog(),
        );
        // What a store was interrupted at is cleared away by whoever writes next: the last record is left to one who does.
        let left = log.entries.length;
        const before = steps.filter(({ entries }) => (left -= entries) >= 0);
        expect(life.run(before).openSessions).toBe(0);
        expect(life.size).toEqual({ fields: 0, slices: 0 });
      }),
    );
  });
});
