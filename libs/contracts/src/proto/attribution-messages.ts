import type { DurationMessage, RowPositionMessage, TimestampMessage } from './query-messages';

/* What tillstream/query/v1/query.proto asks and answers of attributions, as PROTO_LOADER_OPTIONS presents it. */

export interface ListAttributionsRequest {
  readonly stream: string;
  readonly user: string;
  /** By field of `on`: its value as text. */
  readonly on: Readonly<Record<string, string>>;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListAttributionsResponse {
  readonly attributions: readonly AttributionMessage[];
  readonly nextPageToken: string;
  readonly completeFrom: TimestampMessage | null;
  readonly historyMissing: string;
}

/** A purchase with the views that led to it, newest first. */
export interface AttributionMessage {
  readonly purchase: RowPositionMessage | null;
  readonly user: string;
  readonly time: TimestampMessage | null;
  readonly on: Readonly<Record<string, string>>;
  readonly category: string;
  readonly device: string;
  /** Exact decimal text; empty: it has none. */
  readonly revenue: string;
  readonly views: readonly AttributedViewMessage[];
  readonly truncated: boolean;
}

export interface AttributedViewMessage {
  readonly position: RowPositionMessage | null;
  readonly time: TimestampMessage | null;
  readonly timeToPurchase: DurationMessage | null;
  readonly lastTouch: boolean;
  readonly share: number;
  /** Exact decimal text; empty: the purchase has none. */
  readonly revenue: string;
}
