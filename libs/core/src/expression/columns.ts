import type { Column } from '../batch/event-batch';

/** Named columns of equal length: fields over the rows of a batch, or measures over the groups of a result. */
export interface Columns {
  readonly rows: number;
  /** Null: the column is missing, which is null in every row. */
  column(name: string): Column | null;
}

/**
 * Where a condition holds: 1, else 0, one byte a row. The vector belongs to the condition and is overwritten by its next
 * evaluation.
 */
export type Condition = (columns: Columns) => Uint8Array;

/** The value of each row, NaN for null. The vector belongs to the formula and is overwritten by its next evaluation. */
export type Formula = (columns: Columns) => Float64Array;

/** An expression that cannot be evaluated over columns. */
export class UnsupportedExpressionError extends Error {
  override readonly name = 'UnsupportedExpressionError';
  readonly code = 'UNSUPPORTED_EXPRESSION';
}
