/**
 * A few rows on their way into columns, row after row: field `slot` of row `r` is at index `r * stride + slot` of each
 * list.
 */
export interface StagedRows {
  readonly count: number;
  readonly stride: number;
  /** 0: null; 1: a number; above: a text in the source of that number. */
  readonly status: Uint8Array;
  /** Range of a text in its source. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Of a text in the field's own table of values (TABLE_SOURCE): which of them it is. */
  readonly entry: Int32Array;
  readonly number: Float64Array;
}

export const STAGED_NUMBER = 1;
/** From here on a status names the source of a text. */
export const FIRST_TEXT_SOURCE = 2;
export const TABLE_SOURCE = 4;

/** Where the bytes of texts are, by status; each view is that of the bytes, with WORD_SLACK behind every text. */
export interface TextSources {
  readonly bytes: Uint8Array[];
  readonly views: DataView[];
}
