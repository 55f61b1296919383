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
}

/** An event that was refused; index -1: the body as a whole. */
export interface Rejection {
  readonly index: number;
  readonly code: string;
  readonly path: string;
  readonly message: string;
}
