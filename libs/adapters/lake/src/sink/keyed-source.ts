import type { Vector } from '@duckdb/node-bindings';
import type { FeedRow, FeedValue } from '@tillstream/contracts';

import type { RowSource } from '../duckdb/row-source';
import type { VectorWriter } from '../duckdb/vector-writer';
import { writeValues } from '../duckdb/write-values';
import type { TypedColumn } from '../sql/column-type';

/** A column of a table whose rows come one by one. */
export interface RowColumn extends TypedColumn {
  readonly valueOf: (row: FeedRow) => FeedValue | undefined;
}

/** Rows of a feed with ids as DuckDB reads them. */
export class KeyedSource implements RowSource {
  constructor(
    readonly columns: readonly RowColumn[],
    private readonly feedRows: readonly FeedRow[],
  ) {}

  get rows(): number {
    return this.feedRows.length;
  }

  write(index: number, vector: Vector, writer: VectorWriter, from: number, count: number): void {
    const { type, valueOf } = this.columns[index] as RowColumn;
    const values = this.feedRows.slice(from, from + count).map(valueOf);
    writeValues(vector, writer, type, values);
  }
}
