import type { StreamDefinition } from '@tillstream/contracts';
import { decodeGap } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { ENRICHER, readableBatch } from '@tillstream/engine';
import type { ExpectedOutcome, ExpectedVisits, OracleRecord, PlainDefinition } from '../oracle/raw-oracle';
import { expectedOverVisits } from '../oracle/derived-metrics';
import { expectedOutcome } from '../oracle/raw-oracle';
import type { Change } from './change';
import { outcomeOfChange } from './change';
import { compareAlerts } from './alerts';
import { compareMisplaced } from './misplaced';
import { compareProgress } from './progress';
import { compareVisits, demandedVisits } from './visits';

const text = new TextDecoder();

/** All records of a topic, one list per partition. */
export type ReadTopic = (topic: string) => readonly (readonly LogRecord[])[];

/** Everything in which a platform's output differs from what its raw log demands; empty when it is right. */
export function differences(
  definition: StreamDefinition,
  plain: PlainDefinition,
  recordsOf: ReadTopic,
  change?: Change,
): readonly string[] {
  const { topics } = definition;
  const raw = rawRecords(definition, recordsOf);
  const unchanged = expectedOutcome(plain, raw);
  const visits = demandedVisits(plain, unchanged, recordsOf, definition, change);
  const ofVisits = { ...definition, ...visitsOf(definition, change) };
  const ofEvents = change ? outcomeOfChange(unchanged, plain, change, recordsOf(topics.raw)) : unchanged;
  const expected = together([ofEvents, ...expectedOverVisits(plain, unchanged, visits)]);
  const { sessions, attributions } = plain.overVisits ?? {};
  const all = { ...plain, metrics: { ...plain.metrics, ...sessions, ...attributions } };
  return [
    ...compareAccepted(expected, recordsOf(topics.enriched)),
    ...compareMisplaced(expected, raw),
    ...compareDeadLetters(expected, recordsOf(topics.deadLetters)),
    ...compareFinals(expected, recordsOf(topics.metrics)),
    ...compareTotals(expected, recordsOf(topics.metrics)),
    ...compareLateRows(expected, visits, recordsOf(topics.late)),
    ...compareLateCounts(expected, recordsOf(topics.metrics)),
    ...(change ? [] : compareAlerts(definition, all, expected, recordsOf)),
    ...(change ? [] : compareProgress(definition, expected, recordsOf(topics.metrics))),
    ...(isTracked(plain, change) ? compareVisits(ofVisits, visits, recordsOf) : []),
  ];
}

/** What must come of events, and of what is derived from them. */
function together(outcomes: readonly [ExpectedOutcome, ...ExpectedOutcome[]]): ExpectedOutcome {
  return {
    ...outcomes[0],
    finals: outcomes.flatMap(({ finals }) => finals),
    late: outcomes.flatMap(({ late }) => late),
    lateCounts: outcomes.flatMap(({ lateCounts }) => lateCounts),
    totals: outcomes.flatMap(({ totals }) => totals),
    progress: Object.assign({}, ...outcomes.map(({ progress }) => progress)) as ExpectedOutcome['progress'],
  };
}

/** Does anybody look at visits? */
export function isTracked(plain: PlainDefinition, change: Change | undefined): boolean {
  const { visits } = change ?? {};
  return [plain.sessions, plain.attribution, visits?.sessions, visits?.attribution].some((one) => one != null);
}

/** What is declared of visits, before or behind a change: where their topics and rows are. */
function visitsOf(
  definition: StreamDefinition,
  change: Change | undefined,
): Pick<StreamDefinition, 'sessions' | 'attribution' | 'derived'> {
  const { sessions, attribution, derived } = change?.definition ?? definition;
  const streams = [...(derived ?? []), ...(definition.derived ?? [])];
  const declared = { sessions: sessions ?? definition.sessions, attribution: attribution ?? definition.attribution };
  return {
    ...(declared.sessions && { sessions: declared.sessions }),
    ...(declared.attribution && { attribution: declared.attribution }),
    derived: streams.filter(({ of }, i) => streams.findIndex((one) => one.of === of) === i),
  };
}

