import type { TimestampMessage } from './query-messages';
import type { AsOfMessage, CartLineMessage, SessionMessage } from './session-messages';

/* What tillstream/query/v1/query.proto asks and answers of sessions, as PROTO_LOADER_OPTIONS presents it. */

export interface GetSessionRequest {
  readonly stream: string;
  readonly id: string;
}

export interface GetSessionResponse {
  readonly session: SessionMessage | null;
}

/** Values of the enum SessionInstant. */
export const SESSION_INSTANT = { unspecified: 0, start: 1, end: 2 } as const;

export interface ListSessionsRequest {
  readonly stream: string;
  readonly user: string;
  /** One of SESSION_INSTANT. */
  readonly by: number;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly convertedOnly: boolean;
  readonly includeOpen: boolean;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListSessionsResponse {
  readonly sessions: readonly SessionMessage[];
  readonly nextPageToken: string;
  readonly openSessionsUnknown: boolean;
  readonly openAsOf: AsOfMessage | null;
  readonly completeFrom: TimestampMessage | null;
  readonly historyMissing: string;
}

export interface ListAbandonedCartsRequest {
  readonly stream: string;
  readonly user: string;
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListAbandonedCartsResponse {
  readonly carts: readonly AbandonedCartMessage[];
  readonly nextPageToken: string;
}

export interface AbandonedCartMessage {
  readonly sessionId: string;
  readonly user: string;
  readonly part: string;
  readonly start: TimestampMessage | null;
  readonly end: TimestampMessage | null;
  readonly products: readonly CartLineMessage[];
  /** Exact decimal text. */
  readonly value: string;
}
