import type { MetricDefinition, StreamSchema } from '@tillstream/core';
import { RawEnricher, emptyPosition } from '@tillstream/core';
import { parseStreamFile } from '@tillstream/contracts';
import fc from 'fast-check';
import { diagnose } from './diagnosis';
import { DurationCounts } from './duration-counts';
import { LatenessSurvey, Punctuality } from './lateness-survey';

const FILE = `
stream: s
partitions: 1
key: [user]
id: { field: id, dedupe: { within: 1m, maxRows: 1000 } }
eventTime: { field: at, outOfOrderness: 10s, futureTolerance: 5m }
money: { currency: USD }
fields:
  id: { type: string }
  at: { type: timestamp }
  user: { type: string }
  app: { type: string, dictionary: true, optional: true }
metrics:
  rows:
    window: { size: 1m, hop: 1m }
    measures: { n: count() }
`;
const parsed = parseStreamFile(FILE, { file: 's.yaml' });
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const { schema, metrics } = parsed.definition as { schema: StreamSchema; metrics: readonly MetricDefinition[] };

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

interface Sent {
  readonly app: string;
  /** After the start. */
  readonly arrivesMs: number;
  readonly happenedMs: number;
}

function survey(sent: readonly Sent[]): LatenessSurvey {
  const found = new LatenessSurvey({ schema, metrics, fromMs: -Infinity, toMs: Infinity, sourceField: 'app' });
  const enricher = new RawEnricher({ schema, partition: 0, next: 0, position: emptyPosition() });
  const records = sent.map(({ app, arrivesMs, happenedMs }, offset) => ({
    ...{ offset, batchId: null, control: null, rerouted: null },
    appendMs: START_MS + arrivesMs,
    value: new TextEncoder().encode(
      JSON.stringify({ id: `e${offset}`, at: new Date(START_MS + happenedMs).toISOString(), user: 'u', app }),
    ),
  }));
  for (let rest = records; rest.length > 0;) {
    const { batch, consumed } = enricher.apply(rest);
    found.add(batch);
    rest = rest.slice(consumed);
  }
  return found;
}

/** One event a second of an app in time, for an hour; and with every tenth one of another app. */
function mixed(other: (arrivesMs: number, place: number) => number): Sent[] {
  return Array.from({ length: 3_600 }, (_, i): Sent[] => {
    const arrivesMs = i * 1_000;
    const web = { app: 'web', arrivesMs, happenedMs: arrivesMs - 500 };
    return i % 10 === 0 ? [web, { app: 'pos', arrivesMs, happenedMs: other(arrivesMs, i / 10) }] : [web];
  }).flat();
}

function causeOf(found: LatenessSurvey, app: string) {
  const all = found.partitions.get(0)?.punctuality ?? new Punctuality();
  return diagnose(found.sources.get(app) ?? new Punctuality(), all, 10_000);
}

describe('a survey of lateness', () => {
  it('finds nothing to blame where everybody is in time', () => {
    const found = survey(mixed((arrivesMs) => arrivesMs - 1_000));
    expect(found.metrics[0]).toMatchObject({ rows: 3_960, late: 0, byFastClocks: 0 });
    expect(causeOf(found, 'pos')).toEqual({ cause: 'in-time', byMs: 0 });
  });

  it('names the source that is always behind, and by how much', () => {
    const found = survey(mixed((arrivesMs) => arrivesMs - 5 * MINUTE_MS));
    expect(causeOf(found, 'web').cause).toBe('in-time');
    const { cause, byMs } = causeOf(found, 'pos');
    expect(cause).toBe('always-behind');
    expect(Math.abs(byMs - 5 * MINUTE_MS)).toBeLessThan(10_000);
    expect(found.metrics[0]?.byFastClocks).toBe(0);
  });

  it('names the source that sends what it has gathered', () => {
    const found = survey(mixed((arrivesMs, place) => arrivesMs - (place % 10 === 0 ? 10 * MINUTE_MS : 600)));
    expect(causeOf(found, 'pos')).toMatchObject({ cause: 'bursts' });
  });

  it('names the clock that is ahead, and counts what is late because of it alone', () => {
    const behind = 10_000 + MINUTE_MS - 2_000;
    const sent = mixed((arrivesMs) => arrivesMs + 2 * MINUTE_MS).map((event) =>
      event.app === 'web' ? { ...event, happenedMs: event.arrivesMs - behind } : event,
    );
    const found = survey(sent);
    expect(causeOf(found, 'pos')).toEqual({ cause: 'clock-ahead', byMs: 2 * MINUTE_MS });
    const [lateness] = found.metrics;
    expect(lateness?.late).toBeGreaterThan(0);
    expect(lateness?.byFastClocks).toBe(lateness?.late);
  });

  it('says which outOfOrderness would have been enough for all', () => {
    const sent = mixed((arrivesMs, place) => arrivesMs - (place % 7) * MINUTE_MS);
    const needed = survey(sent).metrics[0]?.needed;
    expect(needed?.count).toBeGreaterThan(0);
    for (const [enoughMs, late] of [
      [needed?.largest ?? 0, 0],
      [(needed?.largest ?? 0) - 1, 1],
    ] as const) {
      const [metric] = metrics as [MetricDefinition];
      const patient = new LatenessSurvey({
        ...{ schema, fromMs: -Infinity, toMs: Infinity, sourceField: null },
        metrics: [{ ...metric, outOfOrdernessMs: enoughMs }],
      });
      const enricher = new RawEnricher({ schema, partition: 0, next: 0, position: emptyPosition() });
      const records = sent.map(({ arrivesMs, happenedMs }, offset) => ({
        ...{ offset, batchId: null, control: null, rerouted: null, appendMs: START_MS + arrivesMs },
        value: new TextEncoder().encode(
          JSON.stringify({ id: `e${offset}`, at: new Date(START_MS + happenedMs).toISOString(), user: 'u' }),
        ),
      }));
      for (let rest = records; rest.length > 0;) {
        const { batch, consumed } = enricher.apply(rest);
        patient.add(batch);
        rest = rest.slice(consumed);
      }
      if (late === 0) expect(patient.metrics[0]?.late).toBe(0);
      else expect(patient.metrics[0]?.late).toBeGreaterThan(0);
    }
  });
});

describe('counted durations', () => {
  it('tell quantiles within two per cent, never below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -100_000, max: 100_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (durations, share) => {
          const counts = new DurationCounts();
          for (const ms of durations) counts.add(ms);
          const sorted = [...durations].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
          const told = counts.quantile(share) as number;
          expect(told).toBeGreaterThanOrEqual(exact - 1e-9);
          expect(told - exact).toBeLessThanOrEqual(0.02 * Math.abs(exact) + 1);
        },
      ),
    );
  });
});
