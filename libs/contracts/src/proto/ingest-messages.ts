/*
 * Messages of tillstream/ingest/v1/ingest.proto as PROTO_LOADER_OPTIONS presents them.
 */

/** One body of events. */
export interface PublishRequest {
  readonly stream: string;
  readonly payload: Uint8Array;
  readonly contentType: string;
  readonly idempotencyKey: string;
}

/** What became of a body. */
export interface PublishResponse {
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  /** A gRPC status code; 0 when every event was either accepted or refused. */
  readonly code: number;
  readonly message: string;
  readonly retryAfterMs: number;
  /** Refused events beyond those that `rejected` tells. */
  readonly furtherRejected: readonly IndexRange[];
}

/** The events from one place in a body to another, both included. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/** An event that was refused; index -1: the body as a whole. */
export interface Rejection {
  readonly index: number;
  readonly code: string;
  readonly path: string;
  readonly message: string;
}
