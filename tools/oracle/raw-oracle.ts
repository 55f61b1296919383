import { type AcceptedRow, decidePartition, type PartitionOutcome, type RowPlace } from './raw/decide-partition';
import type { PlainDefinition, PlainMetric, PlainSessions } from './raw/plain-definition';
import type { OracleRecord } from './raw/raw-headers';
import { sessionsOfGroup } from './raw/sessions';
import { type JsonValue, groupOf, resultsOfWindow, windowStartsOf } from './raw/windows';

export type {
  AcceptedRow,
  DeadLetterRow,
  DuplicateRow,
  MisplacedRow,
  PartitionOutcome,
  RowPlace,
} from './raw/decide-partition';
export type {
  FinalMeasures,
  PastFinal,
  PlainAlert,
  PlainDefinition,
  PlainField,
  PlainHops,
  PlainMeasure,
  PlainMetric,
  PlainOverVisits,
  PlainRow,
  PlainSessions,
  PlainTotal,
  PlainType,
  PlainValue,
} from './raw/plain-definition';
export { expectedVisits } from './raw/expected-visits';
export type {
  ExpectedLateVisit,
  ExpectedRecord,
  ExpectedVisits,
  PlainAttribution,
  PlainEra,
  PlainVisits,
} from './raw/plain-visits';
export type { OracleRecord } from './raw/raw-headers';
export type { JsonValue } from './raw/windows';
export { groupOf } from './raw/windows';

/** One group of one window. `id` is the same for equal metric, window and group. */
export interface ExpectedRow {
  readonly id: string;
  readonly metric: string;
  /** ISO 8601, as in the results. */
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly group: Readonly<Record<string, JsonValue>>;
  readonly measures: Readonly<Record<string, JsonValue>>;
}

/** A row that missed windows of a metric: `partition|offset|index|metric`. */
export interface ExpectedLateRow {
  readonly id: string;
  readonly metric: string;
  readonly place: RowPlace;
  /** Starts of the windows it missed, ascending; it counted in its others. */
  readonly missedStartsMs: readonly number[];
  readonly latenessMs: number;
}

/** A running total of one group. */
export interface ExpectedTotal {
  readonly metric: string;
  readonly group: Readonly<Record<string, JsonValue>>;
  readonly measures: Readonly<Record<string, JsonValue>>;
}

export interface ExpectedLateCount {
  readonly metric: string;
  readonly windowStart: string;
  /** Over all partitions. */
  readonly count: number;
}

/** How far a metric's windows are closed: those with end <= watermark. */
export interface ExpectedProgress {
  readonly perPartitionMs: readonly number[];
  /** Where windows become final for the whole metric: the lowest of all partitions. */
  readonly allPartitionsMs: number;
  /** The metric's groups live in one partition each: final as soon as that partition has closed the window. */
  readonly local: boolean;
}

/** Everything that the raw log alone decides. */
export interface ExpectedOutcome {
  readonly partitions: readonly PartitionOutcome[];
  readonly finals: readonly ExpectedRow[];
  /** What the windows that are not closed hold so far. Of sessions nothing is told before they are over. */
  readonly open: readonly ExpectedRow[];
  readonly late: readonly ExpectedLateRow[];
  readonly lateCounts: readonly ExpectedLateCount[];
  /** Of metrics without windows, what they have come to. */
  readonly totals: readonly ExpectedTotal[];
  readonly progress: Readonly<Record<string, ExpectedProgress>>;
}

/**
 * What must come out of a raw log, computed slowly from plain objects: no columns, no slices, no state, one pass over
 * the rows of each window. Shares no code with what it judges.
 *
 * @param definition the stream and its metrics, written by hand
 * @param partitions the records of each raw partition, data and control records alike
 */
export function expectedOutcome(
  definition: PlainDefinition,
  partitions: readonly (readonly OracleRecord[])[],
): ExpectedOutcome {
  if (partitions.length !== definition.partitions) throw new Error('one list of records is needed for each partition');
  return outcomeOf(
    definition,
    partitions.map((records, partition) => decidePartition(definition, partition, records)),
  );
}

/**
 * What must come out of rows that have been decided about.
 *
 * @param definition the stream that they are of, and its metrics
 */
