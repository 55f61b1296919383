import type { Vector } from '@duckdb/node-bindings';

import type { TypedColumn } from '../sql/column-type';
import type { VectorWriter } from './vector-writer';

/** Rows that DuckDB reads from this process, chunk by chunk, in their order. */
export interface RowSource {
  readonly columns: readonly TypedColumn[];
  readonly rows: number;
  /** Writes rows [from, from + count) of a column into a vector of its type; at most CHUNK_ROWS of them. */
  write(column: number, vector: Vector, writer: VectorWriter, from: number, count: number): void;
}
