import type { BatchPosition, EventBatch } from '../batch/event-batch';

/** A record of a raw partition, with what its headers say already decoded. */
export interface RawRecord {
  readonly offset: number;
  /** As stored by the broker (LogAppendTime). */
  readonly appendMs: number;
  readonly value: Uint8Array | null;
  /** 16 bytes, the same on every retry of one write; null for foreign producers. */
  readonly batchId: Uint8Array | null;
  /** A control record: decided elsewhere, taken over in its place. */
  readonly control: RawControl | null;
  /** Set when another partition's enricher appended rows that belong here. */
  readonly rerouted: Rerouted | null;
}

/** The part of a control record that the enricher itself obeys; kinds it only passes on have kind `other`. */
export type RawControl =
  | { readonly kind: 'advance'; readonly toMs: number; readonly payload: Uint8Array }
  | { readonly kind: 'hold' | 'release'; readonly payload: Uint8Array }
  | { readonly kind: 'definition'; readonly sha256: string; readonly payload: Uint8Array }
  | { readonly kind: 'catalog'; readonly offset: number; readonly payload: Uint8Array }
  | { readonly kind: 'other'; readonly payload: Uint8Array };

export interface Rerouted {
  readonly sourcePartition: number;
  /** Range of the source partition that the rows were found in; what lies below reroutedThrough is dropped. */
  readonly sourceFrom: number;
  readonly sourceNext: number;
  /** Source raw offset of each row of the value (a JSON array), in order. */
  readonly rowOffsets: readonly number[];
}

/** Why a row or record can never be processed. Closed list: metrics and dead letters use these words. */
export const REJECT_CODES = [
  'malformed-json',
  'invalid-utf8',
  'not-an-object',
  'too-deep',
  'event-too-large',
  'record-too-large',
  'too-many-rows',
  'unsupported-encoding',
  'missing-field',
  'wrong-type',
  'unknown-value',
  'out-of-range',
  'duplicate-field',
  'bad-timestamp',
  'no-key',
  'in-the-future',
] as const;

export type RejectCode = (typeof REJECT_CODES)[number];

/** A row (or, with index -1, a whole record) that is kept with its reason instead of being processed. */
export interface DeadLetter {
  readonly rawOffset: number;
  /** Row within the record; -1: the record as a whole. */
  readonly index: number;
  /** Append time of the raw record: the same whoever writes the letter and whenever. */
  readonly appendMs: number;
  readonly code: RejectCode;
  /** Field the problem is about (`$` for the row itself). */
  readonly path: string;
  readonly message: string;
  /** The original bytes of the row or record. */
  readonly bytes: Uint8Array;
}

/** Rows that a foreign producer put on the wrong partition, for one target partition. */
export interface Reroute {
  readonly targetPartition: number;
  readonly sourceFrom: number;
  readonly sourceNext: number;
  /** Source raw offset of each row. */
  readonly rowOffsets: readonly number[];
  /** A JSON array of the rows' original bytes. */
  readonly value: Uint8Array;
}

/** What became of one range of raw records. */
export interface EnrichResult {
  readonly batch: EventBatch;
  readonly deadLetters: readonly DeadLetter[];
  readonly reroutes: readonly Reroute[];
  /** What stands after the range: `before` of the batch that follows. */
  readonly after: BatchPosition;
  /**
   * How far the newest event time is ahead of when its record was appended, rows refused for that included: a sender's clock is fast.
   * Negative when it is behind; -Infinity without rows.
   */
  readonly aheadMs: number;
  readonly counts: {
    readonly rowsIn: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly rerouted: number;
    /** Money values that had more digits than the currency's minor unit. */
    readonly rounded: number;
    readonly rejected: Readonly<Partial<Record<RejectCode, number>>>;
  };
}
