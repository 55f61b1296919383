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

/**
 * A record whose key and value lie one behind the other in a buffer that it shares with many others. Views of them are
 * made only when somebody asks: whoever appends thousands of results copies them from the buffer as they are.
 */
export class PackedRecord implements NewRecord {
  constructor(
    readonly source: Buffer,
    readonly keyFrom: number,
    readonly valueFrom: number,
    readonly valueTo: number,
  ) {}

  get key(): Uint8Array {
    return this.source.subarray(this.keyFrom, this.valueFrom);
  }

  get value(): Uint8Array {
    return this.source.subarray(this.valueFrom, this.valueTo);
  }
}
