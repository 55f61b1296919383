import type { PlainAttribution, PlainVisits } from './plain-visits';

/** A value of a row or a result: money is a bigint of minor units, times are epoch ms. */
export type PlainValue = string | number | boolean | bigint | null;

/** Fields of one event by name; a field that is absent is null. */
export type PlainRow = Readonly<Record<string, PlainValue>>;

/** Measures of one group of one window by name, in order of declaration. */
export type PlainMeasures = Readonly<Record<string, PlainValue | readonly PlainValue[] | readonly PlainRanked[]>>;

export type PlainType = 'string' | 'int' | 'double' | 'money' | 'bool' | 'timestamp';

export interface PlainField {
  readonly type: PlainType;
  /** Where it stands in the event, where that is not its name. */
  readonly path?: string;
  readonly optional?: boolean;
  /** What producers write → what is meant. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The only values accepted, after aliases. */
  readonly values?: readonly string[];
  /** What an absent value becomes; null leaves it absent. */
  readonly otherwise?: (row: PlainRow) => PlainValue;
}

export type RowCondition = (row: PlainRow) => boolean;

export type PlainMeasure =
  | { readonly count: true; readonly where?: RowCondition }
  | { readonly sum: string; readonly where?: RowCondition }
  | { readonly avg: string; readonly where?: RowCondition }
  | { readonly min: string; readonly where?: RowCondition }
  | { readonly max: string; readonly where?: RowCondition }
  | { readonly distinct: string; readonly where?: RowCondition }
  | { readonly collect: string; readonly limit: number; readonly where?: RowCondition }
  | { readonly first: string; readonly where?: RowCondition }
  | { readonly last: string; readonly where?: RowCondition }
  /** The sum of a field, or of rows for null, per second; of money in its major unit. */
  | { readonly rate: string | null; readonly where?: RowCondition }
  | { readonly top: string; readonly limit: number; readonly by: PlainAmount; readonly where?: RowCondition }
  | { readonly derived: (measures: PlainMeasures) => PlainValue };

/** What the values of a top are ordered by: number of rows, or the sum or largest value of a field. */
export type PlainAmount = 'count' | { readonly sum: string } | { readonly max: string };

/** An item of a top. */
export interface PlainRanked {
  readonly value: PlainValue;
  readonly amount: PlainValue;
}

/** Windows of one size, one every hop. */
export interface PlainHops {
  readonly sizeMs: number;
  readonly hopMs: number;
}

/** All rows there are. */
export interface PlainTotal {
  readonly total: true;
}

/** Stretches of a group's rows that are at most a gap apart. */
export interface PlainSessions {
  readonly gapMs: number;
  readonly maxDurationMs: number;
}

interface PlainMetricBody {
  readonly where?: RowCondition;
  readonly groupBy: readonly string[];
  readonly outOfOrdernessMs: number;
  readonly measures: Readonly<Record<string, PlainMeasure>>;
  readonly having?: (measures: PlainMeasures) => boolean;
  readonly alert?: PlainAlert;
}

/** A final's measures as they stand in its JSON. */
export type FinalMeasures = Readonly<Record<string, unknown>>;

/**
 * A group's final in the window that began so much earlier: null where that window has others but not the group, undefined where
 * nothing was told of it at all.
 */
export type PastFinal = (lagMs: number) => FinalMeasures | null | undefined;

/** What is alerted of a metric. */
export interface PlainAlert {
  readonly holds: (measures: FinalMeasures, past: PastFinal) => boolean;
  readonly forWindows: number;
}

export type PlainMetric = PlainMetricBody & (PlainHops | PlainSessions | PlainTotal);

/** Metrics over what is derived from a stream's events. */
export interface PlainOverVisits {
  readonly sessions: Readonly<Record<string, PlainMetric>>;
  readonly attributions: Readonly<Record<string, PlainMetric>>;
}

/** A stream and its metrics in plain code: what a stream file says, written down a second time by hand. */
export interface PlainDefinition {
  readonly partitions: number;
  /** The first of these that is neither null nor empty is the key. */
  readonly key: readonly string[];
  readonly id: string | null;
  readonly dedupe: { readonly withinMs: number; readonly maxRows: number };
  readonly eventTime: string;
  readonly futureToleranceMs: number;
  /** Decimal digits of the currency's minor unit. */
  readonly minorDigits: number;
  readonly fields: Readonly<Record<string, PlainField>>;
  readonly metrics: Readonly<Record<string, PlainMetric>>;
  readonly sessions?: PlainVisits;
  readonly attribution?: PlainAttribution;
  /** Metrics over these. */
  readonly overVisits?: PlainOverVisits;
}
