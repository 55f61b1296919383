import type { DurationMessage, TimestampMessage } from './query-messages';

/*
 * Messages of tillstream/sessions/v1/sessions.proto as PROTO_LOADER_OPTIONS presents them: 64-bit integers are decimal text,
 * texts that there are none of are empty.
 */

export interface GetOpenSessionRequest {
  readonly stream: string;
  readonly user: string;
  readonly part: string;
}

export interface GetOpenSessionResponse {
  readonly sessions: readonly SessionMessage[];
  readonly asOf: AsOfMessage | null;
}

export interface CountOpenSessionsRequest {
  readonly stream: string;
}

export interface CountOpenSessionsResponse {
  readonly count: string;
  readonly partitions: readonly PartitionCountMessage[];
}

export interface PartitionCountMessage {
  readonly count: string;
  readonly asOf: AsOfMessage | null;
}

/** What an answer knows of one partition. */
export interface AsOfMessage {
  readonly partition: number;
  readonly rawNext: string;
  readonly watermark: TimestampMessage | null;
  readonly appended: TimestampMessage | null;
}

export interface SessionMessage {
  readonly id: string;
  readonly user: string;
  readonly part: string;
  readonly start: TimestampMessage | null;
  readonly end: TimestampMessage | null;
  readonly duration: DurationMessage | null;
  readonly closed: boolean;
  readonly cut: boolean;
  readonly events: number;
  readonly pageViews: number;
  readonly carts: number;
  readonly purchases: number;
  readonly products: number;
  /** Exact decimal text. */
  readonly revenue: string;
  readonly converted: boolean;
  readonly entry: SessionEdgeMessage | null;
  readonly exit: SessionEdgeMessage | null;
  readonly device: string;
  readonly location: string;
  readonly path: readonly string[];
  readonly clientSessions: readonly string[];
  readonly cart: readonly CartLineMessage[];
  readonly truncated: boolean;
  readonly partition: number;
  readonly closedBy: string;
}

export interface SessionEdgeMessage {
  readonly product: string;
  readonly category: string;
}

export interface CartLineMessage {
  readonly product: string;
  /** Exact decimal text; empty: the event had no price. */
  readonly value: string;
}
