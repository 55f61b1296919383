import type { RowPositionMessage, TimestampMessage, ValueMap, WindowResultMessage } from './query-messages';

/*
 * What ExplainWindow of tillstream/query/v1/query.proto asks and answers, as PROTO_LOADER_OPTIONS presents it: 64-bit
 * integers are decimal text.
 */

export interface ExplainWindowRequest {
  readonly stream: string;
  readonly metric: string;
  readonly windowStart: TimestampMessage | null;
  readonly group: ValueMap;
  readonly samples: number;
}

export interface ExplainWindowResponse {
  /** equal, differs, missing, surplus, untold, open or none */
  readonly verdict: string;
  readonly told: WindowResultMessage | null;
  readonly recomputed: WindowResultMessage | null;
  readonly partitions: readonly ExplainedPartitionMessage[];
  readonly revisions: readonly ToldRevisionMessage[];
  readonly revisionsLeftOut: string;
  readonly samples: readonly SampleRowMessage[];
  readonly traceIds: readonly string[];
  /** Empty: no final stands, or it was not sampled. */
  readonly finalTraceId: string;
}

/** What one partition of raw has to do with a group of a window. */
export interface ExplainedPartitionMessage {
  readonly partition: number;
  readonly read: RawRangeMessage | null;
  readonly contributed: RawRangeMessage | null;
  readonly records: string;
  readonly counted: string;
  readonly filtered: string;
  readonly late: string;
  readonly duplicates: string;
  readonly otherGroups: string;
  readonly deadLetters: Readonly<Record<string, string>>;
  readonly closedAt: RowPositionMessage | null;
}

/** Raw offsets [from, next). */
export interface RawRangeMessage {
  readonly from: string;
  readonly next: string;
}

/** A result as it was told once. */
export interface ToldRevisionMessage {
  readonly position: RowPositionMessage | null;
  readonly appended: TimestampMessage | null;
  readonly final: boolean;
  readonly revision: string;
  readonly measures: ValueMap;
  readonly retracted: boolean;
}

/** A row of the group and window. */
export interface SampleRowMessage {
  /** counted, late, duplicate or filtered */
  readonly fate: string;
  readonly position: RowPositionMessage | null;
  readonly eventTime: TimestampMessage | null;
  /** JSON text. */
  readonly row: string;
  /** Empty: not sampled. */
  readonly traceId: string;
}
