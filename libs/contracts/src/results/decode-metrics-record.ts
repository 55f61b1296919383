import { ALL_TIME, type MetricSpan } from '@tillstream/core';
import type { NewRecord } from '../record';
import { parseInstant } from './instant';

/** A plain value in a result's JSON: money, averages of money and instants are text. */
export type ResultScalar = string | number | boolean | null;

/** A value of a `top` with what it is ordered by; the amount is null where it is beyond what is exact. */
export interface RankedResult {
  readonly value: ResultScalar;
  readonly amount: ResultScalar;
}

/** A value in a result's JSON; lists come from `collect` and `top`. */
export type ResultValue = ResultScalar | readonly (string | number | boolean)[] | readonly RankedResult[];

interface AboutWindow {
  /** `name@definition`: results of another definition are of another metric. */
  readonly identity: string;
  readonly metric: string;
  readonly startMs: number;
  /** Of a running total, which has none, that of ALL_TIME. */
  readonly endMs: number;
  readonly revision: number;
}

/** What one record of a metrics topic says. */
export type MetricsRecord =
  | ({
      readonly kind: 'result';
      readonly final: boolean;
      /** The group as it stands in the key: equal text, equal group. */
      readonly groupKey: string;
      readonly group: Readonly<Record<string, ResultValue>>;
      readonly measures: Readonly<Record<string, ResultValue>>;
      /** A bounded measure left values out. */
      readonly truncated: boolean;
      /** The group no longer satisfies the metric's `having`: it is to be shown no more. */
      readonly retracted: boolean;
    } & AboutWindow)
  /** Finals of this window are complete in this partition; provisionals that stand there are void. */
  | ({ readonly kind: 'closed' } & AboutWindow)
  /** Rows that missed the window in one partition of the stream; they add up over partitions. */
  | ({ readonly kind: 'late-count'; readonly partition: number; readonly count: number } & AboutWindow)
  /** The windows that one partition has whole of a metric: those that begin in [fromMs, untilMs). */
  | ({ readonly kind: 'span'; readonly identity: string; readonly partition: number } & MetricSpan)
  /** The windows of one partition that were computed afterwards: those that begin in [fromMs, untilMs). */
  | ({ readonly kind: 'backfill'; readonly identity: string; readonly partition: number } & MetricSpan)
  /** Finals of windows that end by `closedUntilMs` stand in front of this record, in this partition of the topic. */
  | { readonly kind: 'progress'; readonly identity: string; readonly partition: number; readonly closedUntilMs: number }
  | {
      readonly kind: 'tombstone';
      readonly of: 'final' | 'provisional' | 'closed' | 'late-count';
      readonly identity: string;
      readonly startMs: number;
      /** The group; of a late count the partition; of a closed window ''. */
      readonly groupKey: string;
    }
  /** Not written by this project, or by a version that knows more. */
  | { readonly kind: 'unknown' };

const UNKNOWN: MetricsRecord = { kind: 'unknown' };
const KINDS = { f: 'final', p: 'provisional', c: 'closed', l: 'late-count' } as const;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads a record of a metrics topic. Never throws: what is not understood is `unknown`. */
export function decodeMetricsRecord({ key, value }: Pick<NewRecord, 'key' | 'value'>): MetricsRecord {
  if (key === null) return UNKNOWN;
  try {
    return decode(decoder.decode(key), value === null ? null : decoder.decode(value));
  } catch {
    return UNKNOWN; // broken UTF-8 or JSON: not ours
  }
}

function decode(keyText: string, valueText: string | null): MetricsRecord {
  const [letter, identity, start] = keyText.split('|', 3);
  if (letter === 'b') return decodeSpan(identity, keyText.endsWith('|backfill'), valueText);
  if (letter === 'w') return decodeProgress(identity, valueText);
  const startMs = parseInstant(start);
  if (letter === undefined || identity === undefined || start === undefined || startMs === null) return UNKNOWN;
  if (!(letter in KINDS)) return UNKNOWN;
  const of = KINDS[letter as keyof typeof KINDS];
  const groupKey = keyText.slice(letter.length + identity.length + start.length + 3);
  if (valueText === null) return { kind: 'tombstone', of, identity, startMs, groupKey };

  const json = JSON.parse(valueText) as Readonly<Record<string, unknown>> | null;
  const end = json?.['window_end'];
  const endMs = end === null ? ALL_TIME.sizeMs : parseInstant(end);
  const { metric, revision } = json ?? {};
  if (json === null || typeof metric !== 'string' || typeof revision !== 'number' || endMs === null) return UNKNOWN;
  const window: AboutWindow = { identity, metric, startMs, endMs, revision };

  if (of === 'closed') return { kind: 'closed', ...window };
  if (of === 'late-count') {
    const { partition, late_rows: count } = json;
    if (typeof partition !== 'number' || typeof count !== 'number') return UNKNOWN;
    return { kind: 'late-count', ...window, partition, count };
  }
  const { group, measures } = json;
  if (!isObject(group) || !isObject(measures)) return UNKNOWN;
  return {
    kind: 'result',
    ...window,
    final: of === 'final',
    groupKey,
    group,
    measures,
    truncated: json['truncated'] === true,
    retracted: json['retracted'] === true,
  };
}

function decodeSpan(identity: string | undefined, isBackfill: boolean, valueText: string | null): MetricsRecord {
  if (identity === undefined || valueText === null) return UNKNOWN;
  const json = JSON.parse(valueText) as Record<string, unknown>;
  const { partition } = json;
  const from = json[isBackfill ? 'backfilled_from' : 'complete_from'];
  const until = json[isBackfill ? 'backfilled_until' : 'complete_until'];
  const fromMs = from === null ? -Infinity : parseInstant(from);
  const untilMs = until === null ? Infinity : parseInstant(until);
  if (typeof partition !== 'number' || fromMs === null || untilMs === null) return UNKNOWN;
  return { kind: isBackfill ? 'backfill' : 'span', identity, partition, fromMs, untilMs };
}

function decodeProgress(identity: string | undefined, valueText: string | null): MetricsRecord {
  if (identity === undefined || valueText === null) return UNKNOWN;
  const { partition, closed_until: until } = JSON.parse(valueText) as Record<string, unknown>;
  const closedUntilMs = parseInstant(until);
  if (typeof partition !== 'number' || closedUntilMs === null) return UNKNOWN;
  return { kind: 'progress', identity, partition, closedUntilMs };
}

function isObject(value: unknown): value is Readonly<Record<string, ResultValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
