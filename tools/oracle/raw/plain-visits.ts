import type { RowCondition } from './plain-definition';

/** Sessions as a stream declares them. Fields by what they mean; null: the stream has none. */
export interface PlainVisits {
  readonly gapMs: number;
  readonly maxDurationMs: number;
  readonly outOfOrdernessMs: number;
  readonly by: readonly string[];
  readonly also: string | null;
  readonly pageView: RowCondition | null;
  readonly cart: RowCondition | null;
  readonly removal: RowCondition | null;
  readonly purchase: RowCondition | null;
  readonly type: string | null;
  readonly product: string | null;
  readonly category: string | null;
  readonly device: string | null;
  readonly location: string | null;
  readonly price: string | null;
  readonly quantity: string | null;
  readonly revenue: string | null;
}

/** Attribution as a stream declares it. */
export interface PlainAttribution {
  readonly from: RowCondition;
  readonly to: RowCondition;
  readonly on: readonly string[];
  readonly withinMs: number;
  readonly outOfOrdernessMs: number;
  readonly maxMatches: number;
  readonly category: string | null;
  readonly device: string | null;
  readonly revenue: string | null;
}

/** What a raw partition is judged by from one record on, up to the one before another file is in force. */
export interface PlainEra {
  /** The first raw offset that it is in force for. */
  readonly from: number;
  readonly sessions: PlainVisits | null;
  readonly attribution: PlainAttribution | null;
}

/** A record of a topic as it must stand there: its key, and its JSON without what names the declaration. */
export interface ExpectedRecord {
  readonly key: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A row that came too late for sessions (with the begin of the one it missed, where that is known), or for attribution. */
export interface ExpectedLateVisit {
  readonly id: string;
  readonly metric: 'sessions' | 'attribution';
  readonly missedStartsMs: readonly number[];
  readonly latenessMs: number;
}

/** What must come of the visits of one partition. */
export interface ExpectedVisits {
  readonly sessions: readonly ExpectedRecord[];
  readonly carts: readonly ExpectedRecord[];
  readonly attributions: readonly ExpectedRecord[];
  readonly late: readonly ExpectedLateVisit[];
}
