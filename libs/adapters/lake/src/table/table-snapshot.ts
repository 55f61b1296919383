import type { TypedColumn } from '../sql/column-type';

/** A Parquet file of a table. */
export interface DataFile {
  /** From the table's directory on, as the store has it: `date=2026-01-05/p3-1000-2000-0123abcd.parquet`. */
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  /** By partition column; null: rows without a value. Dates as `2026-01-05`. */
  readonly partition: Readonly<Record<string, string | null>>;
  /**
   * By column: no value is less, none is greater. Timestamps in epoch ms; texts in the order of their code points, and maybe
   * shortened. Absent or null: not known.
   */
  readonly min: Readonly<Record<string, string | number | null>>;
  readonly max: Readonly<Record<string, string | number | null>>;
  readonly addedMs: number;
}

/** A table as it was after one commit. Never changes. */
export interface TableSnapshot {
  readonly version: number;
  readonly columns: readonly TypedColumn[];
  readonly partitionBy: readonly string[];
  /** By path. */
  readonly files: ReadonlyMap<string, DataFile>;
  /** How far each chain of ranges has come, by appId: `events/3`. */
  readonly positions: ReadonlyMap<string, number>;
  /** Files that are no longer part of it, with when that was: who reads an older snapshot may still want them. */
  readonly removed: ReadonlyMap<string, number>;
  readonly identity: TableIdentity;
}

/** What stays of a table for as long as it is there. */
export interface TableIdentity {
  readonly id: string;
  readonly createdMs: number;
  readonly configuration: Readonly<Record<string, string>>;
}

/** What a commit does, all of it at once. */
export interface TableChange {
  /** Columns that there must be: those that are not there yet come at the end, in this order. Of a new table: all. */
  readonly columns?: readonly TypedColumn[];
  /** Of a new table only; a table that is there keeps its own. */
  readonly partitionBy?: readonly string[];
  readonly add: readonly DataFile[];
  /** Paths of files that must be part of the table. */
  readonly remove: readonly string[];
  /** Goes on in a chain of ranges: SinkOvertakenError where it does not stand at `from`. */
  readonly position?: { readonly appId: string; readonly from: number; readonly next: number };
  /** Begins a chain of ranges anew, wherever it stands: of a log that was made anew itself. */
  readonly restart?: { readonly appId: string; readonly next: number };
  /** False: the same rows in other files. */
  readonly dataChange: boolean;
}
