import type { FeedPortion } from '@tillstream/engine';

import type { RowSource } from '../duckdb/row-source';
import type { PartitionValues } from '../sql/partition-path';

/** Rows that become one file. */
export interface FileRows {
  readonly partition: PartitionValues;
  readonly source: RowSource;
}

/** What was added of a feed's partition and is not stored yet. */
export interface FeedBuffer {
  readonly rows: number;
  /** About what it holds in memory. */
  readonly bytes: number;
  add(portion: FeedPortion): void;
  /** The rows as files, each sorted. @param partitionBy columns that keep files apart, which they do not have themselves */
  files(partitionBy: readonly string[]): readonly FileRows[];
  /** Puts what was taken earlier in front again. */
  unshift(earlier: FeedBuffer): void;
}
