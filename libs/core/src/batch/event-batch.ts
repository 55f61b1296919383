/** A string column: UTF-8 text i is bytes[offsets[i], offsets[i + 1]). */
export interface TextColumn {
  readonly kind: 'text';
  readonly bytes: Uint8Array;
  /** rows + 1 entries. */
  readonly offsets: Uint32Array;
  /** One byte a row, 1 = null; null when no row is null. */
  readonly nulls: Uint8Array | null;
}

/** A dictionary-coded string column: row i holds entry indices[i]; -1 is null. */
export interface DictionaryColumn {
  readonly kind: 'dictionary';
  readonly indices: Int32Array;
  readonly bytes: Uint8Array;
  /** entries + 1. */
  readonly offsets: Uint32Array;
}

/** int (safe integers), double, money (minor units), timestamp (epoch ms) or bool (0 and 1). NaN is null. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly values: Float64Array;
}

export type Column = TextColumn | DictionaryColumn | NumberColumn;

/** What stood at one raw position, as a function of all raw records before it. -Infinity: nothing yet. */
export interface BatchPosition {
  /** Newest event time of an accepted row, not clamped. */
  readonly maxEventTimeMs: number;
  /** Newest min(event time, append time) of an accepted row or `advance`. */
  readonly watermarkInputMs: number;
  /** Running maximum of the raw records' append times. */
  readonly maxAppendMs: number;
  /** Between a `hold` and its `release` nothing is decided by idleness. */
  readonly held: boolean;
  /** Rows counted by the dedupe horizon so far: every row of the partition that was valid by itself. */
  readonly rowsSeen: number;
  /** sha256 (hex) of the stream's definition; '' before the first `definition` record. */
  readonly definition: string;
  readonly catalogOffset: number;
  /** Source partition → first raw offset of it not yet re-routed here. */
  readonly reroutedThrough: ReadonlyMap<number, number>;
}

/** The raw records a batch covers, as parallel arrays in offset order; control records have no rows. */
export interface RecordTable {
  readonly count: number;
  readonly offsets: Float64Array;
  /** Accepted rows of each record: they follow each other in the columns. */
  readonly rowCounts: Uint32Array;
  /** Append time of each record as stored by the broker. */
  readonly appendMs: Float64Array;
  /** Watermark input after each record. */
  readonly inputAfterMs: Float64Array;
}

/** A control record that stood in the range, at index `record` of the record table. */
export interface PlacedControl {
  readonly record: number;
  /** The record's value as written (JSON). */
  readonly payload: Uint8Array;
}

/**
 * The enriched rows of the raw range [rawFrom, rawNext), in columns. Whole raw records only. Rows are in raw order;
 * duplicates, dead letters and re-routed rows are left out, but their ids are not.
 */
export interface EventBatch {
  readonly stream: string;
  readonly partition: number;
  readonly rawFrom: number;
  readonly rawNext: number;
  /** What stood before the first record of the range. */
  readonly before: BatchPosition;
  /** What stands after the last record of the range: where the next batch of the chain begins. */
  readonly after: BatchPosition;
  readonly records: RecordTable;
  readonly controls: readonly PlacedControl[];
  readonly rows: number;
  /** Position of each row within its raw record, counting rows that were left out. */
  readonly rowIndexes: Uint32Array;
  /** By field number; a field without a column is null in every row. */
  readonly columns: ReadonlyMap<number, Column>;
  /** 16 bytes for each row of the range that was valid by itself and has an id, accepted or not, in raw order. */
  readonly ids: Uint8Array;
  /** Rows valid by themselves (with or without id) per record: what the dedupe horizon counts. */
  readonly validCounts: Uint32Array;
  /** How many ids each record contributed to `ids`. */
  readonly idCounts: Uint32Array;
  /**
   * Place of each id among the valid rows of its record, from 0. Absent: the ids of a record are those of its first valid
   * rows. Where ids are optional the dedupe horizon could not be rebuilt to the row without it.
   */
  readonly idRows?: Uint32Array;
  /** 16 bytes per record that carried a batch-id; `batchIdRecords` says which records. */
  readonly batchIds: Uint8Array;
  readonly batchIdRecords: Uint32Array;
}