/** What must come of the raw log. */
export function demanded(definition: StreamDefinition, plain: PlainDefinition, recordsOf: ReadTopic): ExpectedOutcome {
  return expectedOutcome(plain, rawRecords(definition, recordsOf));
}

/** The raw log as it counts: without what an operator has given up, which nobody may even look at. */
function rawRecords(definition: StreamDefinition, recordsOf: ReadTopic): OracleRecord[][] {
  const gaps = recordsOf(definition.topics.gaps)
    .flat()
    .flatMap((record) => decodeGap(record) ?? [])
    .filter(({ service }) => service === ENRICHER);
  return recordsOf(definition.topics.raw).map((records, partition) =>
    records
      .filter(({ offset }) => !gaps.some((gap) => gap.partition === partition && gap.from <= offset && offset < gap.to))
      .map(({ offset, timestampMs, value, headers }) => ({ offset, appendMs: timestampMs, value, headers })),
  );
}

function compareAccepted(expected: ExpectedOutcome, enriched: readonly (readonly LogRecord[])[]): string[] {
  const actual = new Set<string>();
  const problems: string[] = [];
  enriched.forEach((records, partition) => {
    const batches = records.flatMap((record) => readableBatch(record) ?? []);
    let next = batches[0]?.rawFrom ?? 0;
    for (const batch of batches) {
      if (batch.rawNext <= next) continue;
      if (batch.rawFrom > next) problems.push(`enriched/${partition}: hole [${next}, ${batch.rawFrom})`);
      let row = 0;
      for (let record = 0; record < batch.records.count; record += 1) {
        const offset = batch.records.offsets[record] ?? -1;
        for (let i = 0; i < (batch.records.rowCounts[record] ?? 0); i += 1, row += 1) {
          if (offset >= next) actual.add(`${partition}|${offset}|${batch.rowIndexes[row]}`);
        }
      }
      next = batch.rawNext;
    }
  });
  const wanted = expected.partitions.flatMap(({ accepted }) => accepted.map(({ id }) => id));
  return [...problems, ...compareSets('accepted row', new Set(wanted), actual)];
}

function compareDeadLetters(expected: ExpectedOutcome, letters: readonly (readonly LogRecord[])[]): string[] {
  const actual = letters.flat().map(({ key, headers }) => {
    const code = headers['tillstream-code'];
    return `${key ? text.decode(key) : '?'} ${code ? text.decode(code) : '?'}`;
  });
  const wanted = expected.partitions.flatMap(({ deadLetters }) => deadLetters.map(({ id, code }) => `${id} ${code}`));
  return compareSets('dead letter', new Set(wanted), new Set(actual));
}

interface ResultJson {
  readonly metric: string;
  readonly window_start: string;
  /** Null for a running total. */
  readonly window_end: string | null;
  readonly group: Readonly<Record<string, unknown>>;
  readonly measures: Readonly<Record<string, unknown>>;
  readonly late_rows?: number;
  readonly revision: number;
}

function compareFinals(expected: ExpectedOutcome, metrics: readonly (readonly LogRecord[])[]): string[] {
  const problems: string[] = [];
  const byKey = new Map<string, string>();
  metrics.forEach((records, partition) => {
    for (const { key, value } of records) {
      const name = key ? text.decode(key) : '';
      if (!name.startsWith('f|') || !value) continue;
      const before = byKey.get(`${partition} ${name}`);
      const now = text.decode(value);
      if (before !== undefined && before !== now) problems.push(`final changed: ${name}: ${before} then ${now}`);
      byKey.set(`${partition} ${name}`, now);
    }
  });
  const actual = new Set([...byKey.values()].map((json) => finalLine(JSON.parse(json) as ResultJson)));
  const wanted = new Set(
    expected.finals.map(({ metric, windowStart, windowEnd, group, measures }) =>
      finalLine({ metric, window_start: windowStart, window_end: windowEnd, group, measures, revision: 0 }),
    ),
  );
  return [...problems, ...compareSets('final', wanted, actual)];
}

