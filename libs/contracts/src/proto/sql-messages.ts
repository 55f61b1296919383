import type { ValueMessage } from './query-messages';

/* What tillstream/query/v1/query.proto asks and answers of SQL, as PROTO_LOADER_OPTIONS presents it. */

export interface RunSqlRequest {
  readonly stream: string;
  readonly sql: string;
  readonly maxRows: number;
}

export interface RunSqlResponse {
  readonly columns: readonly SqlColumnMessage[];
  readonly rows: readonly SqlRowMessage[];
  readonly truncated: boolean;
}

export interface SqlColumnMessage {
  readonly name: string;
  /** DuckDB's name of it. */
  readonly type: string;
}

export interface SqlRowMessage {
  readonly values: readonly ValueMessage[];
}
