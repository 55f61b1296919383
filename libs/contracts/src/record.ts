/** Header values by name, as bytes. */
export type RecordHeaders = Readonly<Record<string, Uint8Array>>;

/** A record as read from a topic. Structurally the engine's `LogRecord`, which this library may not import. */
export interface StoredRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

/** A record to append. A null value is a tombstone. Structurally the engine's `NewRecord`. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: RecordHeaders;
  /** Only for topics with CreateTime. */
  readonly timestampMs?: number;
}