/** The newest that was told of each group of a running total is what it has come to. */
function compareTotals(expected: ExpectedOutcome, metrics: readonly (readonly LogRecord[])[]): string[] {
  const newest = new Map<string, ResultJson & { readonly retracted?: boolean }>();
  metrics.forEach((records, partition) => {
    for (const { key, value } of records) {
      const name = key ? text.decode(key) : '';
      if (!name.startsWith('p|') || !value) continue;
      const result = JSON.parse(text.decode(value)) as ResultJson;
      const known = newest.get(`${partition} ${name}`);
      if (result.window_end === null && !(known && known.revision > result.revision)) {
        newest.set(`${partition} ${name}`, result);
      }
    }
  });
  const line = (metric: string, group: unknown, measures: unknown): string => JSON.stringify([metric, group, measures]);
  const told = [...newest.values()].filter(({ retracted }) => retracted !== true);
  return compareSets(
    'total',
    new Set(expected.totals.map(({ metric, group, measures }) => line(metric, group, measures))),
    new Set(told.map(({ metric, group, measures }) => line(metric, group, measures))),
  );
}

function finalLine({ metric, window_start, window_end, group, measures }: ResultJson): string {
  return JSON.stringify([metric, window_start, window_end, group, measures]);
}

function compareLateRows(
  expected: ExpectedOutcome,
  visits: readonly ExpectedVisits[],
  late: readonly (readonly LogRecord[])[],
): string[] {
  const problems: string[] = [];
  const lines = new Map<string, string>();
  const actual = new Set<string>();
  for (const { value } of late.flat()) {
    for (const line of value ? text.decode(value).split('\n') : []) {
      if (line === '') continue;
      const row = JSON.parse(line) as { id: string; metric: string; missed: string[]; lateness_ms: number };
      const place = row.id.split('|').slice(0, 3).join('|');
      const known = lines.get(row.id);
      if (known !== undefined && known !== line) problems.push(`late row changed: ${known} then ${line}`);
      lines.set(row.id, line);
      actual.add(`${place}|${row.metric} ${row.missed.join(',')} ${row.lateness_ms}`);
    }
  }
  const ofVisits = visits.flatMap((one) => one.late.map((row) => ({ ...row, id: `${row.id}|${row.metric}` })));
  const wanted = [...expected.late, ...ofVisits].map(
    ({ id, missedStartsMs, latenessMs }) => `${id} ${missedStartsMs.map(iso).join(',')} ${latenessMs}`,
  );
  return [...problems, ...compareSets('late row', new Set(wanted), actual)];
}

function compareLateCounts(expected: ExpectedOutcome, metrics: readonly (readonly LogRecord[])[]): string[] {
  const newest = new Map<string, ResultJson>();
  metrics.forEach((records, partition) => {
    for (const { key, value } of records) {
      const name = key ? text.decode(key) : '';
      if (!name.startsWith('l|') || !value) continue;
      const count = JSON.parse(text.decode(value)) as ResultJson;
      const known = newest.get(`${partition} ${name}`);
      if (!known || count.revision > known.revision) newest.set(`${partition} ${name}`, count);
    }
  });
  const sums = new Map<string, number>();
  for (const { metric, window_start, late_rows } of newest.values()) {
    const window = `${metric} ${window_start}`;
    sums.set(window, (sums.get(window) ?? 0) + (late_rows ?? 0));
  }
  const wanted = expected.lateCounts.map(({ metric, windowStart, count }) => `${metric} ${windowStart} ${count}`);
  return compareSets('late count', new Set(wanted), new Set([...sums].map(([window, count]) => `${window} ${count}`)));
}

function compareSets(what: string, wanted: ReadonlySet<string>, actual: ReadonlySet<string>): string[] {
  const missing = [...wanted].filter((item) => !actual.has(item)).map((item) => `missing ${what}: ${item}`);
  const surplus = [...actual].filter((item) => !wanted.has(item)).map((item) => `surplus ${what}: ${item}`);
  return [...missing, ...surplus];
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
