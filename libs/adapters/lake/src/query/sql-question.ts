import type { ValueMessage } from '@tillstream/contracts';

/** SQL and all that it may read. Plain data: it is sent to another process. */
export interface SqlQuestion {
  readonly sql: string;
  /** Tables that there are, in lower case. */
  readonly names: readonly string[];
  /** Those of them that the SQL may be about. */
  readonly views: readonly SqlView[];
  /** Files that the views read, with absolute paths: nothing else of the machine can be read. */
  readonly files: readonly string[];
  readonly limits: SqlLimits;
}

/** A table as somebody's SQL sees it. */
export interface SqlView {
  readonly name: string;
  /** What stands behind `CREATE VIEW … AS`. */
  readonly body: string;
  /** The same for less, taken instead where DuckDB can bind it: a column may be in no file. */
  readonly cheaper?: string;
}

export interface SqlLimits {
  /** An answer is cut behind so many rows. */
  readonly rows: number;
  /** And behind about so many bytes. */
  readonly bytes: number;
  readonly memoryMiB: number;
  readonly threads: number;
  readonly timeoutMs: number;
}

export interface SqlColumn {
  readonly name: string;
  /** DuckDB's name of it: `BIGINT`, `DECIMAL(18,2)`, `STRUCT(a INTEGER)`. */
  readonly type: string;
}

export interface SqlAnswer {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly (readonly ValueMessage[])[];
  /** There are more rows. */
  readonly truncated: boolean;
}

/** What became of a question. */
export type SqlOutcome =
  | { readonly kind: 'answer'; readonly answer: SqlAnswer }
  /** It cannot be answered as it is. */
  | { readonly kind: 'refused'; readonly message: string }
  /** It wants more time or memory than there is for it. */
  | { readonly kind: 'limit'; readonly what: 'time' | 'memory'; readonly message: string };
