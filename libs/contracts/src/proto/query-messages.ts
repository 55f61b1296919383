/*
 * Messages of tillstream/query/v1/query.proto as PROTO_LOADER_OPTIONS presents them. Message fields that are not set are
 * null; of a oneof only the member that is set is there.
 */

/** google.protobuf.Timestamp: seconds since the epoch, as decimal text. */
export interface TimestampMessage {
  readonly seconds: string;
  readonly nanos: number;
}

/** google.protobuf.Duration. */
export interface DurationMessage {
  readonly seconds: string;
  readonly nanos: number;
}

/** A value; without any member: null. */
export interface ValueMessage {
  readonly integer?: string;
  readonly number?: number;
  /** Money and averages of money: exact decimal text. */
  readonly decimal?: string;
  readonly text?: string;
  readonly flag?: boolean;
  readonly list?: { readonly values: readonly ValueMessage[] };
  readonly ranking?: { readonly values: readonly RankedValueMessage[] };
}

/** A value of a `top` and its amount. */
export interface RankedValueMessage {
  readonly value: ValueMessage | null;
  readonly amount: ValueMessage | null;
}

export type ValueMap = Readonly<Record<string, ValueMessage>>;

export interface ListMetricsRequest {
  readonly stream: string;
  readonly includeRetired: boolean;
}

export interface ListMetricsResponse {
  readonly metrics: readonly MetricMessage[];
}

/** A metric as declared in a stream file. */
export interface MetricMessage {
  readonly stream: string;
  readonly name: string;
  readonly definition: string;
  readonly windowSize: DurationMessage | null;
  readonly windowHop: DurationMessage | null;
  readonly outOfOrderness: DurationMessage | null;
  readonly groupBy: readonly string[];
  readonly measures: readonly MeasureMessage[];
  readonly completeFrom: TimestampMessage | null;
  readonly oldestWindow: TimestampMessage | null;
  readonly newestWindow: TimestampMessage | null;
  readonly compare: readonly string[];
  readonly retired: boolean;
  readonly sessionGap: DurationMessage | null;
  readonly sessionMaxDuration: DurationMessage | null;
  readonly runningTotal: boolean;
  /** Empty: events. */
  readonly from: string;
}

export interface MeasureMessage {
  readonly name: string;
  readonly kind: string;
  readonly valueKind: string;
  readonly relativeError: number;
}

export interface ListWindowsRequest {
  readonly stream: string;
  readonly metric: string;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly group: ValueMap;
  readonly finalOnly: boolean;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListWindowsResponse {
  readonly windows: readonly WindowResultMessage[];
  readonly nextPageToken: string;
  /** Empty: nothing is known to be missing. */
  readonly historyMissing: string;
}

export interface TopGroupsRequest {
  readonly stream: string;
  readonly metric: string;
  readonly measure: string;
  readonly limit: number;
  readonly windowStart: TimestampMessage | null;
}

export interface TopGroupsResponse {
  readonly windows: readonly WindowResultMessage[];
  readonly historyMissing: string;
}

export interface WatchWindowsRequest {
  readonly stream: string;
  readonly metric: string;
  readonly group: ValueMap;
  readonly finalOnly: boolean;
  readonly from: TimestampMessage | null;
  readonly resumeToken: string;
  readonly newestWindows: number;
}

/** What changed since the message before, gathered. */
export interface WatchWindowsResponse {
  /** A snapshot begins: everything received before is to be forgotten. */
  readonly snapshot: boolean;
  readonly upserts: readonly WindowResultMessage[];
  readonly retractions: readonly RetractionMessage[];
  /** Not empty: the reader is up to date, and a later watch may go on from here. */
  readonly resumeToken: string;
}

/** A group that is to be shown no more. */
export interface RetractionMessage {
  readonly metric: string;
  readonly start: TimestampMessage | null;
  readonly end: TimestampMessage | null;
  readonly group: ValueMap;
}

/** One group's values in one window. */
export interface WindowResultMessage {
  readonly metric: string;
  readonly start: TimestampMessage | null;
  readonly end: TimestampMessage | null;
  readonly group: ValueMap;
  readonly measures: ValueMap;
  readonly final: boolean;
  readonly revision: string;
  readonly lateRows: string;
  readonly truncated: boolean;
  readonly comparisons: readonly ComparisonMessage[];
}

/** A result beside the final one of the same group in an earlier window. */
export interface ComparisonMessage {
  /** `previous`, or how much earlier the other window began. */
  readonly with: string;
  readonly start: TimestampMessage | null;
  /** By measure that is a number. */
  readonly change: ValueMap;
  readonly percent: ValueMap;
}

export interface ListLateRequest {
  readonly stream: string;
  readonly metric: string;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListLateResponse {
  readonly rows: readonly LateRowMessage[];
  readonly nextPageToken: string;
}

/** A row that missed windows of one metric. */
export interface LateRowMessage {
  readonly metric: string;
  readonly definition: string;
  readonly position: RowPositionMessage | null;
  readonly eventTime: TimestampMessage | null;
  readonly lateness: DurationMessage | null;
  readonly missed: readonly TimestampMessage[];
  /** JSON text. */
  readonly row: string;
}

export interface ListAlertsRequest {
  readonly stream: string;
  readonly metric: string;
  readonly openOnly: boolean;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListAlertsResponse {
  readonly alerts: readonly AlertMessage[];
  readonly nextPageToken: string;
}

/** An alert of one group of a metric; windows by their start. */
export interface AlertMessage {
  readonly id: string;
  readonly metric: string;
  readonly definition: string;
  readonly severity: string;
  /** `open`, `resolved` or `retired`. */
  readonly state: string;
  readonly group: ValueMap;
  readonly since: TimestampMessage | null;
  readonly opened: TimestampMessage | null;
  readonly resolved: TimestampMessage | null;
  readonly measures: ValueMap;
  readonly history: ValueMap;
}

/** Where a row stands in raw; the offset is decimal text. */
export interface RowPositionMessage {
  readonly partition: number;
  readonly offset: string;
  readonly index: number;
}

/** An instant in epoch milliseconds as a message. */
export function toTimestamp(epochMs: number): TimestampMessage {
  const seconds = Math.floor(epochMs / 1000);
  return { seconds: String(seconds), nanos: (epochMs - seconds * 1000) * 1_000_000 };
}

/** Epoch milliseconds of a timestamp, rounded down. */
export function fromTimestamp({ seconds, nanos }: TimestampMessage): number {
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
}

/** A span of milliseconds ≥ 0 as a message. */
export function toDuration(ms: number): DurationMessage {
  return toTimestamp(ms);
}