export function outcomeOf(definition: PlainDefinition, decided: readonly PartitionOutcome[]): ExpectedOutcome {
  const finals: ExpectedRow[] = [];
  const open: ExpectedRow[] = [];
  const late: ExpectedLateRow[] = [];
  const lateCounts: ExpectedLateCount[] = [];
  const totals: ExpectedTotal[] = [];
  const progress: Record<string, ExpectedProgress> = {};

  for (const [name, metric] of Object.entries(definition.metrics)) {
    const reached = progressOf(definition, metric, decided);
    progress[name] = reached;
    if ('total' in metric) {
      const rows = decided.flatMap(({ accepted }) => accepted.filter((row) => concerns(definition, metric, row)));
      for (const { group, measures } of resultsOfWindow(definition, metric, rows, NaN)) {
        totals.push({ metric: name, group, measures });
      }
      continue;
    }
    if ('gapMs' in metric) {
      const sessions = expectedSessions(definition, name, metric, decided);
      finals.push(...sessions.finals);
      late.push(...sessions.late);
      lateCounts.push(...sessions.lateCounts);
      continue;
    }
    const counted = new Map<number, AcceptedRow[]>();
    const missedBy = new Map<number, number>();
    for (const accepted of decided.flatMap((outcome) => outcome.accepted)) {
      if (!concerns(definition, metric, accepted)) continue;
      const watermarkMs = accepted.inputBeforeMs - metric.outOfOrdernessMs;
      const starts = windowStartsOf(metric, accepted.eventTimeMs);
      const missedStartsMs = starts.filter((start) => start + metric.sizeMs <= watermarkMs);
      for (const start of starts) {
        if (missedStartsMs.includes(start)) missedBy.set(start, (missedBy.get(start) ?? 0) + 1);
        else if (counted.has(start)) counted.get(start)?.push(accepted);
        else counted.set(start, [accepted]);
      }
      if (missedStartsMs.length > 0) {
        const { id, partition, offset, index } = accepted;
        const latenessMs = watermarkMs - accepted.eventTimeMs;
        const place = { id, partition, offset, index };
        late.push({ id: `${id}|${name}`, metric: name, place, missedStartsMs, latenessMs });
      }
    }
    for (const [start, rows] of ascending(counted)) {
      const endMs = start + metric.sizeMs;
      const closedFor = (partition: number): boolean =>
        endMs <= (reached.local ? (reached.perPartitionMs[partition] ?? -Infinity) : reached.allPartitionsMs);
      const isFinal = (row: AcceptedRow): boolean => closedFor(row.partition);
      const isOpen = (row: AcceptedRow): boolean => !isFinal(row);
      finals.push(...expectedRows(definition, name, metric, start, endMs, rows.filter(isFinal)));
      open.push(...expectedRows(definition, name, metric, start, endMs, rows.filter(isOpen)));
    }
    for (const [start, count] of ascending(missedBy)) lateCounts.push({ metric: name, windowStart: iso(start), count });
  }
  return { partitions: decided, finals, open, late, lateCounts, totals, progress };
}

/** A metric of sessions is by the key: each partition decides for itself. */
function expectedSessions(
  definition: PlainDefinition,
  name: string,
  metric: PlainMetric & PlainSessions,
  decided: readonly PartitionOutcome[],
): Pick<ExpectedOutcome, 'finals' | 'late' | 'lateCounts'> {
  const finals: ExpectedRow[] = [];
  const late: ExpectedLateRow[] = [];
  const missedBy = new Map<number, number>();
  for (const { accepted, watermarkInputMs } of decided) {
    const groups = new Map<string, AcceptedRow[]>();
    for (const row of accepted.filter((candidate) => concerns(definition, metric, candidate))) {
      const group = JSON.stringify(groupOf(definition, metric, row.row));
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
    for (const rows of groups.values()) {
      const { outOfOrdernessMs } = metric;
      const sessions = sessionsOfGroup(metric, outOfOrdernessMs, rows, watermarkInputMs - outOfOrdernessMs);
      for (const { startMs, endMs, rows: members } of sessions.over) {
        finals.push(...expectedRows(definition, name, metric, startMs, endMs, members));
      }
      for (const { row, watermarkMs, sessionMs } of sessions.late) {
        const { id, partition, offset, index, eventTimeMs } = row;
        const place = { id, partition, offset, index };
        const missedStartsMs = [sessionMs ?? eventTimeMs];
        late.push({ id: `${id}|${name}`, metric: name, place, missedStartsMs, latenessMs: watermarkMs - eventTimeMs });
        if (sessionMs !== null) missedBy.set(sessionMs, (missedBy.get(sessionMs) ?? 0) + 1);
      }
    }
  }
  const lateCounts = ascending(missedBy).map(([start, count]) => {
    return { metric: name, windowStart: iso(start), count };
  });
  return { finals, late, lateCounts };
}

/** Rows a metric's `where` lets through; a metric by key leaves out rows without that field. */
export function concerns(definition: PlainDefinition, metric: PlainMetric, { row }: Pick<AcceptedRow, 'row'>): boolean {
  const key = definition.key[0];
  if (isLocal(definition, metric) && key !== undefined && (row[key] ?? null) === null) return false;
  return metric.where === undefined || metric.where(row);
}

function isLocal(definition: PlainDefinition, metric: PlainMetric): boolean {
  return definition.key[0] !== undefined && metric.groupBy.includes(definition.key[0]);
}

function progressOf(
  definition: PlainDefinition,
  metric: PlainMetric,
  decided: readonly PartitionOutcome[],
): ExpectedProgress {
  const perPartitionMs = decided.map((outcome) => outcome.watermarkInputMs - metric.outOfOrdernessMs);
  return { perPartitionMs, allPartitionsMs: Math.min(...perPartitionMs), local: isLocal(definition, metric) };
}

function expectedRows(
  definition: PlainDefinition,
  name: string,
  metric: PlainMetric,
  startMs: number,
  endMs: number,
  rows: readonly AcceptedRow[],
): ExpectedRow[] {
  return resultsOfWindow(definition, metric, rows, endMs - startMs).map(({ group, measures }) => ({
    id: `${name}|${iso(startMs)}|${JSON.stringify(group)}`,
    metric: name,
    windowStart: iso(startMs),
    windowEnd: iso(endMs),
    group,
    measures,
  }));
}

function ascending<T>(byStart: ReadonlyMap<number, T>): [number, T][] {
  return [...byStart].sort(([a], [b]) => a - b);
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
